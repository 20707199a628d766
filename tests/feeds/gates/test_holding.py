"""After the gates: what is quarantined has left the delivery, and what stays carries its marks."""

from pathlib import Path

import numpy as np
import pytest

from feeds.gates.holding import hold, marks_of, marks_to_close
from feeds.gates.judging import judge
from feeds.gates.past import Past
from feeds.refusals import HINTS, LEANS
from feeds.result import FeedResult, FileCounts
from ontology.columns import Snapshot, record_at, table_of
from ontology.demand import OrderFulfilment, SalesOrder
from ontology.errors import InputError
from ontology.governance import Mark
from ontology.transport import Shipment
from tests.feeds.gates.small_past import START, day, demand, past, tables
from tests.feeds.small_feed import read_small

ROWS = "item,location,on,quantity_units\n"
STEADY = "".join(f"widget,north,2013-03-{at:02},{10 + at % 3}\n" for at in range(1, 29))


def read_demand(folder: Path, *units: int) -> FeedResult:
    rows = "".join(f"widget,north,2013-04-{at:02},{many}\n" for at, many in enumerate(units, 1))
    return read_small(folder, {"seen.csv": ROWS + rows})


def known(folder: Path) -> Past:
    folder.mkdir()
    return Past(Snapshot(1, read_small(folder, {"seen.csv": ROWS + STEADY}).tables))


def test_a_row_of_a_file_is_set_aside(tmp_path: Path) -> None:
    """Law: the quarantined row keeps file, line, column, code, reason and text; counts agree."""
    history = known(tmp_path / "past")
    result = read_demand(tmp_path, 11, 5_000_000, 10)
    held = hold(result, judge(result.tables, history), history.present)
    assert [11, 10] == held.tables["DemandObservation"]["quantity_units"].tolist()
    row = record_at(held.quarantined, 0)
    expected = ("seen.csv", 3, "quantity_units", "OUTLIER", "5000000")
    assert expected == (row.file, row.row, row.column, row.code, row.text)
    (counts,) = [file for file in held.files if file.file == "seen.csv"]
    assert (3, 2, 1) == (counts.rows, counts.loaded, counts.quarantined)
    assert [f"{HINTS['OUTLIER']} [OUTLIER]"] == [hint for _, hint in held.lines()]
    assert 2 == len(held.sources["DemandObservation"])


def test_a_sound_delivery_is_left_alone(tmp_path: Path) -> None:
    """Law: where nothing is quarantined, tables and account are the same."""
    history = known(tmp_path / "past")
    result = read_demand(tmp_path, 11, 60, 10)
    held = hold(result, judge(result.tables, history), history.present)
    assert result.files == held.files
    assert {n: t.digest for n, t in result.tables.items()} == {
        n: t.digest for n, t in held.tables.items()
    }


def feed(*records: object) -> FeedResult:
    """A feed of records, one file per class."""
    made = tables(*records)
    files = tuple(FileCounts(f"{name}.csv", "", len(t), len(t)) for name, t in made.items())
    sources = {
        name: np.stack([np.full(len(table), at), np.arange(len(table)) + 2], axis=1)
        for at, (name, table) in enumerate(made.items())
    }
    return FeedResult("c", "s", "m", "", "", made, sources, files, table_of([], "QuarantinedRow"))


def test_what_leans_on_a_quarantined_row_goes_too() -> None:
    """Law: the fulfilment of a quarantined order is set aside, unless the order stands already."""
    orders = [SalesOrder(f"O{at}", "w", "A", 1 + at, START, due_on=day(at - 1)) for at in range(5)]
    served = [OrderFulfilment(f"O{at}", "north") for at in range(5)]
    result = feed(*orders, *served)
    judgement = judge(result.tables, past(), severities={"DUE_BEFORE_ORDERED": "Violation"})
    held = hold(result, judgement, Snapshot(0, {}))
    assert ["O1", "O2", "O3", "O4"] == held.tables["OrderFulfilment"]["order"].tolist()
    reasons = dict(zip(held.quarantined["file"], held.quarantined["reason"], strict=True))
    assert f"it refers to SalesOrder `O0`, {LEANS}" == reasons["OrderFulfilment.csv"]
    standing = Snapshot(1, tables(SalesOrder("O0", "w", "A", 1, START)))
    assert 5 == len(hold(result, judgement, standing).tables["OrderFulfilment"])


def test_a_stopped_feed_loads_nothing() -> None:
    """Law: too many bad rows are one clear line with a code, not a thousand."""
    rows = [Shipment(f"S{at}", "w", "north", 1 + at, day(1), shipped_on=day(2)) for at in range(30)]
    result = feed(*rows)
    with pytest.raises(InputError, match="30 of 30 rows would be set aside") as caught:
        hold(result, judge(result.tables, past()), Snapshot(0, {}))
    assert "GATE_STOPPED" == caught.value.code


def test_marks_name_the_fact() -> None:
    """Law: a mark per fact and code, with reason and source; quarantined rows have none."""
    history = past(*demand(*[10 + at % 3 for at in range(20)]))
    judgement = judge(tables(*demand(60, 5_000_000, first=50)), history)
    marks = marks_of(judgement, "erp")
    assert 1 == len(marks)
    mark = record_at(marks, 0)
    found = (mark.class_name, mark.fact_key, mark.code, mark.source)
    assert ("DemandObservation", "widget/north/2024-02-20", "OUTLIER", "erp") == found
    assert mark.reason.startswith("`quantity_units` of `widget` is 60;")


def test_a_mark_ends_when_its_fact_is_told_anew() -> None:
    """Law: of the marks that stand, those of facts told again and not marked again are closed."""
    rows = demand(60, 61, first=50)
    keys = tables(*rows)["DemandObservation"].keys.tolist()
    marked = [Mark("DemandObservation", key, "OUTLIER", "") for key in keys]
    other = Mark("DemandObservation", "gadget/north/2024-02-20", "OUTLIER", "")
    standing = Snapshot(1, tables(*marked, other))
    again = table_of(marked[:1], "Mark")
    closed = marks_to_close(standing, tables(*rows), again)
    assert [marked[1]] == [record_at(closed, row) for row in range(len(closed))]


def test_a_silence_ends_when_its_place_reports() -> None:
    """Law: marks on what is missing are closed by a report of the item there, or of the place."""
    silent = (Mark("Location", "north", "SIGNAL_MISSING", ""),
              Mark("DemandObservation", "widget/north", "SIGNAL_MISSING", ""),
              Mark("DemandObservation", "gadget/north", "SIGNAL_MISSING", ""))  # fmt: skip
    closed = marks_to_close(Snapshot(1, tables(*silent)), tables(*demand(1)), table_of([], "Mark"))
    assert {"north", "widget/north"} == set(closed["fact_key"].tolist())


def test_a_delivery_that_says_nothing_of_them_closes_no_mark() -> None:
    """Law: marks of other facts stay."""
    mark = Mark("Shipment", "S1", "OUTLIER", "")
    closed = marks_to_close(Snapshot(1, tables(mark)), tables(*demand(1)), table_of([], "Mark"))
    assert 0 == len(closed)
