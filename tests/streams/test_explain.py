"""What the running system says of a deal, read from a real Kafka."""

import pytest

from streams import topics
from streams.answer import to_json
from streams.explain import ExplainError, explain
from streams.settings import Settings
from streams.wire import Send, partition_of
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, settings_on, write
from tests.streams.told import answer, finding


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


def said(deal_id: str, value: bytes | None) -> Send:
    key = deal_id.encode()
    return Send("findings", partition_of(key, PARTITIONS), key, value)


def test_the_newest_answer_on_a_deal_is_told_whatever_was_said_of_others(settings: Settings) -> None:
    newest = answer("D-1", finding(), stage="Proposal")
    others = [said(f"D-{number}", to_json(answer(f"D-{number}"))) for number in range(2, 30)]
    old = said("D-1", to_json(answer("D-1", stage="Demo")))
    write(settings, topics.names(settings)["findings"], [old, *others, said("D-1", to_json(newest)), *others])
    assert explain(settings, "D-1") == newest


def test_a_deal_with_an_id_beyond_ascii_is_found_where_producers_put_it(settings: Settings) -> None:
    write(settings, topics.names(settings)["findings"], [said("Köln/№ 7", to_json(answer("Köln/№ 7")))])
    found = explain(settings, "Köln/№ 7")
    assert found is not None
    assert found.deal_id == "Köln/№ 7"


def test_of_a_deal_of_which_nothing_was_said_or_all_was_taken_back_there_is_nothing(settings: Settings) -> None:
    assert explain(settings, "D-1") is None
    write(settings, topics.names(settings)["findings"], [said("D-1", to_json(answer("D-1"))), said("D-1", None)])
    assert explain(settings, "D-1") is None
    assert explain(settings, "D-unknown") is None


def test_topics_that_are_missing_are_told(broker: RunningBroker) -> None:
    with pytest.raises(ExplainError, match=r"^elsewhere\.findings\.v1 is missing: run `stallwatch topics`$"):
        explain(settings_on(broker.bootstrap, "elsewhere"), "D-1")
