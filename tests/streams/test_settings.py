"""Settings from the environment and from a folder of secrets."""

import os
import ssl
from ipaddress import ip_network
from pathlib import Path
from socket import gethostname

import pytest

from streams.settings import Http, Kafka, Settings, SettingsError, load, slips

CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STALLWATCH_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("APP_ID", "sales", "app_id", "sales"),
        ("RULES", "/etc/rules.yaml", "rules", Path("/etc/rules.yaml")),
        ("CLOCK", "events", "clock", "events"),
        ("CLOCK_SECONDS", "0.5", "clock_seconds", 0.5),
        ("PUSHES", " events,, hubspot", "pushes", ("events", "hubspot")),
        ("MOST_REFUSED", "0.9", "most_refused", 0.9),
        ("DEAL_PAGE", "https://deals.us.example", "deal_page", "https://deals.us.example"),
        ("MOST_DEAL_SERIES", "0", "most_deal_series", 0),
        ("WATCHDOG_SECONDS", "9", "watchdog_seconds", 9.0),
        ("KAFKA__BOOTSTRAP_SERVERS", "a:1,b:2", "kafka.bootstrap_servers", "a:1,b:2"),
        ("KAFKA__SECURITY_PROTOCOL", "SASL_SSL", "kafka.security_protocol", "SASL_SSL"),
        ("KAFKA__SASL_MECHANISM", "SCRAM-SHA-512", "kafka.sasl_mechanism", "SCRAM-SHA-512"),
        ("KAFKA__SASL_USERNAME", "ann", "kafka.sasl_username", "ann"),
        ("KAFKA__SSL_CAFILE", "/ca.pem", "kafka.ssl_cafile", Path("/ca.pem")),
        ("KAFKA__SSL_CERTFILE", "/cert.pem", "kafka.ssl_certfile", Path("/cert.pem")),
        ("KAFKA__SSL_KEYFILE", "/key.pem", "kafka.ssl_keyfile", Path("/key.pem")),
        ("KAFKA__SSL_CHECK_HOSTNAME", "false", "kafka.ssl_check_hostname", False),
        ("KAFKA__SESSION_TIMEOUT_SECONDS", "6", "kafka.session_timeout_seconds", 6.0),
        ("KAFKA__CONNECT_TIMEOUT_SECONDS", "1.5", "kafka.connect_timeout_seconds", 1.5),
        ("TOPICS__PREFIX", "acme", "topics.prefix", "acme"),
        ("TOPICS__PARTITIONS", "4", "topics.partitions", 4),
        ("TOPICS__REPLICATION", "3", "topics.replication", 3),
        ("TOPICS__RETENTION_DAYS", "7", "topics.retention_days", 7),
        ("TOPICS__DEAD_LETTER_RETENTION_DAYS", "8", "topics.dead_letter_retention_days", 8),
        ("RETENTION__CLOSED_DEALS_DAYS", "365", "retention.closed_deals_days", 365),
        ("HTTP__HOST", "0.0.0.0", "http.host", "0.0.0.0"),
        ("HTTP__PORT", "0", "http.port", 0),
        ("HTTP__URL", "https://deals-2.us.example/", "http.url", "https://deals-2.us.example"),
        ("HTTP__PEOPLE", "/people.yaml", "http.people", Path("/people.yaml")),
        ("HTTP__TRUST_HEADER", "X-Forwarded-User", "http.trust_header", "X-Forwarded-User"),
        ("HTTP__TRUST_FROM", "10.0.0.7, ::2", "http.trust_from", (ip_network("10.0.0.7"), ip_network("::2"))),
        ("HTTP__OPEN", "true", "http.open", True),
        ("ALERTMANAGER__URLS", " http://a:1 ,, http://b:2", "alertmanager.urls", ("http://a:1", "http://b:2")),
        ("ALERTMANAGER__RESEND_SECONDS", "5", "alertmanager.resend_seconds", 5.0),
        ("GRAFANA__URL", "http://g:1", "grafana.url", "http://g:1"),
        ("GRAFANA__USER", "ann", "grafana.user", "ann"),
        ("GRAFANA__PROMETHEUS_URL", "http://p:1", "grafana.prometheus_url", "http://p:1"),
    ],
)
def test_each_setting_has_a_variable_and_an_empty_one_counts_as_unset(
    name: str, text: str, path: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _at(load(), path) != value
    monkeypatch.setenv(f"STALLWATCH_{name}", text)
    assert _at(load(), path) == value
    monkeypatch.setenv(f"STALLWATCH_{name}", "")
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TOPICS__PARTITIONS", "many"),
        ("TOPICS__PARTITIONS", "0"),
        ("TOPICS__PREFIX", "Has Space"),
        ("APP_ID", "../up"),
        ("CLOCK", "sun"),
        ("CLOCK_SECONDS", "0"),
        ("HTTP__PORT", "70000"),
        ("HTTP__URL", "deals-2.us.example"),
        ("HTTP__URL", "http://deals-2.us.example/?page=1"),
        ("KAFKA__SECURITY_PROTOCOL", "TLS"),
        ("KAFKA__SESSION_TIMEOUT_SECONDS", "-1"),
        ("TOPICS", "not json"),
        ("PUSHES", "events,salesforce"),
        ("MOST_REFUSED", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"STALLWATCH_{name}", text)
    with pytest.raises(SettingsError) as told:
        load()
    assert str(told.value).startswith(f"STALLWATCH_{name}: ")
    assert "\n" not in str(told.value)


SECRETS = ["EVENTS_TOKEN", "KAFKA__SASL_PASSWORD", "GRAFANA__TOKEN", "GRAFANA__PASSWORD"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_comes_from_a_variable_or_from_a_file_named_like_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = name.lower().replace("__", ".")
    (tmp_path / f"stallwatch_{name.lower()}").write_text("from-a-file\n")
    monkeypatch.setenv("STALLWATCH_SECRETS", str(tmp_path))
    assert _at(load(), path).get_secret_value() == "from-a-file"  # type: ignore[attr-defined]
    monkeypatch.setenv(f"STALLWATCH_{name}", "from-a-variable")
    assert _at(load(), path).get_secret_value() == "from-a-variable"  # type: ignore[attr-defined]


def test_parts_of_a_group_may_come_from_a_file_and_from_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stallwatch_kafka__sasl_password").write_text(CANARY)
    monkeypatch.setenv("STALLWATCH_SECRETS", str(tmp_path))
    monkeypatch.setenv("STALLWATCH_KAFKA__SASL_USERNAME", "ann")
    monkeypatch.setenv("STALLWATCH_KAFKA__SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    client = load().kafka.client()
    assert (client["sasl_plain_username"], client["sasl_plain_password"]) == ("ann", CANARY)


def test_a_folder_of_secrets_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STALLWATCH_SECRETS", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"^STALLWATCH_SECRETS: .*none is no folder$"):
        load()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(f"STALLWATCH_{name}", CANARY)
    settings = load()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.kafka)):
        assert CANARY not in shown
    monkeypatch.setenv("STALLWATCH_TOPICS__PARTITIONS", "x")
    with pytest.raises(SettingsError) as told:
        load()
    assert CANARY not in str(told.value)


def test_plain_text_to_kafka_needs_nothing_more() -> None:
    assert Settings().kafka.client() == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "bootstrap_timeout_ms": 10_000,
        "security_protocol": "PLAINTEXT",
    }


def test_brokers_are_separated_by_commas_and_perhaps_blanks() -> None:
    kafka = Settings().kafka.model_copy(update={"bootstrap_servers": "a:1, b:2"})
    assert kafka.client()["bootstrap_servers"] == ["a:1", "b:2"]


def test_tls_checks_certificates_and_the_host_name_unless_told_otherwise() -> None:
    kafka = Settings().kafka.model_copy(update={"security_protocol": "SSL"})
    context = kafka.ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert kafka.client()["ssl_check_hostname"] is True
    lax = kafka.model_copy(update={"ssl_check_hostname": False}).ssl_context()
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_REQUIRED, False)


def test_links_go_to_the_workers_own_address_unless_another_is_set() -> None:
    assert Settings().pages_url == "http://127.0.0.1:8787"
    assert Settings(deal_page="https://deals.us.example/").pages_url == "https://deals.us.example"


@pytest.mark.parametrize(
    ("http", "base"),
    [
        (Http(), "http://127.0.0.1:8787"),
        (Http(host="::1", port=80), "http://[::1]:80"),
        (Http(host="0.0.0.0"), f"http://{gethostname()}:8787"),
        (Http(host="::"), f"http://{gethostname()}:8787"),
        (Http(host="0.0.0.0", url="http://127.0.0.1:8788"), "http://127.0.0.1:8788"),
    ],
)
def test_a_worker_is_reached_where_it_listens_unless_it_is_said_where_else(http: Http, base: str) -> None:
    assert http.base == base
    assert Settings(http=http).pages_url == base


def test_a_worker_is_given_three_session_timeouts_to_get_further_or_more() -> None:
    assert Settings().patience_seconds == 120
    assert Settings(kafka=Kafka(session_timeout_seconds=60)).patience_seconds == 180


def _at(settings: Settings, path: str) -> object:
    value: object = settings
    for part in path.split("."):
        value = getattr(value, part)
    return value


def test_a_variable_that_is_almost_a_setting_is_told_with_the_nearest() -> None:
    told = list(slips(["STALLWATCH_RULEZ", "STALLWATCH_TOPICS__PARTITIONZ", "stallwatch_http_port", "RULEZ"]))
    assert told == [
        "STALLWATCH_RULEZ is no setting, and nothing reads it; did you mean STALLWATCH_RULES?",
        "STALLWATCH_TOPICS__PARTITIONZ is no setting, and nothing reads it; "
        "did you mean STALLWATCH_TOPICS__PARTITIONS?",
        "stallwatch_http_port is no setting, and nothing reads it; did you mean STALLWATCH_HTTP__PORT?",
    ]


def test_settings_and_what_an_orchestrator_names_by_itself_are_no_slips() -> None:
    ours = ["STALLWATCH_RULES", "stallwatch_rules", "STALLWATCH_KAFKA", "STALLWATCH_KAFKA__SASL_PASSWORD"]
    theirs = ["PORT", "SERVICE_HOST", "SERVICE_PORT", "PORT_8787_TCP", "PORT_8787_TCP_ADDR", "PORT_8787_TCP_PROTO"]
    assert not list(slips([*ours, "STALLWATCH_SECRETS", *(f"STALLWATCH_{name}" for name in theirs)]))
