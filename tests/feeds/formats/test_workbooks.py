"""Excel sheets cell by cell: what a person sees there as text, number or day is what is read."""

import pytest

from feeds.formats.blocks import Block, Form
from feeds.formats.sheet import blocks_of
from feeds.formats.workbook import shows_days, unescaped
from feeds.formats.worksheet import day_text, plain_number
from feeds.limits import Limits
from ontology.errors import InputError
from tests.feeds.formats.written import MAIN, sheet, workbook


def rows_of(data: bytes, name: str = "") -> Block:
    """The one block of a workbook's sheet."""
    form = Form("x.xlsx", "xlsx", sheet=name)
    [block] = blocks_of(data, form, Limits())
    return block


def texts(*cells: str) -> str:
    """A row of inline texts."""
    found = (f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f"<row>{''.join(found)}</row>"


def first(cell: str, **how: str) -> str:
    """The text of one cell of a sheet."""
    return rows_of(workbook(sheet(texts("id") + f"<row>{cell}</row>"), **how)).rows[0][0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("0", "0"), ("-0", "0"), ("5", "5"), ("5.0", "5"), ("-5.50", "-5.5"), ("0.1", "0.1"),
        ("1.1000000000000001", "1.1"), ("0.30000000000000004", "0.30000000000000004"),
        ("0.3", "0.3"), ("1E+3", "1000"), ("1.5e-7", "0.00000015"), (".5", "0.5"),
        ("1.2345678901234568E+16", "12345678901234568"),
        ("12345678901234567890", "12345678901234567890"), ("1e300", "1e300"),
        ("123456789012345.6", "123456789012345.6"), ("#N/A", "#N/A"), ("", ""), ("٣", "٣"),
    ],
)  # fmt: skip
def test_numbers_are_plain_and_exact(said: str, expected: str) -> None:
    """Law: up to 15 digits as written, more as the shortest that is the same 64-bit float."""
    assert expected == plain_number(said)


@pytest.mark.parametrize(
    ("said", "from_1904", "expected"),
    [
        ("1", False, "1900-01-01"), ("59", False, "1900-02-28"), ("60", False, "1900-02-29"),
        ("61", False, "1900-03-01"), ("46082", False, "2026-03-01"), ("0", True, "1904-01-01"),
        ("44620", True, "2026-03-01"), ("46082.5", False, "2026-03-01T12:00:00"),
        ("46082.999999999", False, "2026-03-02"), ("0.75", False, "18:00:00"),
        ("46082.0000115741", False, "2026-03-01T00:00:01"),
        ("0.00000578704", False, "00:00:00.5"), ("2958465", False, "9999-12-31"),
        ("2958466", False, "2958466"), ("-1", False, "-1"), ("1e300", False, "1e300"),
        ("soon", False, "soon"),
    ],
)  # fmt: skip
def test_days_are_those_of_the_calendar(said: str, from_1904: bool, expected: str) -> None:
    """Law: serial numbers of both calendars, rounded to milliseconds, are ISO days and times."""
    assert expected == day_text(said, from_1904=from_1904)


@pytest.mark.parametrize(
    ("code", "is_day"),
    [
        ("General", False), ("0.00", False), ('0 "days"', False), ("0\\d", False), ("0_m", False),
        ("[Red]0.00", False), ("#,##0;[Red]-#,##0", False), ("[h]:mm", False), ("[ss]", False),
        ("yyyy-mm-dd", True), ("D/M/YY", True), ("h:mm AM/PM", True), ("[$-409]d mmm;@", True),
        ('"Tag" dd', True),
    ],
)  # fmt: skip
def test_the_format_says_what_is_a_day(code: str, is_day: bool) -> None:
    """Law: quoted, escaped and bracketed letters say nothing; hours that add up are a number."""
    assert is_day == shows_days(code)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('<c t="b"><v>1</v></c>', "true"),
        ('<c t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c t="d"><v>2026-03-01T00:00:00</v></c>', "2026-03-01"),
        ('<c s="1"><v>46082</v></c>', "2026-03-01"),
        ('<c s="2"><v>0.5</v></c>', "12:00:00"),
        ('<c s="0"><v>46082</v></c>', "46082"),
        ('<c s="99"><v>46082</v></c>', "46082"),
        ("<c><f>SUM(B1:B2)</f><v>42</v></c>", "42"),
        ('<c t="str"><f>A1&amp;""</f><v>=1+1</v></c>', "=1+1"),
        ('<c t="inlineStr"><is><t>-1+@cmd</t></is></c>', "-1+@cmd"),
        ('<c t="inlineStr"><is><r><t>bo</t></r><r><t>ld</t></r></is></c>', "bold"),
        ('<c t="inlineStr"><is><t>漢</t><rPh><t>kan</t></rPh></is></c>', "漢"),
        ('<c t="inlineStr"><is><t>007</t></is></c>', "007"),
    ],
)  # fmt: skip
def test_cells_of_every_kind(cell: str, expected: str) -> None:
    """Law: the saved value of a formula counts, a text stays a text, phonetic hints are none."""
    assert expected == first(cell)


def test_other_calendar_and_prefixes() -> None:
    """Law: the book says which day is the first; a prefix of every tag changes nothing."""
    cell = '<c s="1"><v>44620</v></c>'
    assert "2026-03-01" == first(cell, properties='<workbookPr date1904="1"/>')
    plain = sheet(texts("id") + texts("tea"))
    named = plain.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    assert [["tea"]] == rows_of(workbook(named)).rows == rows_of(workbook(plain)).rows


def test_rows_have_their_numbers_and_gaps_are_blank() -> None:
    """Law: the header is the first row that says anything; a gap is blank rows, the end is none."""
    lines = (
        f'<row r="3">{texts("id", "n")[5:-6]}</row><row r="4"/>'
        '<row r="6"><c r="B6"><v>1</v></c></row><row r="7"><c r="A7"/></row><row r="9"></row>'
    )
    block = rows_of(workbook(sheet(lines)))
    assert (("id", "n"), 3) == (block.header, block.header_row)
    assert ([[], [], ["", "1"]], [4, 5, 6]) == (block.rows, block.numbers)


def test_the_sheet_is_the_only_one_or_the_one_that_is_named() -> None:
    """Law: hidden sheets do not count; of several one is named, by its own name."""
    two = [sheet(texts("id") + texts(name)) for name in ("tea", "milk")]
    assert [["milk"]] == rows_of(workbook(*two), "Notes").rows
    with pytest.raises(InputError, match="the workbook has 2 sheets") as caught:
        rows_of(workbook(*two))
    assert "state `sheet` in the mapping: `Stock`, `Notes`" == caught.value.hint
    with pytest.raises(InputError, match="there is no sheet `notes`"):
        rows_of(workbook(*two), "notes")


def test_a_hidden_sheet_is_not_read() -> None:
    """Law: of one sheet that is shown and one that is not, the first is the only one."""
    names = ('Stock" state="visible', 'Old" state="hidden')
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>' for n, name in enumerate(names, 1)
    )
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{links}"><sheets>{entries}</sheets></workbook>'
    two = [sheet(texts("id") + texts(name)) for name in ("tea", "milk")]
    assert [["tea"]] == rows_of(workbook(*two, more={"xl/workbook.xml": book})).rows


def test_characters_that_xml_cannot_hold() -> None:
    """Law: `_x000D_` is a carriage return and `_x005F_` an underscore; halves of letters stay."""
    assert "a\rb_x0041_" == unescaped("a_x000D_b_x005F_x0041_")
    assert "_xD834_" == unescaped("_xD834_")
