"""A report: all that the log has of a period, under digests and proofs that anybody checks."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from graph.artifacts import ArtifactStore
from graph.transparency import log_verifier, report_verifier
from ontology.canonical import canonical
from ontology.errors import InputError, StateError
from ontology.events import REPORT_MADE
from service.backtest.priced import price_rules
from service.house import House
from service.recovery import backup, inspect
from service.reporting.period import Period, day_of
from service.reporting.proofs import report_proofs
from service.reporting.report import Report, logged, make_report, report_on
from service.transparency import copy_tools, keys_of
from tests.service.reporting.conftest import HOSTILE


@pytest.fixture(scope="module")
def made(house: House) -> Report:
    """A report that was logged."""
    return make_report(house, Period(date(2020, 1, 1), date(2099, 12, 31)), "local")


@pytest.fixture(scope="module")
def proofs(house: House, made: Report) -> bytes:
    """Its proofs."""
    return report_proofs(house, made, "local")


@pytest.fixture(scope="module")
def key(house: House) -> str:
    """The public key of the log."""
    return keys_of(house, "local")[0].text


def rows(report: Report, section: str) -> list[dict[str, Any]]:
    return next(one["rows"] for one in report.document["sections"] if one["key"] == section)


def test_every_event_that_counts_is_there(house: House, made: Report) -> None:
    """As many rows as the log, read by itself, has of what each section is about."""
    kinds = Counter(event.kind for event in house.projection.log.events())
    assert kinds["access.exposed"] == len(rows(made, "exposures")) == 1
    assert kinds["rows.discarded"] == 1
    assert ["cap 2 of widget by truck-ns", "1 row discarded"] == [
        row["says"] for row in rows(made, "overrides")
    ]
    assert [HOSTILE, HOSTILE] == [row["reason"] for row in rows(made, "overrides")]
    assert "1 row of other set aside" in [row["says"] for row in rows(made, "exceptions")]
    assert ["release activated"] == [row["says"] for row in rows(made, "releases")]


def test_every_row_names_its_event_and_leaf(house: House, made: Report) -> None:
    """The event is the one that the log has there, and what is kept is what was logged."""
    events = {event.sequence: event for event in house.projection.log.events()}
    for part in made.document["sections"]:
        for row in part["rows"]:
            event = events[row["event"]]
            assert (event.leaf, event.kind, event.agent) == (row["leaf"], row["kind"], row["agent"])
    assert made.event is not None
    assert made.data == house.store.get(made.event.artifact)
    assert made.digest == sha256(made.data).hexdigest() == made.event.payload["report"]


def test_the_same_report_is_made_of_the_same_log(house: House, made: Report) -> None:
    """Byte for byte, and logged once; another chain has none of what is of this one."""
    period = Period(date(2020, 1, 1), date(2099, 12, 31))
    first, again = (report_on(house, period, "other") for _ in range(2))
    assert (first.data, first.page) == (again.data, again.page)
    assert logged(house, first) is None
    assert logged(house, made) == made.event
    assert {"1 row discarded"} == {row["says"] for row in rows(first, "overrides")}
    assert [] == [row for row in rows(first, "exceptions") if row["chain"] == "two_hubs"]


def test_a_log_with_a_report_is_looked_through_and_backed_up(
    house: House, made: Report, tmp_path: Path
) -> None:
    """Its days are taken for no artifacts; the document itself is one that must be at hand."""
    assert inspect(house)["sound"]
    backup(house, tmp_path / "backup")
    assert made.data == ArtifactStore(tmp_path / "backup").get(made.digest)


def test_what_rules_cost_is_that_of_the_price(house: House) -> None:
    """A row for each rule that acted on the last plan, under the plan's digest."""
    found = report_on(house, Period(date(2020, 1, 1), date(2099, 1, 1)), "two_hubs", prices=True)
    priced = rows(found, "prices")
    assert any("cold-chain" in row["about"] for row in priced)
    last = [e for e in house.projection.log.events() if e.kind == "plan.made"][-1]
    assert {last.payload["plan"]} == {row["digests"]["plan"] for row in priced}
    assert all("EUR" in row["says"] for row in priced)
    price_rules(house, None, "local", chains=("two_hubs",), workers=1)
    later = report_on(house, Period(date(2020, 1, 1), date(2099, 1, 1)), "two_hubs", prices=True)
    assert {"rules.priced"} == {row["kind"] for row in rows(later, "prices")}
    amounts = {row["about"]: row["says"] for row in rows(later, "prices")}
    assert all(row["digests"]["without"] for row in rows(later, "prices"))
    for row in priced:
        rule = row["about"].rpartition("(")[2].removesuffix(")")
        assert row["says"].partition(";")[0] == amounts.get(rule, "0.00 EUR")


def test_a_stranger_accepts_the_proofs(made: Report, proofs: bytes, key: str) -> None:
    """With the key alone: the document, the page, every event; and it says what is proved."""
    found = report_verifier.verify(proofs, [key], artifact=made.page.encode())
    assert "report" == found["proves"]
    assert made.digest == found["report"]
    assert {one["key"]: one["count"] for one in made.document["sections"]} == found["counts"]
    report_verifier.verify(proofs, [key], artifact=made.data)
    assert report_verifier.is_report(proofs)
    assert not report_verifier.is_report(b"[" * 100_000)


def drop_event(bundle: dict[str, Any]) -> None:
    del bundle["events"][0]


def repeat_event(bundle: dict[str, Any]) -> None:
    bundle["events"].append(bundle["events"][0])


def other_report(bundle: dict[str, Any]) -> None:
    bundle["report"] = bundle["events"][0]


def in_document(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    """Change the document, under its old digest."""

    def changed(bundle: dict[str, Any]) -> None:
        document = json.loads(bundle["document"])
        change(document)
        bundle["document"] = canonical(document).decode()

    return changed


def a_row(document: dict[str, Any]) -> dict[str, Any]:
    return next(row for part in document["sections"] for row in part["rows"])


TAMPERED = {
    "an event without its proof": drop_event,
    "an event proved twice": repeat_event,
    "another event for the report": other_report,
    "a reason changed": in_document(lambda d: a_row(d).update(reason="nothing of note")),
    "a row left out": in_document(lambda d: d["sections"][1]["rows"].pop()),
    "a time changed": in_document(lambda d: a_row(d).update(recorded_at="2020-01-01T00:00:00Z")),
    "a field of an event": lambda b: b["events"][0]["event"]["fields"]["agent"].update(
        text='["agent","eve"]'
    ),
    "an inclusion path": lambda b: b["events"][0]["inclusion"].reverse(),
    "another leaf": lambda b: b["events"][0].update(leaf="0" * 64),
    "a part too many": lambda b: b.update(note="trust me"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_is_refused(proofs: bytes, key: str, what: str) -> None:
    """Whatever part of the file of proofs is another one."""
    bundle = json.loads(proofs)
    TAMPERED[what](bundle)
    with pytest.raises(log_verifier.Refused):
        report_verifier.verify(log_verifier.written(bundle), [key])


def relogged(house: House, made: Report, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Proofs of a document that the operator changed and logged as a report, under its own key."""
    document = json.loads(made.data)
    change(document)
    data = canonical(document)
    digest = sha256(data).hexdigest()
    assert made.event is not None
    from ontology.events import NewEvent

    payload = dict(made.event.payload) | {"report": digest}
    new = NewEvent(REPORT_MADE, f"report/{digest}", "local", made.event.effective_at,
                   house.store.put(data), payload)  # fmt: skip
    event = house.projection.append(new).event
    return report_proofs(house, replace(made, data=data, digest=digest, document=document,
                                        event=event), "local")  # fmt: skip


LIES = {
    "who": lambda d: a_row(d).update(agent="eve"),
    "when": lambda d: a_row(d).update(recorded_at="2020-01-01T00:00:00.000000Z"),
    "which kind": lambda d: a_row(d).update(kind="plan.approved"),
    "how many": lambda d: d["sections"][1].update(count=0),
}


@pytest.mark.parametrize("what", LIES)
def test_a_row_that_lies_of_its_event_is_refused(
    house: House, made: Report, key: str, what: str
) -> None:
    """Even where the operator logged the lie: the row is held to the event that it names."""
    with pytest.raises(log_verifier.Refused):
        report_verifier.verify(relogged(house, made, LIES[what]), [key])


def test_another_page_or_key_is_refused(made: Report, proofs: bytes, key: str) -> None:
    """The page that was logged and no other; a key of this log and no other."""
    with pytest.raises(log_verifier.Refused):
        report_verifier.verify(proofs, [key], artifact=made.page.replace("1 row", "0 row").encode())
    with pytest.raises(log_verifier.Refused):
        report_verifier.verify(proofs, [])


def test_the_verifier_runs_alone(proofs: bytes, key: str, tmp_path: Path) -> None:
    """Copied out, with nothing of the house beside it."""
    copy_tools(tmp_path)
    (tmp_path / "proofs.json").write_bytes(proofs)
    (tmp_path / "alone.py").write_text(
        "import sys; sys.path.insert(0, '.')\n"
        "import report_verifier; sys.exit(report_verifier.main())\n"
    )
    command = [sys.executable, "-I", "alone.py", "proofs.json", "--key", key]
    found = run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (0, "") == (found.returncode, found.stderr)
    assert "report" == json.loads(found.stdout)["proves"]


def test_what_cannot_be_reported_says_why(house: House, made: Report) -> None:
    """No period, none with events, no such chain, no proofs of what was not logged."""
    with pytest.raises(InputError, match="no day"):
        day_of("yesterday")
    with pytest.raises(InputError, match="no period"):
        Period(date(2026, 2, 2), date(2026, 2, 1))
    with pytest.raises(InputError, match="had no event"):
        report_on(house, Period(date(2001, 1, 1), date(2001, 1, 2)))
    with pytest.raises(InputError, match="no chain"):
        report_on(house, Period(date(2001, 1, 1), date(2099, 1, 2)), "moon")
    with pytest.raises(StateError, match="not logged"):
        report_proofs(house, replace(made, event=None), "local")
