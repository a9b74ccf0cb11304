"""Hypothesis on a machine that others use too: no example fails for being slow."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "streams", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("streams")
