"""A wish that cannot be met names the facts in its way and the nearest quantities that can be."""

from dataclasses import replace
from typing import Any

import pytest

from ontology.columns import Snapshot, table_of
from ontology.edits import CAP, FORCE, PIN, Edit
from ontology.errors import InputError
from ontology.transport import Budget, TransferLot, TruckLoad
from rules.release import default_release
from service.decision import PlanRequest, ask
from service.edit_stops import Nearby, exists, nearby
from service.limits import limit_named, without_limit
from service.planning import draft_plan
from tests.service import regimes
from tests.solver import two_hubs

REQUEST = PlanRequest("two_hubs")
RELEASE = default_release()
LOTS, LOAD = "TransferLot/widget/truck-ns", "TruckLoad/truck-ns"


def facts(*more: Any) -> Snapshot:
    """two_hubs with some facts more."""
    tables = dict(two_hubs.snapshot().tables)
    for record in more:
        tables[type(record).__name__] = table_of([record], type(record).__name__)
    return Snapshot(1, tables)


def widgets(kind: str, units: int) -> Edit:
    """A wish for widgets from north, where 8 lie and 5 must stay, to south."""
    return Edit("widget", "truck-ns", kind=kind, units=units)


def found(edit: Edit, *more: Any) -> Nearby:
    """What is said of a wish that is refused."""
    request = replace(REQUEST, edits=(edit,))
    assert not exists(facts(*more), RELEASE, request)
    told = nearby(ask(facts(*more), RELEASE, request), [edit])
    assert told is not None
    return told


def test_a_floor_is_named_with_what_it_keeps() -> None:
    """6 of 8 widgets cannot go where 5 must stay: 3 can."""
    floor = "the rule safety-floor (5 widget stay at north)"
    assert Nearby(3, None, (floor,)) == found(widgets(FORCE, 6))


def test_lots_are_named_with_the_quantities_on_both_sides() -> None:
    """In lots of 2, 1 cannot go: none or 2 can."""
    assert Nearby(0, 2, (LOTS,)) == found(
        widgets(PIN, 1), TransferLot("widget", "truck-ns", 2)
    )  # fmt: skip


def test_loads_are_named() -> None:
    """One load of two units a day: 3 cannot go, 2 can."""
    assert Nearby(2, None, (LOAD,)) == found(
        widgets(FORCE, 3), TruckLoad("truck-ns", "units", 2, 0, 1)
    )  # fmt: skip


def test_all_that_is_in_the_way_together_is_named() -> None:
    """A load and a budget that both let one unit go: neither alone frees the third."""
    told = found(widgets(FORCE, 3), TruckLoad("truck-ns", "units", 1, 0, 1), Budget("freight", 30))
    assert Nearby(1, None, ("Budget/freight", LOAD)) == told


def test_where_the_units_are_not_there_the_way_to_more_is_told() -> None:
    """100 widgets there are nowhere; of more than 3 the floor is in the way."""
    told = found(widgets(FORCE, 100))
    assert (3, None, True) == (told.below, told.above, told.of_more)
    assert str(told).startswith("in the way of more than 3: the rule safety-floor (5 widget")


def test_a_wish_that_cannot_be_met_is_refused_in_these_words() -> None:
    """The refusal of a plan names the facts and the nearest quantities."""
    with pytest.raises(InputError) as refused:
        draft_plan(facts(TruckLoad("truck-ns", "units", 2, 0, 1)), RELEASE,
                   replace(REQUEST, edits=(widgets(FORCE, 3),)))  # fmt: skip
    assert "EDITS_CONFLICT" == refused.value.code
    assert str(refused.value).endswith(f"in the way: {LOAD}; nearest: 2 units")


@pytest.mark.parametrize("seed", range(10))
def test_the_nearest_can_be_had_and_nothing_nearer(seed: int) -> None:
    """What is said to be nearest has a plan with all items, and the next unit has none."""
    asked = regimes.whole(seed)
    draft = regimes.drafted(asked)
    line = next((each for each in draft.decision["lines"] if each["kind"] == "transfer"), None)
    if line is None:
        return
    for kind, units in ((FORCE, 50), (PIN, line["quantity_units"] + 1)):
        edit = Edit(line["item"], line["lane"], kind=kind, units=units)
        request = replace(asked.request, edits=(edit,))
        if exists(asked.snapshot, asked.release, request):
            continue
        told = nearby(ask(asked.snapshot, asked.release, request), [edit])
        assert told is not None
        for there, step in ((told.below, 1), (told.above, -1)):
            for quantity in () if there is None else range(there, units, step):
                wish = replace(request, edits=(replace(edit, kind=PIN, units=quantity),))
                assert (quantity == there) == exists(asked.snapshot, asked.release, wish)


def test_a_fact_in_the_way_is_no_longer_when_it_is_gone() -> None:
    """Without the facts that are named there is a plan."""
    snapshot = facts(TruckLoad("truck-ns", "units", 2, 0, 1))
    request = replace(REQUEST, edits=(widgets(FORCE, 3),))
    lifted = without_limit(snapshot, limit_named(snapshot, "lane:truck-ns"))
    assert (False, True) == tuple(exists(each, RELEASE, request) for each in (snapshot, lifted))


def test_a_cap_has_only_quantities_above() -> None:
    """Nothing keeps a line from being smaller here: a cap is no conflict."""
    assert exists(facts(), RELEASE, replace(REQUEST, edits=(widgets(CAP, 0),)))
