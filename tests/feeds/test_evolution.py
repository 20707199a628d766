"""Mappings of every form stay readable and mean what they meant; changes are told in words."""

from pathlib import Path

import pytest

from feeds.evolution import column_notes, mapping_notes
from feeds.mapping_text import load_mapping, parse_mapping
from feeds.result import FileCounts
from ontology.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden"
FORMS = {
    "mapping_1/all_keys.yaml": "ce9235076460fb02cdb365c94aaef064f6d81a4393d558840c871d9277a3bbe9",
}


@pytest.mark.parametrize("name", FORMS)
def test_an_old_mapping_means_what_it_meant(name: str) -> None:
    """Law: a mapping is known by the digest of its meaning, and that digest never changes."""
    assert FORMS[name] == load_mapping(GOLDEN / name).digest


@pytest.mark.parametrize("more", ["", "rules: {}\n", "files: 5\n"])
def test_a_form_that_comes_later_is_named(more: str) -> None:
    """Law: a mapping of a later form is refused for its form, whatever else it may hold."""
    with pytest.raises(InputError) as caught:
        parse_mapping(f"format: evenkeel-mapping/2\n{more}".encode(), "m.yaml")
    assert ("MAPPING_VERSION_UNKNOWN", 1) == (caught.value.code, caught.value.place.row)


def test_columns_are_compared_by_file() -> None:
    """Law: each column that came or went is named; a file that is new has nothing to compare."""
    files = [
        FileCounts("a.csv", "", unread_columns=("x", "y"), columns=("id", "x", "y")),
        FileCounts("b.csv", "", columns=("new", "id")),
        FileCounts("c.csv", "", columns=("id",)),
    ]
    before = {"a.csv": ("id",), "b.csv": ("id", "gone"), "other.csv": ("z",)}
    assert [
        "a.csv: columns `x`, `y` are new since the last delivery, and no field reads them",
        "b.csv: column `new` is new since the last delivery",
        "b.csv: column `gone` is gone since the last delivery",
    ] == column_notes(before, files)
    wide = [FileCounts("a.csv", "", columns=tuple(f"c{n:02}" for n in range(30)))]
    (note,) = column_notes({"a.csv": ()}, wide)
    assert "`c09` and 20 more are new" in note
    assert "c10" not in note


def test_a_mapping_is_compared_by_meaning() -> None:
    """Law: the same meaning is no change, whatever its number; nothing told is nothing compared."""
    mapping = load_mapping(GOLDEN / "mapping_1/all_keys.yaml")
    assert [] == mapping_notes(7, mapping.digest, mapping)
    assert [] == mapping_notes(0, "", mapping)
    assert [] == mapping_notes(6, "0" * 64, mapping)
    assert mapping_notes(7, "0" * 64, mapping)[0].endswith("[MAPPING_VERSION_CHANGED]")
    assert mapping_notes(8, "0" * 64, mapping)[0].endswith("[MAPPING_VERSION_BACK]")
