"""The dashboards' PromQL, apart from the panels that show it; one file a dashboard.

Each worker exports only the deals of its own partitions, so totals are summed over workers. What belongs to one deal or
one owner is taken by `max`: while a partition moves, two workers may name the same deal for a moment. Money is always
asked for in one currency. A zero is only shown while deals are being reported: no answer must not look like good news.
Totals are asked for as they are; what is drawn over a month is recorded beforehand (see `recorded`).
"""
