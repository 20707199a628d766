"""The table of meanings: complete, the same in the guide, and each row does what it says."""

import re
from pathlib import Path

import pytest

from feeds.epcis.capture import OUTCOMES
from feeds.epcis.meanings import ANY, DISPOSITIONS, MEANINGS, RANKS, Effect, Meaning, meaning
from feeds.epcis.rows import HEADERS
from feeds.refusals import HINTS
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from tests.feeds.epcis.telling import HUB, PLANT, TEA, event, followed, gln_of, stock, tea

GUIDE = (Path(__file__).parents[3] / "docs/epcis.md").read_text()
STEPS = (
    "accepting arriving assembling collecting commissioning consigning creating_class_instance "
    "cycle_counting decommissioning departing destroying disassembling dispensing encoding "
    "entering_exiting holding inspecting installing killing loading other packing picking "
    "receiving removing repackaging repairing replacing reserving retail_selling sampling "
    "sensor_reporting shipping staging_outbound stock_taking stocking storing transporting "
    "unloading unpacking void_shipping"
)
AT_HUB = (TEA, "", gln_of(HUB))


def rows_after(heading: str) -> list[list[str]]:
    """The rows of the table below a heading of the guide."""
    part = GUIDE.split(f"## {heading}\n", 1)[1].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_guide_shows_the_table() -> None:
    """Law: the guide's tables are those by which events are read."""
    rows = [[row.step, row.action, row.effect, row.kind, row.why] for row in MEANINGS]
    assert rows == rows_after("What a step means")
    others = [[word, old, new.effect, new.kind, new.why] for word, old, new in DISPOSITIONS]
    assert others == rows_after("What a disposition adds")


def test_the_guide_names_outcomes_codes_and_fields() -> None:
    """Law: every outcome, every code of an event and every class with its fields is explained."""
    assert list(OUTCOMES) == [row[0] for row in rows_after("What becomes of an event")]
    codes = [row[0] for row in rows_after("Why an event is refused")]
    assert {code for code in HINTS if code.startswith(("EVENT_", "KEY_", "CHECK_"))} <= set(codes)
    assert set(codes) <= set(HINTS)
    assert [
        [name, ", ".join(f"`{f}`" for f in fields).strip("`")] for name, fields in HEADERS.items()
    ] == rows_after("What is written down")


def test_sheets_have_the_fields_of_their_class() -> None:
    """Law: a sheet's header names fields of its class, and every field that must be stated."""
    for name, header in HEADERS.items():
        assert set(header) <= set(field_kinds(RECORDS[name]))
        assert set(RECORDS[name].KEY) <= set(header)


@pytest.mark.parametrize("action", ["ADD", "OBSERVE", "DELETE"])
def test_every_step_has_a_meaning(action: str) -> None:
    """Law: no step of the standard, of someone's own or left out is without a meaning."""
    for step in [*STEPS.split(), "", "https://own.example/step"]:
        found = meaning(step, action, "")
        assert found.why
        assert found.effect in RANKS
        assert bool(found.kind) == (found.effect != Effect.NONE)
    known = {row.step for row in MEANINGS} - {ANY}
    assert known <= set(STEPS.split())


EFFECTS = {
    Effect.CREATE: (1, 4), Effect.ARRIVE: (1, 4), Effect.DEPART: (-1, -4),
    Effect.REMOVE: (-1, -4), Effect.COUNT: (0, 0), Effect.LOCATE: (0, 0), Effect.NONE: (0, 0),
}  # fmt: skip


@pytest.mark.parametrize("row", MEANINGS, ids=lambda row: f"{row.step} {row.action}")
def test_a_row_does_what_it_says(row: Meaning) -> None:
    """Law 1: the effect of each row on a box that was not known, and on four loose ones."""
    step = "" if row.step == ANY else row.step
    action = "OBSERVE" if row.action == ANY else row.action
    amount = [{"epcClass": "urn:epc:idpat:sgtin:0614141.107346.*", "quantity": 4}]
    one = event("Object", 0, step, HUB, action=action, epcList=[tea(1)])
    four = event("Object", 0, step, HUB, action=action, quantityList=amount)
    expected = [{AT_HUB: units} if units else {} for units in EFFECTS[row.effect]]
    assert expected == [stock(followed([[told]])) for told in (one, four)]


@pytest.mark.parametrize(
    ("step", "disposition", "expected"),
    [
        ("holding", "", {AT_HUB: 1}),
        ("holding", "in_transit", {}),
        ("holding", "stolen", {}),
        ("inspecting", "destroyed", {}),
        ("", "retail_sold", {}),
    ],
)
def test_a_thing_known_elsewhere_is_brought(
    step: str, disposition: str, expected: dict[tuple[str, str, str], int]
) -> None:
    """Law 1: seen at another place a thing moves there, unless its disposition says otherwise."""
    came = event("Object", 0, "receiving", PLANT, epcList=[tea(1)])
    seen = event("Object", 9, step, HUB, disposition=disposition or "active", epcList=[tea(1)])
    found = stock(followed([[came, seen]]))
    left = {} if disposition != "in_transit" else {(TEA, "", gln_of(PLANT)): 1}
    assert expected | left == found


def test_a_part_that_is_handed_out_leaves_the_rest() -> None:
    """Law: what is dispensed in part stays, and the account says that the amount is not told."""
    part = event(
        "Object", 5, "dispensing", HUB, disposition="partially_dispensed", epcList=[tea(1)]
    )
    came = event("Object", 0, "receiving", HUB, epcList=[tea(1)])
    assert {AT_HUB: 1} == stock(followed([[came, part]]))


def test_the_guide_links_work() -> None:
    """Law: what the guide refers to is there."""
    for link in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (Path(__file__).parents[3] / "docs" / link).exists()
