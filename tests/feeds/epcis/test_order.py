"""The set of events decides, not how they came: any order, any batches, told again, withdrawn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.columns import Snapshot, table_of
from ontology.goods import SerialUnit
from tests.feeds.epcis.telling import (
    FLOUR,
    FLOUR_LOT,
    HUB,
    PLANT,
    SHOP,
    added,
    at,
    event,
    followed,
    gln_of,
    outcomes,
    pallet,
    places,
    records_of,
    stock,
    tea,
    told,
)
from tests.feeds.epcis.test_stock import AT_HUB, AT_PLANT, BOXES, WAY

MOMENTS = range(0, 60, 10)
PLACE = st.sampled_from([PLANT, HUB, SHOP])
BOX = st.sampled_from([tea(serial) for serial in range(1, 5)])
PALLET = st.sampled_from([pallet(1), pallet(2)])
FLOURS = st.integers(1, 3).map(
    lambda kilos: [{"epcClass": FLOUR_LOT, "quantity": kilos, "uom": "KGM"}]
)
STEPS = ["shipping", "receiving", "storing", "retail_selling", "void_shipping", "inspecting"]


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Any event of a small world of boxes, pallets and flour, sensible or not."""
    minutes, place = draw(st.sampled_from(MOMENTS)), draw(PLACE)
    kind = draw(st.sampled_from(["life", "step", "loose", "pack", "seen", "make"]))
    things = draw(st.lists(st.one_of(BOX, PALLET), min_size=1, max_size=3, unique=True))
    boxes = [thing for thing in things if "sgtin" in thing] or [tea(1)]
    if kind == "life":
        action = draw(st.sampled_from(["ADD", "DELETE"]))
        step = "commissioning" if action == "ADD" else "decommissioning"
        return event("Object", minutes, step, place, action=action, epcList=boxes)
    if kind == "step":
        return event("Object", minutes, draw(st.sampled_from(STEPS)), place, epcList=things)
    if kind == "loose":
        step = draw(st.sampled_from(["shipping", "receiving"]))
        return event("Object", minutes, step, place, quantityList=draw(FLOURS))
    if kind == "make":
        return event("Transformation", minutes, "commissioning", place, inputEPCList=boxes[:1],
                     outputQuantityList=draw(FLOURS))  # fmt: skip
    parent = draw(PALLET)
    children = [thing for thing in things if thing != parent] or [tea(2)]
    loose = {"childQuantityList": draw(FLOURS)} if draw(st.booleans()) else {}
    action = "OBSERVE" if kind == "seen" else draw(st.sampled_from(["ADD", "DELETE"]))
    step = {"ADD": "packing", "DELETE": "unpacking"}.get(action, draw(st.sampled_from(STEPS[:2])))
    return event("Aggregation", minutes, step, place, action=action, parentID=parent,
                 childEPCs=children, **loose)  # fmt: skip


def declared(wrong: dict[str, Any]) -> dict[str, Any]:
    """The declaration that an event was told in error."""
    return wrong | {"errorDeclaration": {"declarationTime": at(999), "reason": "did_not_occur"}}


def in_batches(told_events: Sequence[Any], sizes: Sequence[int]) -> list[list[Any]]:
    """The events in documents of these sizes, the rest in one more."""
    found, rest = [], list(told_events)
    for size in sizes:
        found.append(rest[:size])
        rest = rest[size:]
    return [batch for batch in [*found, rest] if batch]


def history(facts: Snapshot | None) -> list[Any]:
    """All that events say of stock, at every moment, and of where things are."""
    return [*(stock(facts, until=minutes) for minutes in MOMENTS), stock(facts), places(facts)]


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(events(), min_size=1, max_size=10))
def test_order_and_batches_are_no_input(data: st.DataObject, made: list[Any]) -> None:
    """Law: however events arrive, stock at every moment and every place are the same."""
    wrong = data.draw(st.lists(st.sampled_from(made), max_size=2))
    every = [*made, *map(declared, wrong)]
    mixed = data.draw(st.permutations(every))
    sizes = data.draw(st.lists(st.integers(1, 4), max_size=8))
    again = data.draw(st.lists(st.sampled_from(every), max_size=2))
    assert history(followed([every])) == history(followed(in_batches([*mixed, *again], sizes)))


@settings(max_examples=100, deadline=None)
@given(st.lists(events(), min_size=1, max_size=12))
def test_a_box_is_one_box(made: list[Any]) -> None:
    """Law 1: a box is never at two places: serials and movements of boxes agree where it was told.

    A box that was first seen leaving counts as less of what was there before, once.
    """
    facts = followed([made])
    boxes = {key: units for key, units in stock(facts).items() if key[0] != FLOUR}
    here = [where for name, (where, _) in places(facts).items() if name.startswith("box") and where]
    for key, units in boxes.items():
        assert units <= here.count(key[2])
    assert sum(boxes.values()) >= -4


@pytest.mark.parametrize("late", [0, 1, 4])
def test_a_late_event_is_made_up_for(late: int) -> None:
    """Law: a packing that is told after its pallet left moves what was in it, at that time.

    Nothing that was stated is changed: what makes up for it is stated beside it.
    """
    others = [one for at_, one in enumerate(WAY) if at_ != late]
    before = followed([others])
    found = told([WAY[late]], before)
    after = added(before, found)
    assert history(followed([WAY])) == history(after)
    known = set((before or after).table("StockMovement")["id"])
    new = [sheet for sheet in found.sheets if sheet.file.endswith("#StockMovement")]
    assert set() == known & {one.id for sheet in new for one in records_of(sheet)[0]}


def test_a_late_packing_in_numbers() -> None:
    """Law: eight boxes leave the plant and reach the hub once it is told that they were packed."""
    without = followed([[WAY[0], *WAY[2:4]]])
    assert {AT_PLANT: 10} == stock(without)
    found = told([WAY[1]], without)
    assert {AT_PLANT: 2, AT_HUB: 8} == stock(added(without, found))
    (sheet,) = [sheet for sheet in found.sheets if sheet.file.endswith("#StockMovement")]
    # the late event stands for what the shipment and the arrival now do
    numbered = list(sheet.rows)
    assert [1, 1] == [number for number, _ in numbered]
    sheet = replace(sheet, rows=numbered)
    assert [("receipt", 8), ("shipment", -8)] == sorted(
        (one.kind, one.quantity_units) for one in records_of(sheet)[0]
    )


def test_what_is_no_longer_known_is_said_so() -> None:
    """Law: a place that followed from events is taken back where a late event shows it wrong."""
    taken_off = event("Aggregation", 30, "unpacking", PLANT, action="DELETE", parentID=pallet(2),
                      childEPCs=[tea(4)])  # fmt: skip
    sold = event("Object", 20, "retail_selling", PLANT, epcList=[pallet(2)])
    before = followed([[taken_off]])
    assert gln_of(PLANT) == places(before)["box 4"][0]
    after = followed([[taken_off], [sold]])
    assert places(followed([[sold, taken_off]])) == places(after)
    assert after is not None


def test_things_of_other_files_keep_their_place() -> None:
    """Law: a thing whose place no event tells stays where other facts have it."""
    facts = Snapshot(0, {"SerialUnit": table_of(
        [SerialUnit("10614141073464", "1", location="shelf")], "SerialUnit")})  # fmt: skip
    seen = event("Object", 0, "sensor_reporting", HUB, epcList=[tea(1)])
    found = told([seen], facts)
    assert [] == [s.file for s in found.sheets if s.file.endswith("#SerialUnit")]
    again = told([seen | {"eventTime": at(5)}], added(facts, found))
    assert [] == [s.file for s in again.sheets if s.file.endswith("#SerialUnit")]


def test_a_withdrawn_event_is_closed_not_deleted() -> None:
    """Law: what was told in error keeps its movements, and others take them back at its time."""
    facts = followed([WAY])
    found = told([declared(WAY[5])], facts)
    after = added(facts, found)
    # the sale of two boxes did not occur: 5 + 2
    assert {AT_PLANT: 2, AT_HUB: 7} == stock(after)
    assert ["withdrawal"] == outcomes(found)
    assert (
        len(facts.table("StockMovement")) + 1 == len(after.table("StockMovement")) if facts else 0
    )
    assert gln_of(HUB) == places(after)["box 1"][0]
    assert ["repeated"] == outcomes(told([WAY[5]], after))
    assert stock(after) == stock(added(after, told([WAY[5]], after)))


def test_a_declaration_names_by_event_id_too() -> None:
    """Law: a declaration that words the event otherwise finds it by its id and its time."""
    first = event("Object", 0, "receiving", HUB, eventID="urn:uuid:1", epcList=BOXES)
    wrong = event("Object", 0, "receiving", SHOP, eventID="urn:uuid:1", epcList=BOXES[:1])
    assert {} == stock(followed([[first], [declared(wrong)]]))
    assert {} == stock(followed([[declared(wrong)], [first]]))
    later = event("Object", 5, "receiving", SHOP, eventID="urn:uuid:1", epcList=BOXES[:1])
    assert {AT_HUB: 10} == stock(followed([[first], [declared(later)]]))


def test_a_withdrawn_count_is_closed() -> None:
    """Law: a position whose count was told in error is handed to be closed."""
    count = event("Object", 50, "cycle_counting", SHOP, epcList=BOXES[:2])
    facts = followed([WAY, [count]])
    assert facts is not None
    assert 1 == len(facts.table("StockPosition"))
    found = told([declared(count)], facts)
    assert {"StockPosition": (f"10614141073464/{gln_of(SHOP)}/",)} == found.closes
    assert 0 == len(added(facts, found).table("StockPosition"))


def test_another_event_under_a_known_id_is_refused() -> None:
    """Law 6: one id is one event: in one document both are set aside, later the later one."""
    first = event("Object", 0, "receiving", HUB, eventID="urn:uuid:1", epcList=BOXES)
    other = event("Object", 0, "receiving", SHOP, eventID="urn:uuid:1", epcList=BOXES[:1])
    assert ["EVENT_CHANGED"] * 2 == [o.code for o in told([first, other]).account.outcomes]
    facts = followed([[first]])
    assert ["EVENT_CHANGED"] == [o.code for o in told([other], facts).account.outcomes]
    renamed = first | {"eventID": "urn:uuid:2", "recordTime": at(77)}
    assert ["repeated"] == outcomes(told([renamed], facts))


def test_urn_and_link_are_one_event() -> None:
    """Law: Digital Links of any host and EPC URNs give one hash and one effect."""
    link = event("Object", 0, "https://ref.gs1.org/cbv/BizStep-receiving",
                 epcList=["https://shop.example.com/gtin/10614141073464/ser/1?x=1"],
                 readPoint={"id": f"http://id.example.org/414/{gln_of(HUB)}"},
                 bizLocation={"id": f"https://id.gs1.org/gln/{gln_of(HUB)}"})  # fmt: skip
    urn = event("Object", 0, "receiving", HUB, epcList=[tea(1)]) | {
        "eventTime": "2026-03-02T09:00:00.0000+01:00"
    }
    first, second = told([link]), told([urn])
    assert first.account.outcomes[0].digest == second.account.outcomes[0].digest
    assert [list(s.rows) for s in first.sheets] == [list(s.rows) for s in second.sheets]
    assert ["movement", "repeated"] == outcomes(told([link, urn]))
