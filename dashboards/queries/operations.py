"""What ops ask of the running system."""

from streams.metrics.catalogue import (
    BUILD_INFO,
    CLOCK,
    CONFIG_LAST_RELOAD_SUCCESSFUL,
    DEAD_LETTERS,
    EVENT_LAG,
    EVENTS,
    EVENTS_CLAMPED,
    EVENTS_REPEATED,
    LAG,
    MAIL_UNJOINED,
    MAIL_WAITING,
    NOTIFICATIONS,
    PUSHES,
    RULES_LOADED,
    SOURCE_MAX_SILENCE,
    SOURCE_PAUSED,
    SOURCE_WATERMARK,
)

WORKERS = 'count(up{job="stallwatch"} == 1)'
WAITING = f"sum({LAG.name})"
CLOCK_BEHIND = f"time() - min({CLOCK.name})"
CLOCK_BEHIND_BY_WORKER = f"time() - {CLOCK.name}"
DEAD_LETTERS_A_DAY = f"sum(increase({DEAD_LETTERS.name}[1d])) or 0 * {WORKERS}"
RELOADS_SUCCEEDED = f"min({CONFIG_LAST_RELOAD_SUCCESSFUL.name})"
SOURCES_PAUSED = f"count(max by (source) ({SOURCE_PAUSED.name}) == 1) or 0 * {WORKERS}"

LAG_BY_TOPIC = f"sum by (topic) ({LAG.name})"


def event_lag(share: float) -> str:
    """Time from an event to its use that this share of the events is not beyond."""
    return f"histogram_quantile({share}, sum by (le) (rate({EVENT_LAG.name}_bucket[$__rate_interval])))"


def _a_minute(by: str, counter: str) -> str:
    return f"60 * sum by ({by}) (rate({counter}[$__rate_interval]))"


EVENTS_BY_SOURCE = _a_minute("source", EVENTS.name)
DEAD_LETTERS_BY_REASON = _a_minute("source, reason", DEAD_LETTERS.name)
PUSHES_BY_OUTCOME = _a_minute("push, outcome", PUSHES.name)
CLAMPED_BY_SOURCE = _a_minute("source", EVENTS_CLAMPED.name)
REPEATED_BY_SOURCE = _a_minute("source, content", EVENTS_REPEATED.name)
MAIL_IS_WAITING = f"sum({MAIL_WAITING.name})"
UNJOINED_BY_REASON = _a_minute("reason", MAIL_UNJOINED.name)
NOTIFICATIONS_BY_OUTCOME = _a_minute("peer, outcome", NOTIFICATIONS.name)

# Grafana counts in milliseconds.
SOURCE_REPORTED_AT = f"1000 * max by (source) ({SOURCE_WATERMARK.name})"
SOURCE_SILENT_FOR = f"time() - max by (source) ({SOURCE_WATERMARK.name})"
SOURCE_MAY_BE_SILENT_FOR = f"max by (source) ({SOURCE_MAX_SILENCE.name})"
SOURCE_IS_PAUSED = f"max by (source) ({SOURCE_PAUSED.name})"

WORKERS_LOADED_AT = (
    f"1000 * max by (instance, rules) ({RULES_LOADED.name})"
    f" * on (instance, rules) group_left (version) max by (instance, rules, version) ({BUILD_INFO.name})"
)
WORKERS_CLOCK = f"1000 * max by (instance) ({CLOCK.name})"
