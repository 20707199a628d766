"""Kinds of movements: a listed word each, and the sign that a source leaves to them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.mapping import Mapping
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from ontology.errors import InputError
from ontology.movement_kinds import EITHER, IN, MOVEMENT_KINDS

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: wms
version: 1
known: []
files:
  - file: moves.csv
    principal:
      class: StockMovement
      fields:
        id: id
        item: {constant: tea}
        location: {constant: hub}
        kind: %s
        effective_on: {column: on, as: date}
        quantity_units: {column: units, %s}
"""
WORDS = "{column: kind, as: enum, values: {GR: receipt, GI: issue}}"


def mapping(kind: str = "kind", units: str = "sign: by_kind") -> Mapping:
    """The mapping of a source that writes a kind and a number."""
    return parse_mapping((MAPPING % (kind, units)).encode(), "m.yaml")


def told(folder: Path, rows: list[tuple[str, str]], how: Mapping) -> FeedResult:
    """What rows of kind and number are read as."""
    lines = [f"{at},{kind},2026-03-01,{units}\n" for at, (kind, units) in enumerate(rows)]
    (folder / "moves.csv").write_text("id,kind,on,units\n" + "".join(lines))
    return read([folder / "moves.csv"], how)


def units_of(found: FeedResult) -> dict[str, int]:
    """The units of each movement by its name."""
    table = found.tables["StockMovement"]
    return dict(zip(table["id"].tolist(), table["quantity_units"].tolist(), strict=True))


ROWS = st.lists(st.tuples(st.sampled_from([*MOVEMENT_KINDS, "gift"]), st.integers(-9, 9)),
                min_size=1, max_size=12)  # fmt: skip


@given(rows=ROWS, way=st.sampled_from(["as: integer, ", "as: decimal, ", ""]))
def test_the_kind_says_the_sign(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], way: str
) -> None:
    """Law: a row is loaded as if its sign had been written, or quarantined where it has one."""
    folder = tmp_path_factory.mktemp("rows")
    expected, refused = {}, {}
    for at, (kind, units) in enumerate(rows):
        if kind not in MOVEMENT_KINDS:
            refused[at + 2] = "NOT_IN_LIST"
        elif units < 0 and MOVEMENT_KINDS[kind].direction != EITHER:
            refused[at + 2] = "NEGATIVE_QUANTITY"
        else:
            direction = MOVEMENT_KINDS[kind].direction
            expected[str(at)] = units if direction in (IN, EITHER) else -units
    found = told(folder, [(kind, str(units)) for kind, units in rows],
                 mapping(units=f"{way}sign: by_kind"))  # fmt: skip
    assert expected == (units_of(found) if "StockMovement" in found.tables else {})
    quarantined = found.quarantined
    assert refused == dict(zip(quarantined["row"].tolist(), quarantined["code"], strict=True))


def test_own_words_and_decimals_go_with_it(tmp_path: Path) -> None:
    """Law: words are translated first; without a factor a decimal is a whole number of units."""
    how = mapping(WORDS, 'as: decimal, sign: by_kind, mark: ","')
    found = told(tmp_path, [("GI", "5"), ("GR", '"7,0"'), ("GI", '"0,5"'), ("XX", "1")], how)
    assert {"0": -5, "1": 7} == units_of(found)
    assert ["NOT_EXACT", "UNKNOWN_VALUE"] == found.quarantined["code"].tolist()


def test_what_cannot_be_read_says_so_first(tmp_path: Path) -> None:
    """Law: a cell that is no number, or a kind that is no word, is what its row is refused for."""
    found = told(tmp_path, [("issue", "many"), ("isue", "5"), ("issue", "3")], mapping())
    assert {"2": -3} == units_of(found)
    assert ["NOT_AN_INTEGER", "NOT_IN_LIST"] == found.quarantined["code"].tolist()
    assert found.lines()[1][0].endswith("; the nearest is `issue`")


@pytest.mark.parametrize(
    ("kind", "units", "says"),
    [
        ("kind", "as: integer, sign: by_hand", "`by_hand` is not possible here"),
        ("{constant: delivery}", "as: integer", "`delivery` is none of: opening, receipt"),
        ("{column: kind, as: enum, values: {GI: gift}}", "as: integer", "`gift` is none of"),
    ],
)
def test_a_mapping_is_held_to_the_words(kind: str, units: str, says: str) -> None:
    """Law: a mapping that means no kind, or no way to say a sign, is refused at its line."""
    with pytest.raises(InputError, match=says):
        mapping(kind, units)


def test_a_mapping_is_known_by_who_says_the_sign() -> None:
    """Law: leaving the sign to the kind is another meaning, and so another digest."""
    assert mapping(units="as: integer").digest != mapping().digest
    assert mapping(units="as: decimal").digest == mapping(units="as: decimal, factor: 1").digest
