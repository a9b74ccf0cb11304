"""Every metric that stallwatch exports, in one typed place.

Names and labels are a contract with dashboards and alerts: they change only with a note in the changelog. Values that
follow state are built afresh at each scrape (see `exporter`), so a partition that moved away leaves no stale series.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "stallwatch_"


@dataclass(frozen=True)
class Metric:
    """One metric family: its full name, kind, label names and what it says."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


DEALS = Metric(PREFIX + "deals", "gauge", "Open deals in the partitions of this worker.", ("pipeline", "stage", "team"))
DEALS_AMOUNT = Metric(
    PREFIX + "deals_amount",
    "gauge",
    "Value of open deals. Never sum it across currencies.",
    ("pipeline", "stage", "team", "currency"),
)
FINDINGS = Metric(PREFIX + "findings", "gauge", "Open findings.", ("detector", "severity", "team"))
STALLED_AMOUNT = Metric(
    PREFIX + "stalled_amount",
    "gauge",
    "Value of open deals with a warning or critical finding; each deal counts once.",
    ("team", "currency"),
)
FINDING_AMOUNT = Metric(
    PREFIX + "finding_amount",
    "gauge",
    "Value of open deals with a warning or critical finding of this detector. A deal counts once for each detector: "
    "never sum it across them.",
    ("detector", "team", "currency"),
)
CLOSING_AMOUNT = Metric(
    PREFIX + "closing_amount",
    "gauge",
    "Value of open deals by the fiscal quarter of their close date, apart for those with a warning or critical finding "
    "(`yes`, `no`). Quarters more than six ahead are `later`; a close date that has passed is `overdue`.",
    ("team", "currency", "quarter", "stalled"),
)
DEALS_WITHOUT_EXECUTIVE = Metric(
    PREFIX + "deals_without_executive",
    "gauge",
    "Open deals in which nobody with power to decide has taken part yet.",
    ("pipeline", "stage", "team"),
)
FINDINGS_BEGAN = Metric(
    PREFIX + "findings_began",
    "gauge",
    "Warnings and critical findings that began within seven days before the clock, whether they are over or not.",
    ("detector", "team"),
)
FINDINGS_ENDED = Metric(
    PREFIX + "findings_ended",
    "gauge",
    "Warnings and critical findings that ended within seven days before the clock, by what their deal is now: `open` "
    "(what was wrong is no more), `won` or `lost` (it ended with the deal).",
    ("detector", "team", "deal"),
)
DEALS_ENDED = Metric(
    PREFIX + "deals_ended",
    "gauge",
    "Deals that were won or lost within ninety days before the clock.",
    ("team", "deal"),
)
ALERTED_DEALS_ENDED = Metric(
    PREFIX + "alerted_deals_ended",
    "gauge",
    "Those of deals_ended on which a warning or critical finding of this detector began before they ended. A deal "
    "counts once for each detector: never sum it across them.",
    ("detector", "team", "deal"),
)
FINDINGS_DUE = Metric(
    PREFIX + "findings_due",
    "gauge",
    "Warnings and critical findings that will begin within seven days after the clock if nothing happens until then.",
    ("detector", "team"),
)
BOOK_DEALS = Metric(
    PREFIX + "book_deals",
    "gauge",
    "Open deals of an owner, apart for those with a warning or critical finding (`yes`, `no`).",
    ("owner", "team", "stalled"),
)
BOOK_AMOUNT = Metric(
    PREFIX + "book_amount",
    "gauge",
    "Value of an owner's open deals, apart for those with a warning or critical finding (`yes`, `no`).",
    ("owner", "team", "currency", "stalled"),
)
SILENCE = Metric(
    PREFIX + "silence_business_days",
    "histogram",
    "Open deals by the owner's business days since the buyer last took part, or since the deal began. It says how it "
    "is now: no rate makes sense of it.",
    ("team",),
)
FINDING_OPEN = Metric(
    PREFIX + "finding_open",
    "gauge",
    "1 while a finding is open. Capped, the largest deals first: see findings_left_out.",
    ("deal_id", "detector", "severity", "owner"),
)
STALLED_DEAL_AMOUNT = Metric(
    PREFIX + "stalled_deal_amount",
    "gauge",
    "Value of one stalled deal. Capped together with finding_open.",
    ("deal_id", "owner", "team", "currency"),
)
FINDINGS_LEFT_OUT = Metric(
    PREFIX + "findings_left_out", "gauge", "Open findings beyond the cap of the per-deal series."
)
NAMES_LEFT_OUT = Metric(
    PREFIX + "names_left_out",
    "gauge",
    "Pipelines, stages, teams, currencies and owners beyond the cap of each, which are told as `other`.",
    ("kind",),
)
OWNER_STALLED_RATIO = Metric(
    PREFIX + "owner_stalled_ratio", "gauge", "Share of an owner's open deals that are stalled, 0 to 1.", ("owner",)
)
ALERTS_WITHHELD = Metric(
    PREFIX + "alerts_withheld",
    "gauge",
    "Open findings that the owner is not told of yet: the day's budget is spent, or the hour is quiet.",
    ("owner",),
)
ALERTS = Metric(
    PREFIX + "alerts_total",
    "counter",
    "Findings that owners were told of: with a deal that they were told of anew, within the day's budget.",
    ("detector",),
)
DEALS_TOLD = Metric(
    PREFIX + "deals_told_total",
    "counter",
    "Deals that owners were told of, each time anew: what reps have to read.",
)
EVENTS = Metric(PREFIX + "events_total", "counter", "Events accepted at the inbox.", ("source", "type"))
EVENTS_CLAMPED = Metric(
    PREFIX + "events_clamped_total",
    "counter",
    "Events dated up to a day ahead of the receiver's clock, and set back to it.",
    ("source",),
)
EVENTS_REPEATED = Metric(
    PREFIX + "events_repeated_total",
    "counter",
    "Events that a deal was told again under the same identity, with the `same` content or an `other` one, of which "
    "the later counts. Who takes a partition over reads some again.",
    ("source", "content"),
)
EVENT_LAG = Metric(
    PREFIX + "event_lag_seconds", "histogram", "From when an event happened to when the monitor applied it."
)
SOURCE_WATERMARK = Metric(
    PREFIX + "source_watermark_timestamp_seconds",
    "gauge",
    "Up to when a source has reported: its newest heartbeat or event, Unix time.",
    ("source",),
)
SOURCE_MAX_SILENCE = Metric(
    PREFIX + "source_max_silence_seconds",
    "gauge",
    "How long a source may be silent before ops are told (the rules' sources.<name>.max_silence).",
    ("source",),
)
CLOCK = Metric(
    PREFIX + "clock_timestamp_seconds",
    "gauge",
    "Event time that the slowest partition of this worker has reached, Unix time.",
)
CLOCK_INFO = Metric(
    PREFIX + "clock_info",
    "gauge",
    "Always 1; what moves this worker's clock: `wall` moves by itself, `events` only with a history that is published. "
    "Not there while the worker has no partitions and waits for none.",
    ("clock",),
)
LAG = Metric(PREFIX + "lag_records", "gauge", "Records behind the end of the topic, by topic.", ("topic",))
MAIL_WAITING = Metric(PREFIX + "mail_waiting", "gauge", "Mails that wait for a contact or a deal to appear.")
MAIL_UNJOINED = Metric(
    PREFIX + "mail_unjoined_total", "counter", "Mails given up without a deal, by reason.", ("reason",)
)
DEAD_LETTERS = Metric(
    PREFIX + "dead_letters_total", "counter", "Records refused and kept as dead letters.", ("source", "reason")
)
PUSHES = Metric(
    PREFIX + "pushes_total",
    "counter",
    "Requests that pushed events, by what became of them: `taken`, `refused` (nothing was kept, the sender was told "
    "why), `unauthorized`, `paused`, `unavailable` (Kafka or this worker; to be sent again).",
    ("push", "outcome"),
)
SOURCE_PAUSED = Metric(
    PREFIX + "source_paused",
    "gauge",
    "1 while nothing that a source pushes is taken, because most of it was refused, else 0.",
    ("source",),
)
DETECTOR_ERRORS = Metric(
    PREFIX + "detector_errors_total",
    "counter",
    "Assessments that failed; the deal's other detectors go on.",
    ("detector",),
)
FEEDBACK = Metric(PREFIX + "feedback_total", "counter", "Verdicts of people on findings.", ("detector", "verdict"))
NOTIFICATIONS = Metric(
    PREFIX + "notifications_total", "counter", "Posts to Alertmanager, by peer and outcome.", ("peer", "outcome")
)
CONFIG_LAST_RELOAD_SUCCESSFUL = Metric(
    PREFIX + "config_last_reload_successful",
    "gauge",
    "1 when the last load of the rules and people files succeeded, else 0.",
)
DETECTOR_INFO = Metric(
    PREFIX + "detector_info",
    "gauge",
    "Always 1; labels say what a detector asks, so that dashboards can show words.",
    ("detector", "family", "title"),
)
THRESHOLD = Metric(
    PREFIX + "threshold",
    "gauge",
    "A detector's threshold, as it is for deals that no override of the rules concerns; `unit` is `seconds`, "
    "`business_days` or `number`.",
    ("detector", "threshold", "unit"),
)
PROMISED = Metric(
    PREFIX + "promised",
    "gauge",
    "What a backtest promised of a detector as it is set (the rules' `promised`): `precision`, `recall` or "
    "`alerts_per_rep_week`.",
    ("detector", "figure"),
)
RULES_LOADED = Metric(
    PREFIX + "rules_loaded_timestamp_seconds",
    "gauge",
    "When the rules in force were loaded, Unix time; the hash is that of build_info.",
    ("rules",),
)
BUILD_INFO = Metric(PREFIX + "build_info", "gauge", "Always 1; version and hash of the rules.", ("version", "rules"))

CATALOGUE: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
