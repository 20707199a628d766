"""Stock from events, step by step: each expected number is derived in the comment above it."""

import pytest

from ontology.columns import Snapshot, record_at, table_of
from ontology.goods import Item, UnitConversion
from ontology.places import Location
from tests.feeds.epcis.telling import (
    FLOUR,
    FLOUR_LOT,
    HUB,
    PLANT,
    SHOP,
    TEA,
    added,
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

SALT = "urn:epc:idpat:sgtin:4012345.000000.*"
BOXES = [tea(serial) for serial in range(1, 11)]
AT_PLANT, AT_HUB, AT_SHOP = ((TEA, "", gln_of(place)) for place in (PLANT, HUB, SHOP))
WAY = [
    event("Object", 0, "commissioning", PLANT, action="ADD", epcList=BOXES),
    event("Aggregation", 10, "packing", PLANT, action="ADD", parentID=pallet(1),
          childEPCs=BOXES[:8]),
    event("Object", 20, "shipping", PLANT, disposition="in_transit", epcList=[pallet(1)]),
    event("Object", 300, "receiving", HUB, epcList=[pallet(1)]),
    event("Aggregation", 310, "unpacking", HUB, action="DELETE", parentID=pallet(1),
          childEPCs=BOXES[:3]),
    event("Object", 320, "retail_selling", HUB, epcList=BOXES[:2]),
    event("Object", 330, "destroying", HUB, action="DELETE", epcList=BOXES[2:3]),
]  # fmt: skip
EXPECTED = [
    {AT_PLANT: 10},  # ten boxes come to be
    {AT_PLANT: 10},  # eight are packed: they are still there
    {AT_PLANT: 2},  # the pallet leaves with its eight: 10 - 8
    {AT_PLANT: 2, AT_HUB: 8},  # and arrives with them
    {AT_PLANT: 2, AT_HUB: 8},  # three are taken off: they are still there
    {AT_PLANT: 2, AT_HUB: 6},  # two of the three are sold: 8 - 2
    {AT_PLANT: 2, AT_HUB: 5},  # the third is destroyed: 6 - 1
]


@pytest.mark.parametrize("steps", range(1, len(WAY) + 1))
def test_a_pallet_takes_what_is_in_it_along(steps: int) -> None:
    """Law 1: after each event the stock is what the step before it left, and its own effect."""
    facts = followed([WAY])
    assert EXPECTED[steps - 1] == stock(facts, until=[0, 10, 20, 300, 310, 320, 330][steps - 1])
    assert EXPECTED[steps - 1] == stock(followed([one] for one in WAY[:steps]))


def test_every_event_of_the_way_has_its_outcome() -> None:
    """Law: no event is dropped in silence, and the account says what each one did."""
    expected = ["movement", "containment", "movement", "movement", "containment", "movement",
                "movement"]  # fmt: skip
    assert expected == outcomes(told(WAY))


def test_units_end_where_they_were_left() -> None:
    """Law: serials and pallets are where events say; what is sold or destroyed is nowhere."""
    found = places(followed([WAY]))
    assert {"box 1": None, "box 3": None, "box 4": gln_of(HUB), "box 9": gln_of(PLANT)} == {
        name: found[name][0] for name in ("box 1", "box 3", "box 4", "box 9")
    }


def test_pallets_know_where_they_stand() -> None:
    """Law: a pallet on a pallet is where that is, and says on which it stands."""
    facts = followed([[
        event("Aggregation", 0, "packing", PLANT, action="ADD", parentID=pallet(1),
              childEPCs=[pallet(2)]),
        event("Object", 5, "shipping", PLANT, epcList=[pallet(1)]),
        event("Object", 9, "receiving", HUB, epcList=[pallet(1)]),
    ]])  # fmt: skip
    table = facts.table("HandlingUnit") if facts else None
    assert table is not None
    units = [record_at(table, row) for row in range(2)]
    assert [gln_of(HUB)] * 2 == [unit.location for unit in units]
    assert [units[1].sscc if units[0].parent_sscc else units[0].sscc] == [
        unit.parent_sscc for unit in units if unit.parent_sscc
    ]


def test_telling_again_moves_nothing() -> None:
    """Law 6: a captured event, or a thing that is where it is said to be, adds nothing."""
    facts = followed([WAY])
    again = told(WAY, facts)
    assert ["repeated"] * len(WAY) == outcomes(again)
    assert [] == list(again.sheets)
    arrived = event("Object", 305, "accepting", HUB, epcList=[pallet(1), *BOXES[:8]])
    after = told([arrived], facts)
    assert ["no effect"] == outcomes(after)
    assert stock(facts) == stock(added(facts, after))


def test_what_is_used_up_becomes_what_is_made() -> None:
    """Law 1: inputs go, outputs come: 500 kg of flour and two boxes give four boxes."""
    made = event(
        "Transformation", 60, "commissioning", PLANT, inputEPCList=BOXES[:2],
        inputQuantityList=[{"epcClass": FLOUR_LOT, "quantity": 0.5, "uom": "TNE"}],
        outputEPCList=[tea(serial) for serial in range(21, 25)],
    )  # fmt: skip
    flour = event(
        "Object",
        5,
        "receiving",
        PLANT,
        quantityList=[{"epcClass": FLOUR_LOT, "quantity": 620.5, "uom": "KGM"}],
    )
    facts = followed([[WAY[0], flour, made]])
    lot = (FLOUR, f"{FLOUR}.L1", gln_of(PLANT))
    # 10 boxes - 2 + 4; 620.5 kg - 0.5 t = 120.5 kg = 120,500 g
    assert {AT_PLANT: 12, lot: 120_500} == stock(facts)


def test_loose_goods_travel_in_their_pallet() -> None:
    """Law 1: goods without serials leave and arrive with the pallet that they were put on."""
    amount = [{"epcClass": FLOUR_LOT, "quantity": 40, "uom": "KGM"}]
    facts = followed([[
        event("Object", 0, "creating_class_instance", PLANT, action="ADD",
              quantityList=[{"epcClass": FLOUR_LOT, "quantity": 100, "uom": "KGM"}]),
        event("Aggregation", 5, "packing", PLANT, action="ADD", parentID=pallet(7),
              childQuantityList=amount),
        event("Object", 9, "shipping", PLANT, epcList=[pallet(7)]),
        event("Object", 90, "receiving", HUB, epcList=[pallet(7)]),
    ]])  # fmt: skip
    lot = f"{FLOUR}.L1"
    assert {(FLOUR, lot, gln_of(PLANT)): 100_000} == stock(facts, until=5)
    assert {(FLOUR, lot, gln_of(PLANT)): 60_000} == stock(facts, until=9)
    assert {(FLOUR, lot, gln_of(PLANT)): 60_000, (FLOUR, lot, gln_of(HUB)): 40_000} == stock(facts)


def test_a_short_arrival_is_short() -> None:
    """Law: what came in is what was seen in the pallet, not what was said to have left."""

    def flour(quantity: int) -> list[dict[str, object]]:
        return [{"epcClass": FLOUR_LOT, "quantity": quantity, "uom": "KGM"}]

    facts = followed([[
        event("Aggregation", 5, "packing", PLANT, action="ADD", parentID=pallet(7),
              childQuantityList=flour(40)),
        event("Object", 9, "shipping", PLANT, epcList=[pallet(7)]),
        event("Aggregation", 90, "receiving", HUB, parentID=pallet(7),
              childQuantityList=flour(38)),
    ]])  # fmt: skip
    lot = f"{FLOUR}.L1"
    assert {(FLOUR, lot, gln_of(HUB)): 38_000, (FLOUR, lot, gln_of(PLANT)): -40_000} == stock(facts)


def test_what_is_told_later_of_an_arrival_came_with_it() -> None:
    """Law: goods told of after the pallet that brought them in are booked with it, once."""
    seen = {"childQuantityList": [{"epcClass": FLOUR_LOT, "quantity": 3, "uom": "KGM"}]}
    facts = followed([[
        event("Object", 0, "receiving", HUB, epcList=[pallet(7)]),
        event("Aggregation", 5, "receiving", HUB, parentID=pallet(7), **seen),
        event("Aggregation", 9, "receiving", HUB, parentID=pallet(7), **seen),
    ]])  # fmt: skip
    assert {(FLOUR, f"{FLOUR}.L1", gln_of(HUB)): 3_000} == stock(facts)


@pytest.mark.parametrize("turned", [1, -1])
def test_at_one_moment_things_come_before_they_leave(turned: int) -> None:
    """Law: at one moment boxes are made, packed and sent, or arrive, are unpacked and are sold."""
    sent = [one | {"eventTime": WAY[0]["eventTime"]} for one in WAY[:3]]
    came = [one | {"eventTime": WAY[3]["eventTime"]} for one in WAY[3:6]]
    # ten are made and eight leave; eight arrive and two are sold
    assert {AT_PLANT: 2} == stock(followed([sent[::turned]]))
    assert {AT_PLANT: 2, AT_HUB: 6} == stock(followed([(sent + came)[::turned]]))


def test_a_count_is_a_position_and_no_movement() -> None:
    """Law: a count says what is there; boxes that were believed elsewhere leave from there."""
    count = event("Object", 400, "stock_taking", SHOP, epcList=[*BOXES[:2], BOXES[9]])
    found = told([*WAY, count])
    positions = next(s for s in found.sheets if s.file.endswith("#StockPosition"))
    (position,) = records_of(positions)[0]
    # two sold boxes turn up on the shelf, and one that was believed at the plant
    assert (TEA, gln_of(SHOP), 3, "2026-03-02") == (
        position.item, position.location, position.on_hand_units, str(position.counted_on)
    )  # fmt: skip
    # it leaves the plant (2 - 1); the count itself is what puts three into the shop
    assert {AT_PLANT: 1, AT_HUB: 5} == stock(added(None, found))


def test_void_shipping_brings_back() -> None:
    """Law: what did not leave after all is where it was said to have left from."""
    back = event("Object", 30, "void_shipping", PLANT, epcList=[pallet(1)])
    assert {AT_PLANT: 10} == stock(followed([WAY[:3], [back]]))


def test_known_packs_and_places_are_used() -> None:
    """Law: a GTIN that is a pack of an item counts in the item's units, a GLN is its location."""
    facts = Snapshot(0, {
        "Item": table_of([Item("tea")], "Item"),
        "UnitConversion": table_of([UnitConversion("tea", "case", 12, 1, TEA)], "UnitConversion"),
        "Location": table_of([Location("north", gln=gln_of(HUB))], "Location"),
    })  # fmt: skip
    found = told([event("Object", 0, "receiving", HUB, epcList=BOXES[:2])], facts)
    assert {("tea", "", "north"): 24} == stock(added(facts, found))
    assert {"SerialUnit", "StockMovement", "TraceEvent", "TraceObject"} == {
        sheet.file.partition("#")[2] for sheet in found.sheets
    }


def test_a_case_counts_by_what_is_in_it() -> None:
    """Law 1: a case and the pieces that were packed into it are not both stock."""
    case = "urn:epc:id:sgtin:0614141.999999.1"
    facts = Snapshot(0, {
        "Item": table_of([Item(TEA)], "Item"),
        "UnitConversion": table_of(
            [UnitConversion(TEA, "case", 2, 1, "90614141999999")], "UnitConversion"
        ),
    })  # fmt: skip
    commissioned = event("Object", 1, "commissioning", PLANT, action="ADD", epcList=[case])
    packed = event(
        "Aggregation", 2, "packing", PLANT, action="ADD", parentID=case, childEPCs=BOXES[:2]
    )
    found = added(facts, told([WAY[0], commissioned, packed], facts))
    # ten boxes; the empty case stood for two more until the boxes in it were told
    assert {AT_PLANT: 12} == stock(found, until=1)
    assert {AT_PLANT: 10} == stock(found, until=2)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"quantityList": [{"epcClass": FLOUR_LOT, "quantity": 0.0005, "uom": "KGM"}]},
         "NOT_WHOLE_UNITS"),
        ({"quantityList": [{"epcClass": SALT, "quantity": 1, "uom": "LTR"}]}, "MIXED_UNITS"),
        ({"quantityList": [{"epcClass": SALT, "quantity": 1e40, "uom": "KGM"}]}, "NUMBER_RANGE"),
        ({"readPoint": None, "bizLocation": {"id": "geo:42.69,23.31"}}, "EVENT_PLACE"),
    ],
)  # fmt: skip
def test_what_moves_no_whole_units_is_refused(changed: dict[str, object], code: str) -> None:
    """Law: an event is captured whole or refused with its reason, and adds nothing then."""
    facts = Snapshot(0, {"Item": table_of([Item("04012345000009", "salt", "kg")], "Item")})
    found = told([event("Object", 5, "receiving", HUB, epcList=[tea(77)]) | changed], facts)
    (outcome,) = found.account.outcomes
    assert ("refused", code) == (outcome.outcome, outcome.code)
    assert [[code]] == [records_of(sheet)[1] for sheet in found.sheets]
