"""The gate of facts: what breaks a rule is set aside by name, and every row is accounted for."""

import shutil
from pathlib import Path

import pytest

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult
from graph.snapshot import apply_feed
from ontology.columns import Snapshot
from rules.release import default_release
from service.intake.fact_rules import CODE, hold_to_rules
from tests.service.planned import TWO_HUBS

EMPTY = Snapshot(0, {})


def gated(folder: Path, present: Snapshot = EMPTY) -> FeedResult:
    mapping = load_mapping(folder / "mapping.yaml")
    result = read([folder], mapping, present=present)
    return hold_to_rules(default_release(), result, present, mapping.known)


def edited(tmp_path: Path, file: str, old: str, new: str) -> Path:
    folder = tmp_path / "two_hubs"
    shutil.copytree(TWO_HUBS, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    return folder


def test_sound_facts_pass_untouched() -> None:
    """The shipped example breaks no rule and loses no row."""
    result = gated(TWO_HUBS)
    assert [] == result.quarantined["code"].tolist()
    assert all(file.rows == file.loaded for file in result.files)


def test_a_negative_capacity_is_set_aside(tmp_path: Path) -> None:
    """A lane that breaks a fact rule is quarantined with file, row, column and the rule's words."""
    lanes = (TWO_HUBS / "lanes.csv").read_text().splitlines()
    column = lanes[0].split(",").index("capacity_units_per_day")
    cells = lanes[1].split(",")
    cells[column] = "-5"
    result = gated(edited(tmp_path, "lanes.csv", lanes[1], ",".join(cells)))
    rows = [tuple(result.quarantined[name][0] for name in ("file", "row", "code"))]
    assert [("lanes.csv", 2, CODE)] == rows
    assert cells[0] not in result.tables["Lane"].keys
    (counts,) = [file for file in result.files if file.file == "lanes.csv"]
    assert counts.rows == counts.loaded + counts.duplicates + counts.quarantined
    assert 1 == counts.quarantined


@pytest.mark.parametrize("present", [EMPTY, apply_feed(EMPTY, 1, gated(TWO_HUBS).tables)])
def test_facts_are_judged_as_they_would_stand(present: Snapshot) -> None:
    """Loading the same sound facts again, on top of themselves, refuses nothing."""
    assert 0 == len(gated(TWO_HUBS, present).quarantined)


@pytest.mark.parametrize("known", ["[Item, Location]", "[Location]"])
def test_what_leans_on_a_broken_fact_goes_with_it(tmp_path: Path, known: str) -> None:
    """A count of an item whose row breaks a rule is set aside where items must be known."""
    folder = two_files(tmp_path, known)
    result = gated(folder)
    rows = list(zip(*(result.quarantined[n].tolist() for n in ("file", "row", "code")),
                    strict=True))  # fmt: skip
    item, count = ("items.csv", 3, CODE), ("stock.csv", 3, "UNKNOWN_ID")
    assert [item, *[count] * ("Item" in known)] == rows
    kept = result.tables["StockPosition"]["item"].tolist()
    assert ["nail", *["oil"] * ("Item" not in known)] == kept
    assert all(f.rows == f.loaded + f.quarantined for f in result.files)


def test_nothing_leans_on_what_is_known_before(tmp_path: Path) -> None:
    """An item that the chain has keeps its counts, though its new row breaks a rule."""
    folder = two_files(tmp_path, "[Item, Location]")
    text = (folder / "items.csv").read_text()
    (folder / "items.csv").write_text(text.replace("barrel", "litre"))
    present = apply_feed(EMPTY, 1, gated(folder).tables)
    (folder / "items.csv").write_text(text)
    assert [CODE] == gated(folder, present).quarantined["code"].tolist()


def test_a_broken_rule_says_what_was_said_and_whose_rule_it_is(tmp_path: Path) -> None:
    """The reason has the rule's words, the value, the rule and its owner."""
    result = gated(two_files(tmp_path, "[Item, Location]"))
    assert (
        "the item's base unit is missing or not a known unit: `barrel` "
        "(rule `known-base-unit` of master data)"
    ) == result.quarantined["reason"][0]


def two_files(tmp_path: Path, known: str) -> Path:
    """Two items, one of them in a unit that nobody knows, and a count of each."""
    (tmp_path / "items.csv").write_text("id,base_unit\nnail,each\noil,barrel\n")
    (tmp_path / "stock.csv").write_text("item,location,on_hand_units\nnail,north,5\noil,north,7\n")
    (tmp_path / "mapping.yaml").write_text(f"""
format: evenkeel-mapping/1
chain: leaning
source: erp
version: 1
known: {known}
constants:
  - class: Location
    fields: {{id: {{constant: north}}}}
files:
  - file: items.csv
    principal: {{class: Item, fields: by_header}}
  - file: stock.csv
    principal: {{class: StockPosition, fields: by_header}}
""")
    return tmp_path
