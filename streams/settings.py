"""Settings from the environment: how stallwatch reaches the things around it. What a stall is stands in the rules file.

Every name begins with STALLWATCH_; a part of a group follows two underscores: STALLWATCH_KAFKA__BOOTSTRAP_SERVERS. A
secret can be read from a file: put it, named like the variable in lower case, into the folder that STALLWATCH_SECRETS
names.
"""

import os
import ssl
from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from socket import gethostname
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as UnreadableSetting
from yarl import URL

from detectors.core.complaints import complaint

PREFIX = "STALLWATCH_"
ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - these are good to listen on, and lead nowhere in a link


class SettingsError(ValueError):
    """A setting that cannot be used, named as the environment names it."""


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _web_address(text: str) -> str:
    url = URL(text)
    if url.scheme not in ("http", "https") or not url.host or url.query_string or url.fragment:
        raise ValueError(f"{text!r} is no address of a server; write it like http://deals-2.us.example:8787")
    return text.rstrip("/")


class Kafka(BaseModel):
    """How to reach Kafka; the names are those of its Java clients."""

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_check_hostname: bool = True
    consumer: Literal["batches", "plain"] = Field(
        "batches",
        description="How a worker takes records: `batches` as whole lists, as they were fetched, past Faust's streams; "
        "`plain` one by one, Faust's own way, which takes several times as long.",
    )
    session_timeout_seconds: float = Field(10.0, gt=0, description="A dead worker's deals are taken over after this.")
    connect_timeout_seconds: float = Field(
        10.0, gt=0, description="A command waits so long for any broker to answer. A worker waits as long as it takes."
    )

    def client(self) -> dict[str, Any]:
        """Arguments for kafka-python's clients."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.bootstrap_servers.split(",")],
            "bootstrap_timeout_ms": round(self.connect_timeout_seconds * 1000),
            "security_protocol": self.security_protocol,
        }
        if "SSL" in self.security_protocol:
            arguments["ssl_context"] = self.ssl_context()
            arguments["ssl_check_hostname"] = self.ssl_check_hostname
        if "SASL" in self.security_protocol:
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password.get_secret_value() if self.sasl_password else None,
            }
        return arguments

    def ssl_context(self) -> ssl.SSLContext:
        """The TLS context of these settings."""
        context = ssl.create_default_context(cafile=self.ssl_cafile)
        context.check_hostname = self.ssl_check_hostname
        if self.ssl_certfile:
            context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        return context


class Topics(BaseModel):
    """How topics are made."""

    prefix: str = Field("stallwatch", pattern=r"^[a-z0-9][a-z0-9.-]{0,80}$")
    partitions: int = Field(8, ge=1, le=1024)
    replication: int = Field(1, ge=1)
    retention_days: int = Field(30, ge=1, description="How long events are kept.")
    dead_letter_retention_days: int = Field(90, ge=1, description="How long dead letters are kept.")


class Retention(BaseModel):
    """How long what is in the tables is kept; the topics have settings of their own."""

    closed_deals_days: int | None = Field(
        None, ge=1, le=36_500, description="How long a deal is kept after it was won or lost; for good, if not set."
    )

    @property
    def closed_deals(self) -> timedelta | None:
        """The same as a time; None is for good."""
        return None if self.closed_deals_days is None else timedelta(days=self.closed_deals_days)


class Http(BaseModel):
    """The worker's own server: where it listens, and where it is reached if that is somewhere else."""

    host: str = "127.0.0.1"
    port: int = Field(8787, ge=0, le=65535)
    url: Annotated[str, AfterValidator(_web_address)] | None = None
    people: Path | None = Field(None, description="Who may look at the pages, and their tokens.")
    trust_header: str | None = Field(
        None, pattern=r"^[A-Za-z0-9-]+$", description="In which a proxy with a log-in says whose mail address it is."
    )
    trust_from: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)] = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1")),
        description="From where that proxy comes; nobody else is believed.",
    )
    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        None, description="Prometheus must bear it: metrics name reps, and say what was found in their books."
    )
    open: bool = Field(False, description="Nobody is asked who they are, though other machines may get here.")

    @property
    def base(self) -> str:
        """Where this worker's pages are reached: the other workers send to it whoever asks for a deal that it has."""
        if self.url:
            return self.url
        host = gethostname() if self.host in ALL_ADDRESSES else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Alertmanager(BaseModel):
    """Where alerts go: every peer of the cluster, comma separated."""

    # they may hold passwords
    urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field((), repr=False)
    resend_seconds: float = Field(30.0, gt=0, description="Open findings are sent again this often.")


class Grafana(BaseModel):
    """Where dashboards are pushed to."""

    url: str = "http://127.0.0.1:3000"
    token: SecretStr | None = None
    user: str | None = None
    password: SecretStr | None = None
    prometheus_url: str = "http://127.0.0.1:9090"


class Settings(BaseSettings):
    """All settings; see the README for what each is for."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        secrets_dir_missing="error",
        frozen=True,
    )

    app_id: str = Field("stallwatch", pattern=r"^[a-z0-9][a-z0-9.-]{0,80}$")
    rules: Path | None = None
    connections: Path | None = None
    bookmarks: Path | None = Field(None, description="Where `poll` keeps how far it has come in each source.")
    clock: Literal["wall", "events"] = "wall"
    clock_seconds: float = Field(5.0, gt=0, description="How often a worker writes clock records.")
    pushes: Annotated[tuple[Literal["events", "hubspot", "pipedrive"], ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Which pushes this worker's server takes, comma separated."
    )
    events_token: SecretStr | None = Field(None, description="Whoever pushes to /events must bear it.")
    most_refused: float = Field(
        0.5, gt=0, le=1, description="A source more of whose events are refused is paused for a while; 1 never pauses."
    )
    deal_page: str | None = None
    most_deal_series: int = Field(2000, ge=0, description="Cap of the per-deal series in /metrics.")
    watchdog_seconds: float = Field(
        120.0,
        gt=0,
        description="A worker that lags, or is not ready, and gets no further this long ends itself. Never less than "
        "three session timeouts: for so long others may wait for one that has died, and are well.",
    )
    kafka: Kafka = Kafka()
    topics: Topics = Topics()
    retention: Retention = Retention()
    http: Http = Http()
    alertmanager: Alertmanager = Alertmanager()
    grafana: Grafana = Grafana()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the folder of secrets, in which parts of a group are found too."""
        folder = os.environ.get("STALLWATCH_SECRETS") or None
        return init_settings, env_settings, NestedSecretsSettingsSource(file_secret_settings, secrets_dir=folder)

    @property
    def patience_seconds(self) -> float:
        """How long a worker may get no further."""
        return max(self.watchdog_seconds, 3 * self.kafka.session_timeout_seconds)

    @property
    def pages_url(self) -> str:
        """Where people reach the worker's pages."""
        return (self.deal_page or self.http.base).rstrip("/")


def slips(names: Iterable[str]) -> Iterator[str]:
    """Of the names of variables, those that are no setting and look like one, each with the setting that it may mean.

    What looks like none is nobody's business here: an orchestrator may name its own variables with our prefix.
    """
    known = {"SECRETS"}
    for name, field in Settings.model_fields.items():
        known.add(name.upper())
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            known |= {f"{name}__{part}".upper() for part in field.annotation.model_fields}
    for name in names:
        ours = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and ours not in known:
            near = get_close_matches(ours, sorted(known), n=1, cutoff=0.75)
            if near:
                yield f"{name} is no setting, and nothing reads it; did you mean {PREFIX}{near[0]}?"


def load() -> Settings:
    """The settings in force; `SettingsError` names the variable that is wrong."""
    folder = os.environ.get("STALLWATCH_SECRETS")
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"STALLWATCH_SECRETS: {folder} is no folder")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "STALLWATCH_" + "__".join(part for part in first["loc"] if isinstance(part, str)).upper()
        raise SettingsError(f"{name}: {complaint(first)}") from None
    except UnreadableSetting as error:
        # the group that was set as a whole stands in the text only
        name = "STALLWATCH_" + str(error).partition('"')[2].partition('"')[0].upper()
        raise SettingsError(f"{name}: not JSON; set its parts one by one: {name}__…") from None
