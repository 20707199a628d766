"""Thresholds keep their ranges, and the guide to quality states each of them."""

import re
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from feeds.gates.findings import HINTS, ROW_HINTS
from feeds.gates.series import SERIES
from feeds.gates.thresholds import DEFAULTS, Thresholds
from feeds.refusals import HINTS as REFUSALS
from ontology.columns import empty_table
from ontology.errors import InputError

GUIDE = (Path(__file__).parents[3] / "docs/quality.md").read_text()


@pytest.mark.parametrize("field", [field.name for field in fields(Thresholds)])
def test_a_threshold_is_a_whole_number_in_its_range(field: str) -> None:
    """Law: 0, a fraction, and more than 100 percent of a whole are refused by name."""
    for value in (0, -1, 1.5, True, 10**7):
        with pytest.raises(InputError, match=f"`{field}`") as caught:
            Thresholds(**{field: value})  # type: ignore[arg-type]
        assert "BAD_THRESHOLD" == caught.value.code


def test_the_guide_states_every_threshold() -> None:
    """Law: the guide's table holds each threshold with its default, and no other."""
    stated = GUIDE.partition("\n## Thresholds\n")[2].partition("\n## ")[0]
    found = dict(re.findall(r"^\| `([a-z_]+)` \| ([0-9]+) \|", stated, re.MULTILINE))
    assert found == {name: str(value) for name, value in asdict(DEFAULTS).items()}


def test_the_guide_states_every_code() -> None:
    """Law: the guide's table of codes holds each with its hint; rows' codes are refusals, too."""
    found = dict(re.findall(r"^\| `([A-Z_]+)` \|.*\| ([^|]*) \|$", GUIDE, re.MULTILINE))
    assert found == HINTS
    assert ROW_HINTS.items() <= REFUSALS.items()


def test_series_are_of_fields_that_exist() -> None:
    """Law: what is held against its past is a number by item, on a day."""
    for series in SERIES:
        table = empty_table(series.class_name)
        assert "item" == series.by[0]
        assert {"M", "i"} == {table[series.on].dtype.kind, table[series.value].dtype.kind}
        assert set(series.by) <= set(table.columns)
