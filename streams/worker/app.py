"""The Faust app with the settings that were measured to be right; nothing of stallwatch's own logic.

At least once, memory store, no standbys, Faust's own web server off (it would serve tables to everybody). What Faust
calls canonical URL is that of our own server: by it the workers know of each other which of them has which deals.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import faust
from faust.types.auth import AuthProtocol, SASLMechanism

from ..settings import Kafka, Settings
from ..topics import MAX_MESSAGE_BYTES
from .consumer import App, BatchApp, BatchTableManager, TableManager

_SASL = {
    "PLAIN": SASLMechanism.PLAIN,
    "SCRAM-SHA-256": SASLMechanism.SCRAM_SHA_256,
    "SCRAM-SHA-512": SASLMechanism.SCRAM_SHA_512,
}


def make_app(settings: Settings) -> Any:
    """A new app; nothing is connected before it starts."""
    kafka = settings.kafka
    batches = kafka.consumer == "batches"
    return (BatchApp if batches else App)(
        settings.app_id,
        TableManager=BatchTableManager if batches else TableManager,
        broker=[f"kafka://{server.strip()}" for server in kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(kafka),
        store="memory://",
        # Faust makes a folder even where it keeps nothing in it; not in whatever folder a worker is started from
        datadir=Path(tempfile.gettempdir()) / f"stallwatch-{os.getuid()}",
        topic_partitions=settings.topics.partitions,
        topic_replication_factor=settings.topics.replication,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=5000,
        # whole lists are held until they are done, and the next are fetched meanwhile
        consumer_max_fetch_size=MAX_MESSAGE_BYTES if batches else 2 * MAX_MESSAGE_BYTES,
        broker_session_timeout=kafka.session_timeout_seconds,
        # by a heartbeat a worker hears that partitions are to move, and all wait for the last to hear it
        broker_heartbeat_interval=min(1.0, kafka.session_timeout_seconds / 3.5),
        broker_commit_interval=1.0,
        producer_linger=0.02,
        producer_max_batch_size=262_144,
        producer_max_request_size=MAX_MESSAGE_BYTES,
        producer_acks=-1,
        stream_recovery_delay=0.0,
        web_enabled=False,
        canonical_url=settings.http.base,
        worker_redirect_stdouts=False,
    )


def _credentials(kafka: Kafka) -> Any:
    context = kafka.ssl_context() if "SSL" in kafka.security_protocol else None
    if "SASL" in kafka.security_protocol:
        credentials = faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
            ssl_context=context,
            mechanism=_SASL[kafka.sasl_mechanism],
        )
        credentials.protocol = AuthProtocol.SASL_SSL if context else AuthProtocol.SASL_PLAINTEXT
        return credentials
    return faust.SSLCredentials(context) if context else None
