"""Links of identity through the real log: facts are derived anew, and back, and nothing is lost."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import EvenkeelError
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from service.stewardship.identity import accept, links_of, take_back
from service.stewardship.proposals import proposals
from service.stewardship.quarantine import retry
from tests.counted import BY_DAY, HEADER, mapping_text

CHAIN = "two_hubs"
FILES = """  - file: items.csv
    optional: true
    principal: {class: Item, fields: {id: id, name: name}}
"""
DAY = date(2026, 3, 2)
Deliver = Callable[..., Synced]
Stock = dict[str, tuple[int, str]]


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs, loaded."""
    found = house_on(empty_database, Settings(home=tmp_path / "home"))
    load_example(found, CHAIN)
    return found


@pytest.fixture
def deliver(house: House, tmp_path: Path) -> Deliver:
    """Syncs lines of stock, or of items, of a source."""

    def delivered(
        *lines: str, items: bool = False, source: str = "wms", mode: str = BY_DAY
    ) -> Synced:  # fmt: skip
        name = "items.csv" if items else "stock.csv"
        header = "id,name" if items else HEADER
        (tmp_path / name).write_text("\n".join([header, *lines]))
        text = mapping_text(CHAIN, source, mode, files=FILES)
        (tmp_path / "mapping.yaml").write_text(text)
        said = Delivery("ann", stop_share_percent=100)
        return sync(house, [tmp_path / name], tmp_path / "mapping.yaml", said)

    return delivered


def stock(house: House, recorded: int | None = None) -> Stock:
    """Units and lot of the positions of lots that begin with L, by key."""
    snapshot = house.reader.read(CHAIN, recorded)
    table = snapshot.table("StockPosition")
    rows = zip(table.keys.tolist(), table["on_hand_units"].tolist(), table["lot"], strict=True)
    return {key: (units, lot) for key, units, lot in rows if str(lot).startswith("L")}


def refused(call: Callable[[], object]) -> EvenkeelError:
    """The error that a call ends in."""
    with pytest.raises(EvenkeelError) as error:
        call()
    return error.value


def head(house: House) -> int:
    """The last event."""
    return house.projection.log.head().sequence


def same_in_graph(house: House) -> bool:
    """Whether graph and fold hold the same facts."""
    return house.facts(CHAIN).digest == read_back(house.driver, CHAIN, head(house)).digest


def test_a_link_and_its_split_leave_no_trace_in_the_present(house: House, deliver: Deliver) -> None:
    """Facts, also those of later deliveries, as if it had never been; the past shows it."""
    deliver("X1,Blue widget", items=True)
    deliver(f"X1,north,L1,5,{DAY}", f"gadget,south,L2,6,{DAY}")
    before = house.facts(CHAIN)
    assert {"X1/north/L1": (5, "L1"), "gadget/south/L2": (6, "L2")} == stock(house)
    done = accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo", reason="same label")
    assert {"Item": 1, "StockPosition": 1} == done.restated == done.ended
    linked = {"widget/north/L1": (5, "L1"), "gadget/south/L2": (6, "L2")}
    assert linked == stock(house)
    assert "X1" not in house.facts(CHAIN).table("Item").row_of
    assert same_in_graph(house)
    seen = head(house)
    split = take_back(house, CHAIN, "wms", "Item", ["X1"], agent="eve", reason="not the same")
    after = house.facts(CHAIN)
    for name in before.tables:
        assert before.table(name).digest == after.table(name).digest, name
        assert (before.clocks[name] == after.clocks[name]).all(), name
    assert same_in_graph(house)
    assert linked == stock(house, seen)
    assert split.event == head(house)
    (told,) = links_of(house, CHAIN)
    assert ("X1", "X1", "eve", split.event) == (
        told.link.external_id, told.link.id, told.link.accepted_by, told.event)  # fmt: skip


def test_what_came_by_a_link_goes_back_with_it(house: House, deliver: Deliver) -> None:
    """Deliveries are read by the link, counted, and derived anew under their own names."""
    deliver("X1,Blue", items=True)
    deliver(f"widget,north,L0,1,{DAY}")
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    synced = deliver(f"X1,north,L1,5,{DAY}", f"widget,north,L3,3,{DAY}", f"X2,north,L4,1,{DAY}")
    assert 1 == synced.summary["counts"]["cells of StockPosition.item read by a link"]
    assert ["UNKNOWN_ID"] == [row["code"] for row in synced.summary["quarantined"]]
    assert {"widget/north/L0", "widget/north/L1", "widget/north/L3"} == set(stock(house))
    fact = house.catalog.by_uri([f"{CHAIN}/StockPosition/widget/north/L1"]).popitem()[1]
    assert ("stock.csv", 2) == (fact.source_file, fact.source_row)
    take_back(house, CHAIN, "wms", "Item", ["X1"], agent="bo")
    assert {"widget/north/L0", "X1/north/L1", "widget/north/L3"} == set(stock(house))
    fact = house.catalog.by_uri([f"{CHAIN}/StockPosition/X1/north/L1"]).popitem()[1]
    assert ("stock.csv", 2) == (fact.source_file, fact.source_row)
    assert same_in_graph(house)


def test_another_source_stands_again(house: House, deliver: Deliver) -> None:
    """What a link had overruled stands after the split, and newer words of its source after it."""
    later = DAY + timedelta(1)
    deliver(f"widget,north,L1,7,{DAY}", source="erp")
    deliver("X1,Blue", items=True)
    deliver(f"X1,north,L1,5,{later}", f"X1,north,L5,5,{later}")
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    assert {"widget/north/L1": (5, "L1"), "widget/north/L5": (5, "L5")} == stock(house)
    take_back(house, CHAIN, "wms", "Item", ["X1"], agent="bo")
    apart = {"X1/north/L1": (5, "L1"), "X1/north/L5": (5, "L5")}
    assert apart | {"widget/north/L1": (7, "L1")} == stock(house)
    deliver(f"widget,north,L1,8,{later}", f"widget,north,L5,2,{DAY}", source="erp")
    deliver(f"X1,north,L1,4,{later + timedelta(1)}")
    assert {"widget/north/L1": (8, "L1"), "widget/north/L5": (2, "L5"), "X1/north/L1": (4, "L1"),
            "X1/north/L5": (5, "L5")} == stock(house)  # fmt: skip
    assert same_in_graph(house)


def test_a_link_that_makes_a_source_contradict_itself_is_refused(
    house: House, deliver: Deliver
) -> None:
    """Both rows are named; two that say the same are one fact, and two again after a split."""
    deliver("X1,Blue", items=True)
    deliver(f"X1,north,L1,5,{DAY}", f"widget,north,L1,6,{DAY}", f"X1,north,L2,4,{DAY}",
            f"widget,north,L2,4,{DAY}")  # fmt: skip
    before = head(house)
    error = refused(lambda: accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo"))
    assert ("IDENTITY_CONTRADICTION", before) == (error.code, head(house))
    assert "stock.csv, row 2" in str(error)
    assert "stock.csv, row 3" in str(error)
    deliver(f"X1,north,L1,6,{DAY + timedelta(1)}", f"widget,north,L1,6,{DAY + timedelta(1)}")
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    assert {"widget/north/L1": (6, "L1"), "widget/north/L2": (4, "L2")} == stock(house)
    twice = deliver(f"X1,north,L9,1,{DAY}", f"widget,north,L9,1,{DAY}")
    assert ["DUPLICATE_KEY_CONFLICT"] == [row["code"] for row in twice.summary["quarantined"]]
    take_back(house, CHAIN, "wms", "Item", ["X1"], agent="bo")
    assert {"X1/north/L1", "X1/north/L2", "widget/north/L1", "widget/north/L2",
            "widget/north/L9"} == set(stock(house))  # fmt: skip


def test_what_a_full_file_ended_by_a_link_stays_ended(house: House, deliver: Deliver) -> None:
    """A fact that its source left out meanwhile does not come back with the split."""
    full = "mode: full"
    deliver("X1,Blue", items=True)
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    deliver(f"X1,north,L1,5,{DAY}", f"X1,north,L2,6,{DAY}", mode=full)
    deliver(f"X1,north,L2,6,{DAY}", mode=full)
    assert {"widget/north/L2"} == set(stock(house))
    take_back(house, CHAIN, "wms", "Item", ["X1"], agent="bo")
    assert {"X1/north/L2"} == set(stock(house))
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    assert {"widget/north/L2"} == set(stock(house))


def test_links_are_asked_for_once_and_of_what_there_is(house: House, deliver: Deliver) -> None:
    """The same again does nothing; another meaning and unknown names are refused."""
    deliver("X1,Blue", items=True)
    first = accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    again = accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="eve")
    assert (first.event, None) == (head(house), again.event)
    tries = {
        "IDENTITY_TAKEN": lambda: accept(house, CHAIN, "wms", "Item", {"X1": "gadget"}, agent="b"),
        "IDENTITY_UNKNOWN": lambda: accept(house, CHAIN, "wms", "Item", {"X2": "no"}, agent="b"),
    }
    for code, call in tries.items():
        assert code == refused(call).code
    unknown = refused(lambda: take_back(house, CHAIN, "wms", "Item", ["X9"], agent="b"))
    assert "IDENTITY_UNKNOWN" == unknown.code


def test_candidates_come_from_records_and_from_rows_set_aside(
    house: House, deliver: Deliver
) -> None:
    """What only a source names is proposed with its evidence; slips with the right digit."""
    deliver("X1,Widgets", items=True)
    deliver(f"4006381333937,north,L1,5,{DAY}", f"0036000291452,north,L2,5,{DAY}",
            f"X1,south,L3,1,{DAY}")  # fmt: skip
    deliver("widget,Widget", "036000291452,Soap", items=True, source="erp")
    found = proposals(house, CHAIN, "wms", "Item")
    pairs = [(each.external_id, each.own_id) for each in found.candidates]
    assert [("0036000291452", "036000291452"), ("X1", "widget")] == pairs[:2]
    for each in found.candidates:
        assert each.points == sum(part.points for part in each.evidence)
    assert [("4006381333937", "4006381333931")] == [(s.external_id, s.right) for s in found.slips]
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    left = proposals(house, CHAIN, "wms", "Item")
    assert "X1" not in {each.external_id for each in left.candidates}
    assert "SOURCE_UNKNOWN" == refused(lambda: proposals(house, CHAIN, "tms")).code
    assert "IDENTITY_CLASS" == refused(lambda: proposals(house, CHAIN, "wms", "Mark")).code


def test_forms_of_one_number_are_one_thing(house: House, deliver: Deliver) -> None:
    """A GTIN in 12, 13 or 14 digits is the item that has it; other zeros and digits are not."""
    deliver("036000291452,Soap", "0777,Pin", items=True, source="erp")
    synced = deliver(*(
        f"{item},north,L{n},5,{DAY}"
        for n, item in enumerate(("036000291452", "0036000291452", "00036000291452",
                                  "36000291452", "036000291453", "777", "00777"))
    ))  # fmt: skip
    assert {f"036000291452/north/L{n}" for n in range(3)} == set(stock(house))
    assert 4 == synced.summary["quarantined_rows"]
    said = "cells of StockPosition.item read as another form of a GS1 number"
    assert 2 == synced.summary["counts"][said]


def test_a_row_set_aside_for_an_unknown_name_is_loaded_by_its_link(
    house: House, deliver: Deliver
) -> None:
    """Quarantine and identity meet: without its link again it is set aside, as it was before."""
    synced = deliver(f"X1,north,L1,5,{DAY}")
    assert synced.event is not None
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    done = retry(house, synced.event.sequence, agent="bo")
    assert ((1,), {"widget/north/L1": (5, "L1")}) == (done.numbers, stock(house))
    back = take_back(house, CHAIN, "wms", "Item", ["X1"], agent="bo")
    assert (1, {}, {}) == (back.set_aside, back.restated, stock(house))
    assert back.event is not None
    (row,) = house.catalog.set_aside_of(back.event).rows
    assert ("open", "UNKNOWN_ID", "stock.csv", 2, "X1/north/L1") == (
        row.state, row.row.code, row.row.file, row.row.row, row.row.fact_key)  # fmt: skip
    assert same_in_graph(house)
    accept(house, CHAIN, "wms", "Item", {"X1": "widget"}, agent="bo")
    assert {"widget/north/L1": (5, "L1")} == stock(house)
