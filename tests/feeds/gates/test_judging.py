"""The judgement of a delivery: verdicts, marks, severities, and when the feed stops."""

import sys
from itertools import count
from types import FrameType
from typing import Any

import numpy as np
import pytest

from feeds.gates.findings import ACCEPT, HINTS, MARK, QUARANTINE, VERDICTS
from feeds.gates.judging import judge
from feeds.gates.past import Delivery, Past
from feeds.gates.thresholds import Thresholds
from ontology.columns import MISSING, Snapshot, Table, empty_table
from ontology.findings import SEVERITIES
from ontology.goods import Lot
from ontology.transport import Shipment
from tests.feeds.gates.small_past import day, demand, move, past, tables

STEADY = (10, 12, 9, 11, 10, 13, 8, 10, 11, 9, 12, 10, 11, 10)


def shipments(wrong: int, right: int) -> list[Shipment]:
    days = [(day(5), day(4))] * wrong + [(day(4), day(5))] * right
    return [Shipment(f"S{at}", "widget", "north", at + 1, arrives, shipped_on=shipped)
            for at, (shipped, arrives) in enumerate(days)]  # fmt: skip


def test_the_strictest_finding_is_the_verdict() -> None:
    """Law: a row is accepted, marked or quarantined by the gravest thing found of it."""
    arriving = tables(*demand(10, 60, 1_000_000, first=50))
    judgement = judge(arriving, past(*demand(*STEADY)))
    expected = [ACCEPT, MARK, QUARANTINE]
    assert expected == judgement.verdicts["DemandObservation"].tolist()
    assert [1] == [finding.row for finding in judgement.marked]
    assert {"OUTLIER": 2} == judgement.summary()
    assert set(SEVERITIES) == set(VERDICTS)


def test_a_mild_finding_does_not_soften_a_grave_one() -> None:
    """Law: a movement that is below nothing and of an expired lot is quarantined, in any order."""
    history = past(Lot("B", "widget", day(5)), move("a", "receipt", 1, 0, "B"))
    judgement = judge(tables(move("b", "issue", -2, 9, "B")), history)
    assert {"LOT_AFTER_EXPIRY": 1, "STOCK_NEGATIVE": 1} == judgement.summary()
    assert [QUARANTINE] == judgement.verdicts["StockMovement"].tolist()
    assert () == judgement.marked


def test_a_code_may_be_given_another_severity() -> None:
    """Law: what is quarantined here may be recorded only there; the finding stays."""
    arriving = tables(*shipments(1, 3))
    judgement = judge(arriving, past(), severities={"RECEIVED_BEFORE_SHIPPED": "Info"})
    assert [ACCEPT] * 4 == judgement.verdicts["Shipment"].tolist()
    assert {"RECEIVED_BEFORE_SHIPPED": 1} == judgement.summary()
    with pytest.raises(ValueError, match="`grave` is no severity"):
        judge(arriving, past(), severities={"OUTLIER": "grave"})


def test_the_feed_stops_when_too_much_is_bad() -> None:
    """Law: more than 20 % of at least 20 rows stop the feed; rows refused by reading count."""
    assert not judge(tables(*shipments(4, 16)), past()).stops
    stopped = judge(tables(*shipments(5, 15)), past())
    assert stopped.stops
    expected = "5 of 20 rows would be set aside, more than 20 %: nothing is loaded"
    assert expected == stopped.line()
    assert judge(tables(*shipments(2, 16)), past(), set_aside=3).stops
    assert not judge(tables(*shipments(19, 0)), past()).stops
    lenient = Thresholds(stop_share_percent=50)
    assert not judge(tables(*shipments(5, 15)), past(), limits=lenient).stops


def test_a_row_in_other_units_is_told_of_once() -> None:
    """Law: a row counted in another unit is not called an outlier besides."""
    units = [100 + (at * 37) % 41 for at in range(20)]
    judgement = judge(tables(*demand(120_000, 121_000, 119_000, first=50)), past(*demand(*units)))
    assert {"UNIT_MISMATCH": 3} == judgement.summary()


def test_every_code_has_a_hint() -> None:
    """Law: whatever the gates find, they say what to do."""
    judgement = judge(tables(*shipments(1, 1)), past(), source="erp", sequence=5)
    later = judge(tables(*shipments(1, 1)), Past(deliveries=(Delivery({}, 2),)), source="erp",
                  sequence=5)  # fmt: skip
    assert ["SEQUENCE_GAP", "RECEIVED_BEFORE_SHIPPED"] == [
        finding.code for finding in sorted(later.findings, key=lambda f: f.row)
    ]
    assert all(finding.hint in HINTS.values() for finding in (*judgement.findings, *later.findings))


def test_row_order_is_no_input() -> None:
    """Law: the same rows in another order are judged the same, row by row."""
    history = past(*demand(*STEADY))
    rows = demand(10, 60, 1_000_000, 11, first=50)
    one = judge(tables(*rows), history)
    other = judge(tables(*reversed(rows)), history)
    name = "DemandObservation"
    assert one.verdicts[name].tolist() == other.verdicts[name].tolist()[::-1]
    assert {(f.key, f.message) for f in one.findings} == {
        (f.key, f.message) for f in other.findings
    }


def movements(rows: int, first: int) -> Table:
    """Sound movements of 20 items at 5 places, as columns."""
    rng = np.random.default_rng(first)
    names = [np.array([f"{word}{n}" for n in range(many)], object)
             for word, many in (("item", 20), ("place", 5))]  # fmt: skip
    receipt = rng.random(rows) < 0.5
    columns: dict[str, Any] = {
        "id": np.array([f"m{first + at}" for at in range(rows)], object),
        "item": names[0][rng.integers(0, 20, rows)],
        "location": names[1][rng.integers(0, 5, rows)],
        "kind": np.where(receipt, "receipt", "issue").astype(object),
        "quantity_units": rng.integers(50_000, 99_999, rows) * np.where(receipt, 1, -1),
        "effective_on": np.datetime64("2024-01-01") + rng.integers(0, 1_000, rows),
    }
    blank = empty_table("StockMovement")
    for name, column in blank.columns.items():
        empty = MISSING if column.dtype.kind == "i" else None
        columns.setdefault(name, np.full(rows, empty, column.dtype))
    return Table("StockMovement", {name: columns[name] for name in blank.columns})


def python_calls(rows: int) -> int:
    """How many Python functions are called to judge so many rows after as many."""
    known = {"StockMovement": movements(rows, 0)}
    history = Past(Snapshot(1, known), tuple(Delivery(known) for _ in range(6)))
    arriving = {"StockMovement": movements(rows, rows)}
    for held in (known, arriving):
        assert rows == len(held["StockMovement"].keys)  # made when they were read
    calls = count()

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            next(calls)

    sys.setprofile(watch)
    try:
        judgement = judge(arriving, history)
    finally:
        sys.setprofile(None)
    assert () == judgement.findings
    return next(calls)


def test_no_row_calls_python() -> None:
    """Law: forty thousand sound rows call no more functions than four thousand: all is columns."""
    python_calls(2_000)
    few, many = python_calls(4_000), python_calls(40_000)
    assert many <= few + 200


def test_a_kept_past_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: judged again with the same past, only what arrives is looked at."""
    known = {"StockMovement": movements(20_000, 0)}
    history = Past(Snapshot(1, known))
    arriving = {"StockMovement": movements(10, 50_000)}
    first = judge(arriving, history)
    looked: list[str] = []
    cells = Table.__getitem__

    def watched(self: Table, name: str) -> Any:
        if len(self) == len(known["StockMovement"]):
            looked.append(name)
        return cells(self, name)

    monkeypatch.setattr(Table, "__getitem__", watched)
    assert first.findings == judge(arriving, history).findings
    assert [] == looked
    judge(arriving, Past(Snapshot(1, {"StockMovement": movements(20_000, 0)})))
    assert len(looked) > 3
