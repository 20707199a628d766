"""Every published EPCIS 2.0 example: captured with the stock it means, or refused with reason."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.epcis.capture import Capture, capture
from ontology.columns import Snapshot
from ontology.errors import InputError
from tests.feeds.epcis.telling import LIMITS, added, outcomes, places, stock

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("EVENKEEL_SHARED") or ROOT.parent / "shared")
EXAMPLES = SHARED / "data/epcis2/examples"
pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason=f"the published examples are not at {EXAMPLES}"
)
HASHES = {
    "AssociationEvent-a.jsonld": ["39141606ab0b"],
    "AssociationEvent-b.jsonld": ["2a4801ee7705"],
    "AssociationEvent-c.jsonld": ["847bbfc737fe"],
    "AssociationEvent-d.jsonld": ["b9350b16fd98"],
    "AssociationEvent-e.jsonld": ["2820137e367d"],
    "AssociationEvent-f.jsonld": ["69e809bf262e"],
    "AssociationEvent-g.jsonld": ["b9350b16fd98"],
    "AssociationEvent-h.jsonld": ["2fff9bed44a9"],
    "Example-Type-sourceOrDestination,measurement,bizTransaction.jsonld": ["42f0abe66814"],
    "Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers.jsonld": ["df6523665bc5", "32547b2344d5"],
    "Example_9.6.1-ObjectEvent.jsonld": ["df6523665bc5", "32547b2344d5"],
    "Example_9.6.1-with-comment.jsonld": ["df6523665bc5", "32547b2344d5"],
    "Example_9.6.2-ObjectEvent.jsonld": ["352ffde93667"],
    "Example_9.6.3-AggregationEvent.jsonld": ["96b6bf98742a"],
    "Example_9.6.4-TransformationEvent.jsonld": ["c794227acf3a"],
    "PersistentDisposition-example.jsonld": ["8bc6684804a2", "d45746bb0cfc"],
    "Example_9.6.1-ObjectEventWithDigitalLink.jsonld": ["d3b08a0fc053", "4edc29e1e684"],
    "Example_9.6.2-ObjectEventWithDigitalLink.jsonld": ["7542dcd055bf"],
    "Example_9.6.3-AggregationEventWithDigitalLink.jsonld": ["c6d04a3b2879"],
    "Example_9.6.4-TransformationEventWithDigitalLink.jsonld": ["c794227acf3a"],
    "ErrorDeclarationAndCorrectiveEvent.jsonld": ["db50dd61ad03", "e74d8397fb06"],
    "Example_9.6.1-ObjectEvent-with-error-declaration.jsonld": ["df6523665bc5", "32547b2344d5"],
    "SensorDataExample1.jsonld": ["4eea934e9e0b"],
    "SensorDataExample10.jsonld": ["6dfb6e940ab8"],
    "SensorDataExample11.jsonld": ["e5148fe26483"],
    "SensorDataExample13.jsonld": ["f92619eaba7f"],
    "SensorDataExample14.jsonld": ["f53077e26dc7"],
    "SensorDataExample15.jsonld": ["fcb10e73fec5"],
    "SensorDataExample16.jsonld": ["e1c13af8c5c9"],
    "SensorDataExample17.jsonld": ["78f7ce4e3410"],
    "SensorDataExample1b.jsonld": ["08beb681e36b"],
    "SensorDataExample2.jsonld": ["45a15b4a53f3"],
    "SensorDataExample3.jsonld": ["de0c28e7a5ec"],
    "SensorDataExample4.jsonld": ["eeb655259427"],
    "SensorDataExample5.jsonld": ["b1755d5ed79d"],
    "SensorDataExample6.jsonld": ["dc553ea18db2"],
}
"""By file: the first digits of what the reference implementation (1.9.3) gives.

Left out are files that it cannot read, and those where it writes a truth otherwise than in XML,
loses digits of long numbers, or puts extensions elsewhere than the standard says.
"""
SHOE = "10614141073464"
STOCK: dict[str, dict[tuple[str, str, str], int]] = {
    # two boxes leave 0614141.07346, one arrives at 0012345.11111
    "Example_9.6.1-ObjectEvent.jsonld": {
        (SHOE, "", "0012345111112"): 1, (SHOE, "", "0614141073467"): -2},
    "Example_9.6.1-with-comment.jsonld": {
        (SHOE, "", "0012345111112"): 1, (SHOE, "", "0614141073467"): -2},
    "Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers.jsonld": {
        (SHOE, "", "0012345111112"): 1, (SHOE, "", "0614141073467"): -2},
    "EPCISQueryDocument.jsonld": {
        (SHOE, "", "0012345111112"): 1, (SHOE, "", "0614141073467"): -2},
    "Example_9.6.1-ObjectEventWithDigitalLink.jsonld": {
        ("70614141123451", "", "0012345111112"): 1, ("70614141123451", "", "0614141073467"): -2},
    # 200 kg of a lot arrive: 200,000 g
    "Example_9.6.2-ObjectEvent.jsonld": {
        ("04012345123456.GRM", "04012345123456.GRM.998877", "0614141008889"): 200_000},
    "Example_9.6.2-ObjectEventWithDigitalLink.jsonld": {
        ("70614141123451.GRM", "70614141123451.GRM.998877", "0614141008889"): 200_000},
    # a pallet arrives with two boxes, ten pieces and 200.5 kg of a lot
    "Example_9.6.3-AggregationEvent.jsonld": {
        (SHOE, "", "0614141008889"): 2, ("04012345987652", "", "0614141008889"): 10,
        ("04012345123456.GRM", "04012345123456.GRM.998877", "0614141008889"): 200_500},
    "Example_9.6.3-AggregationEventWithDigitalLink.jsonld": {
        ("70614141123451", "", "0614141008889"): 2, ("04012345987652", "", "0614141008889"): 10,
        ("04012345123456.GRM", "04012345123456.GRM.998877", "0614141008889"): 200_500},
    # two things, 10 kg, 30 and 220 pieces become four things
    "Example_9.6.4-TransformationEvent.jsonld": {
        ("04012345111224", "", "4012345000016"): -1, ("04000001654321", "", "4012345000016"): -1,
        ("04012345111118.GRM", "04012345111118.GRM.4444", "4012345000016"): -10_000,
        ("00614141777778", "00614141777778.987", "4012345000016"): -30,
        ("04012345666663", "", "4012345000016"): -220,
        ("04012345778892", "", "4012345000016"): 4},
    # ten things arrive; inspecting them moves nothing
    "PersistentDisposition-example.jsonld": {("09520001123467", "", "9529999999993"): 10},
    # the first event is declared wrong; the second one tells it right: 500 kg become 500 kg
    "ErrorDeclarationAndCorrectiveEvent.jsonld": {
        ("04012345111118", "", "0614141073467"): -1,
        ("04012345222227.GRM", "04012345222227.GRM.87545GHGH", "0614141073467"): -500_000,
        ("04012345333336", "", "0614141073467"): 1,
        ("04012345444445.GRM", "", "0614141073467"): 500_000},
    # the shipment is declared wrong; the arrival stands
    "Example_9.6.1-ObjectEvent-with-error-declaration.jsonld": {
        (SHOE, "", "0012345111112"): 1},
}  # fmt: skip
STOCK["Example_9.6.4-TransformationEventWithDigitalLink.jsonld"] = STOCK[
    "Example_9.6.4-TransformationEvent.jsonld"
]
"""By file: the stock that its events move. Files that are not here move none."""
REFUSED_FILE = "transformation_event_all_possible_fields.jsonld"
REFUSED_EVENT = "AssociationEvent-h.jsonld"


def files() -> list[Path]:
    return sorted(EXAMPLES.rglob("*.jsonld")) if EXAMPLES.is_dir() else []


def example(name: str, present: Snapshot | None = None) -> Capture:
    (path,) = EXAMPLES.rglob(name)
    return capture(path.read_bytes(), name, present, LIMITS)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_example_is_captured_or_refused(path: Path) -> None:
    """Law: each event has one outcome with a reason, and moves the stock that is derived above."""
    if path.name == REFUSED_FILE:
        with pytest.raises(
            InputError, match="`cbvmda` is protected by the EPCIS context"
        ) as caught:
            example(path.name)
        assert "CONTEXT_FORM" == caught.value.code
        return
    found = example(path.name)
    assert STOCK.get(path.name, {}) == stock(added(None, found))
    assert all(one.reason for one in found.account.outcomes)
    refused = [one.code for one in found.account.outcomes if one.outcome == "refused"]
    assert (["EVENT_FORM"] if path.name == REFUSED_EVENT else []) == refused
    if path.name in HASHES:
        hashes = [one.digest[:12] for one in found.account.outcomes]
        assert HASHES[path.name] == hashes or path.name == REFUSED_EVENT


def test_the_examples_are_all_here() -> None:
    """Law: there are as many examples as there were, and each outcome as often."""
    assert 47 == len(files())
    tally: dict[str, int] = {}
    for path in files():
        if path.name != REFUSED_FILE:
            for outcome in outcomes(example(path.name)):
                tally[outcome] = tally.get(outcome, 0) + 1
    assert TALLY == tally


TALLY = {
    "containment": 5, "movement": 19, "no effect": 12, "place": 10, "refused": 1, "withdrawal": 8,
}  # fmt: skip


def in_a_row(names: list[str]) -> Iterator[tuple[Capture, Snapshot]]:
    facts: Snapshot | None = None
    for name in names:
        found = example(name, facts)
        facts = added(facts, found)
        yield found, facts


def test_the_same_event_in_four_files_is_one() -> None:
    """Law 6: a query result, a comment and other headers do not make another event."""
    names = [name for name, said in STOCK.items() if said == STOCK["EPCISQueryDocument.jsonld"]]
    assert 4 == len(names)
    steps = list(in_a_row(names))
    assert [["movement"] * 2] + [["repeated"] * 2] * 3 == [outcomes(one) for one, _ in steps]
    assert STOCK[names[0]] == stock(steps[-1][1])


def test_the_declared_shipment_is_taken_back() -> None:
    """Law: the example of an error declaration closes the shipment of the first example."""
    first, second = in_a_row(
        [
            "Example_9.6.1-ObjectEvent.jsonld",
            "Example_9.6.1-ObjectEvent-with-error-declaration.jsonld",
        ]
    )
    assert {(SHOE, "", "0012345111112"): 1, (SHOE, "", "0614141073467"): -2} == stock(first[1])
    assert ["withdrawal", "repeated"] == outcomes(second[0])
    assert {(SHOE, "", "0012345111112"): 1} == stock(second[1])


def test_one_name_for_two_events_is_refused() -> None:
    """Law 6: two sensor examples share an event id, and so do two examples of associations."""
    pairs = (
        ["SensorDataExample13.jsonld", "SensorDataExample17.jsonld"],
        ["AssociationEvent-f.jsonld",
         "Example-Type-sourceOrDestination,measurement,bizTransaction.jsonld"],
    )  # fmt: skip
    for names in pairs:
        *_, (found, _) = in_a_row(names)
        assert ["EVENT_CHANGED"] == [one.code for one in found.account.outcomes]


def test_the_whole_set_in_a_row() -> None:
    """Law: all examples together give the stock that each adds, the second telling left out."""
    names = [path.name for path in files() if path.name != REFUSED_FILE]
    *_, (_, facts) = in_a_row(names)
    *_, (_, back) = in_a_row(names[::-1])
    assert stock(facts) == stock(back)
    assert places(facts) == places(back)
