"""The rules file that is shipped: accepted, and wider or narrower where it says so."""

from pathlib import Path

import pytest
import yaml

from detectors.core.registry import catalogue
from detectors.core.rules import Rules

SHIPPED = yaml.safe_load(Path("deploy/rules.yaml").read_text())


def test_it_is_accepted() -> None:
    assert Rules.of(SHIPPED).organization.domains == ("us.example",)


@pytest.mark.parametrize(("segment", "factor"), [("enterprise", 2), ("smb", 0.7)])
@pytest.mark.parametrize("detector", ["gone_quiet", "ghosted", "waiting_on_customer", "champion_silent"])
def test_silence_is_wider_for_enterprises_and_narrower_for_small_customers(
    segment: str, factor: float, detector: str
) -> None:
    [override] = (override for override in SHIPPED["overrides"] if override["when"] == {"segment": segment})
    usual = catalogue()[detector]().thresholds
    assert override["detectors"][detector] == {
        name: round(days * factor) for name, days in usual.items() if name.endswith("_business_days")
    }
