"""Cells that refer to another row: linked, never copied, and refused where they do not fit."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.facts import inherited
from feeds.mapping_text import parse_mapping
from feeds.reading import read
from feeds.result import FeedResult
from feeds.row_links import Link
from ontology.columns import MISSING, Snapshot
from ontology.errors import InputError

MAPPING = """
format: evenkeel-mapping/1
chain: small
source: erp
version: 1
known: [DeliveryLine]
files:
  - file: lines.csv
    principal:
      class: DeliveryLine
      fields:
        id: ID
        item: Item
        supplier: Vendor
        country: Land
        quantity_units: Packs
        shipment_number: Note
        freight_cents: {column: Freight, as: decimal, factor: 100, missing: [Invoiced]}
        freight_basis:
          {column: Freight, as: enum, values: {Invoiced: invoiced separately}, otherwise: stated}
        freight_line:
          column: Freight
          as: link
          pattern: "See {Note} (ID#:{ID})"
          number: freight_cents
          word: freight_basis
          says: on another line
"""
HEADER = "ID,Item,Vendor,Land,Packs,Note,Freight\n"


def read_lines(folder: Path, *cells: str, present: Snapshot | None = None) -> FeedResult:
    """Lines 1, 2, ... of the delivery N1 with these freight cells; `N2|...` changes the note."""
    rows = []
    for number, cell in enumerate(cells, 1):
        note, _, freight = cell.rpartition("|")
        rows.append(f"{number},pill,ACME,KE,5,{note or 'N1'},{freight}\n")
    (folder / "lines.csv").write_text(HEADER + "".join(rows))
    mapping = parse_mapping(MAPPING.encode(), "m.yaml")
    return read([folder / "lines.csv"], mapping, present=present)


def freight(result: FeedResult) -> list[tuple[int | None, str, str | None]]:
    """Cents, basis and line referred to of each line that was loaded."""
    table = result.tables["DeliveryLine"]
    cents = [None if c == MISSING else c for c in table["freight_cents"].tolist()]
    return list(zip(cents, table["freight_basis"], table["freight_line"], strict=True))


def test_a_reference_is_linked_and_its_number_is_not_copied(tmp_path: Path) -> None:
    """Law: the sum over lines is the sum of the stated numbers, whoever refers to them."""
    result = read_lines(tmp_path, "See N1 (ID#:2)", "12.50", "See N1 (ID#:2)")
    linked = (None, "on another line", "2")
    assert [linked, (1250, "stated", None), linked] == freight(result)
    assert {"DeliveryLine.freight_line: linked": 2} == dict(+result.counts)


def test_a_gap_is_taken_over_through_a_chain(tmp_path: Path) -> None:
    """Law: where the row at the end has no number, its word is that of all that lead to it."""
    result = read_lines(tmp_path, "See N1 (ID#:2)", "See N1 (ID#:3)", "Invoiced", "7")
    word = "invoiced separately"
    expected = [(None, word, "2"), (None, word, "3"), (None, word, None), (700, "stated", None)]
    assert expected == freight(result)
    counted = {"DeliveryLine.freight_line: linked": 2,
               f"DeliveryLine.freight_basis: taken over, {word}": 2}  # fmt: skip
    assert counted == dict(+result.counts)


def test_a_long_chain_looks_at_each_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law: however long a chain is, each of its rows is looked at once, not once per row before."""
    looked, rows = [], 2_000
    content = inherited._content
    monkeypatch.setattr(inherited, "_content", lambda *a: looked.append(a[1]) or content(*a))
    cells = [f"See N1 (ID#:{number})" for number in range(2, rows + 1)]
    result = read_lines(tmp_path, *cells, "Invoiced")
    assert {"invoiced separately"} == {basis for _, basis, _ in freight(result)}
    assert rows == len(looked) == len(set(looked))


def test_a_circle_over_two_feeds_has_no_word(tmp_path: Path) -> None:
    """Law: a circle that an earlier feed closes is a reference for ever: no word is taken over."""
    before = read_lines(tmp_path, "See N1 (ID#:2)", "Invoiced")
    assert "invoiced separately" == freight(before)[0][1]
    later = tmp_path / "later"
    later.mkdir()
    (later / "lines.csv").write_text(HEADER + "2,pill,ACME,KE,5,N1,See N1 (ID#:1)\n"
                                     "3,pill,ACME,KE,5,N1,See N1 (ID#:1)\n")  # fmt: skip
    result = read([later], parse_mapping(MAPPING.encode(), "m.yaml"),
                  present=Snapshot(1, before.tables))  # fmt: skip
    assert ["on another line"] * 2 == [basis for _, basis, _ in freight(result)]


def backwards(pattern: str, text: str) -> dict[str, str] | None:
    """What an expression that tries everything makes of a cell."""
    parts = re.split(r"\{([^{}]+)\}", pattern)
    wild = "".join(f"(?P<{part}>[^\n]{{1,200}}?)" if at % 2 else re.escape(part)
                   for at, part in enumerate(parts))  # fmt: skip
    found = re.fullmatch(wild, text)
    return None if found is None else found.groupdict()


@given(
    st.lists(st.sampled_from(["", "a", "b", "ab", "ba", "aa", "\n"]), min_size=2, max_size=5),
    st.text("ab\nc", max_size=14),
)
def test_a_pattern_reads_what_trying_everything_reads(texts: list[str], cell: str) -> None:
    """Law: one pass gives the answer of a search through all ways to cut a cell up."""
    inner = [text or "b" for text in texts[1:-1]]  # two columns never stand side by side
    literals = [texts[0], *inner, texts[-1]]
    pattern = literals[0] + "".join(f"{{C{at}}}{text}" for at, text in enumerate(literals[1:]))
    link = Link("weight_line", "W", pattern, "C0", "n", "w", "s")
    assert backwards(pattern, cell) == link.read(cell)


def test_many_columns_in_a_pattern_are_read_in_one_pass() -> None:
    """Law: a cell that almost fits a pattern of eight columns is refused at once."""
    link = Link("weight_line", "W", " ".join(f"{{C{at}}}" for at in range(8)) + "!", "C0", "n",
                "w", "s")  # fmt: skip
    assert link.read("x " * 4_000) is None
    assert ["x"] * 8 == list((link.read(" ".join("x" * 8) + "!") or {}).values())
    assert link.read("x" * 201 + " x x x x x x x!") is None


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("See N9 (ID#:2)", "5"), ["LINK_MISMATCH"]),
        (("See N1 (ID#:2)", "N2|5"), ["LINK_MISMATCH"]),
        (("See N1 (ID#:9)", "5"), ["UNKNOWN_ID"]),
        (("See N1 (ID#:1)", "5"), ["LINK_CIRCLE"]),
        (("See N1 (ID#:3)", "5", "See N1 (ID#:1)"), ["LINK_CIRCLE"] * 2),
        (("See N1 (ID#:2", "5"), ["NOT_A_NUMBER"]),
        (("Invoicd", "5"), ["NOT_A_NUMBER"]),
        (("See N1 (ID#:2)", "x"), ["UNKNOWN_ID", "NOT_A_NUMBER"]),
    ],
    ids=["own note", "other note", "no row", "itself", "circle", "slip", "word", "refused row"],
)
def test_a_reference_that_does_not_fit_is_set_aside(
    cells: tuple[str, ...], code: list[str], tmp_path: Path
) -> None:
    """Law: a reference to another shipment, to no row or in a circle is never a quiet gap."""
    result = read_lines(tmp_path, *cells)
    assert code == result.quarantined["code"].tolist()
    assert set(result.quarantined["column"]) == {"Freight"}


def test_a_reference_to_an_earlier_feed_holds(tmp_path: Path) -> None:
    """Law: the row referred to may have come before, with its number or its gap."""
    before = read_lines(tmp_path, "Invoiced", "3")
    present = Snapshot(1, before.tables)
    later = tmp_path / "later"
    later.mkdir()
    (later / "lines.csv").write_text(
        HEADER + "".join(f"{7 + n},pill,ACME,KE,5,N1,See N1 (ID#:{n})\n" for n in (1, 2))
    )
    mapping = parse_mapping(MAPPING.encode(), "m.yaml")
    result = read([later], mapping, present=present)
    expected = [(None, "invoiced separately", "1"), (None, "on another line", "2")]
    assert expected == freight(result)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("          says: on another line\n", "", "key `says` is missing"),
        ("number: freight_cents", "number: quantity_units", "is not a field that reads"),
        ("number: freight_cents", "number: freight_basis", "not an optional field of the kind"),
        ("word: freight_basis", "word: weight_basis", "is not a field that reads the column"),
        ("(ID#:{ID})", "(ID)", "does not hold `{ID}`"),
        ("See {Note} (ID#:{ID})", "See {Note}{ID}", "with text between"),
        ("See {Note} (ID#:{ID})", "{Freight} (ID#:{ID})", "not its own"),
        ("        freight_line:", "        manufacturing_site:", "does not refer to another"),
        ("        id: ID\n", "        id: {template: 'L{ID}'}\n", "plain text of one column"),
        ("column: Freight\n          as: link", "template: '{Note}'\n          as: link",
         "has no meaning here"),
    ],
)  # fmt: skip
def test_a_link_that_fits_no_record_is_refused(old: str, new: str, says: str) -> None:
    """Law: a link that cannot work is a fault of the mapping, with its line."""
    assert MAPPING.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_mapping(MAPPING.replace(old, new).encode(), "m.yaml")
    assert says in caught.value.what
    assert caught.value.place.row > 0


def test_a_record_mentioned_by_the_way_has_no_links() -> None:
    """Law: only the record that a row is about refers to another row."""
    derived = MAPPING.replace("    principal:\n", "    principal: {class: Item, "
        "fields: {id: Item}}\n    derived:\n").replace("      class:", "    - class:").replace(
        "      fields:", "      fields:")  # fmt: skip
    with pytest.raises(InputError, match="only the record that a row is about"):
        parse_mapping(derived.encode(), "m.yaml")
