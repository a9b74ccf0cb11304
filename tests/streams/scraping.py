"""What a scrape says, with label values in the order in which the catalogue names them."""

from prometheus_client.parser import text_string_to_metric_families

from streams.metrics.catalogue import CATALOGUE

LABELS = {metric.name.removesuffix("_total"): metric.labels for metric in CATALOGUE}
Series = dict[tuple[str, ...], float]


def series_of(text: bytes) -> dict[str, Series]:
    """The series of each sample name; fails if one stands there twice."""
    found: dict[str, Series] = {}
    for family in text_string_to_metric_families(text.decode()):
        if family.name.endswith("_created"):
            continue  # the client's own; `run` turns them off for the whole process
        found.setdefault(family.name, {})
        for sample in family.samples:
            order = (*LABELS.get(family.name, ()), "le")
            assert set(sample.labels) <= set(order), f"{sample.name} has labels that are not in the catalogue"
            key = tuple(sample.labels[name] for name in order if name in sample.labels)
            series = found.setdefault(sample.name, {})
            assert key not in series, f"{sample.name}{key} stands there twice"
            series[key] = sample.value
    return found
