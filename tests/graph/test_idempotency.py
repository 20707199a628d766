"""Laws of requests: one key has one answer, and a rehearsal leaves nothing behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from neo4j import Driver, ManagedTransaction

from graph.artifacts import ArtifactStore
from graph.idempotency import AnsweredError, Request
from graph.log import Log
from graph.projection import Projection, open_graph
from ontology.errors import InputError, StateError
from ontology.events import NewEvent
from tests.graph.conftest import empty_the_graph
from tests.graph.facts_at_hand import NOON

ASKED = Request("ann", "k1", "a" * 64)


def event(key: str) -> NewEvent:
    return NewEvent("plan.made", key, "ada", NOON, "a" * 64, {"chain": "c"})


@pytest.fixture
def log(projection: Projection) -> Log:
    return projection.log


def test_a_request_is_answered_by_one_event(log: Log) -> None:
    """Law 6: the same request finds its answer, whatever would have been done for it now."""
    mine = log.answering(ASKED)
    made = mine.append(event("first")).event
    assert made == mine.answered == log.answer_to(ASKED)
    for key in ("first", "second"):
        with pytest.raises(AnsweredError) as again:
            log.answering(ASKED).append(event(key))
        assert made == again.value.event
    assert 1 == log.head().sequence
    assert log.audit().sequence == 1


def test_a_key_belongs_to_one_request_of_one_caller(log: Log) -> None:
    """Another request under the key is refused; another caller's key is another key."""
    log.answering(ASKED).append(event("first"))
    other = Request("ann", "k1", "b" * 64)
    works: list[Callable[[], Any]] = [
        lambda: log.answering(other).append(event("second")), lambda: log.answer_to(other),
    ]  # fmt: skip
    for work in works:
        with pytest.raises(StateError) as refused:
            work()
        assert "IDEMPOTENCY_KEY_USED" == refused.value.code
    assert 2 == log.answering(Request("bob", "k1", "b" * 64)).append(event("b")).event.sequence


def test_eight_senders_of_one_request(log: Log) -> None:
    """Law 6: raced by eight, one event answers; the others are told which."""

    def send(sender: int) -> int:
        try:
            return log.answering(ASKED).append(event(f"of {sender}")).event.sequence
        except AnsweredError as answered:
            return answered.event.sequence

    with ThreadPoolExecutor(8) as pool:
        assert [1] * 8 == list(pool.map(send, range(8)))
    assert 1 == log.head().sequence


def test_what_was_there_before_is_no_answer(log: Log) -> None:
    """An event that stood there already says nothing of the request: who asks is to keep that."""
    log.append(event("first"))
    mine = log.answering(ASKED)
    assert mine.append(event("first")).replayed
    assert (None, None) == (mine.answered, log.answer_to(ASKED))


def test_answers_outlive_the_database(log: Log, database: Driver, store: ArtifactStore) -> None:
    """Law 4: a log appended again elsewhere knows the same answers."""
    made = log.answering(ASKED).append(event("first")).event
    records = log.records()
    empty_the_graph(database)
    again = open_graph(database, store).log
    assert again.answer_to(ASKED) is None
    for record in records:
        again.append_again(record)
    assert made == again.answer_to(ASKED)


def test_a_rehearsal_leaves_nothing(log: Log, database: Driver) -> None:
    """Nothing of it stays: guard and show ran, and the next event takes its place."""
    log.append(event("first"))
    before, ran = log.head(), list[str]()

    def show(tx: ManagedTransaction, _: Any, _shown: int) -> None:
        tx.run("CREATE (:Trace)").consume()
        ran.append("show")

    would = log.rehearsing().append(event("second"), show=show,
                                    guard=lambda *_: ran.append("guard")).event  # fmt: skip
    assert (2, ["guard", "show"]) == (would.sequence, ran)
    assert before == log.head()
    assert log.find("second") is None
    assert [] == database.execute_query("MATCH (t:Trace) RETURN t").records
    assert 2 == log.append(event("third")).event.sequence


def test_a_rehearsal_is_refused_as_the_deed_is(log: Log) -> None:
    """What the guard refuses, it refuses a rehearsal, too; and so for a key that is used."""
    log.answering(ASKED).append(event("first"))

    def refuse(*_: Any) -> None:
        raise StateError("no", code="STALE")

    with pytest.raises(StateError, match="no"):
        log.rehearsing().append(event("second"), guard=refuse)
    with pytest.raises(AnsweredError):
        log.answering(ASKED).rehearsing().append(event("second"))


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 201, "\x00"])
def test_a_key_is_one_line(key: str) -> None:
    """What no person could read in the log is no key."""
    with pytest.raises(InputError) as refused:
        Request("ann", key, "a" * 64)
    assert "IDEMPOTENCY_KEY_INVALID" == refused.value.code
