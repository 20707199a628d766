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
    result = read([folder], load_mapping(folder / "mapping.yaml"), present=present)
    return hold_to_rules(default_release(), result, present)


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
