"""An Excel workbook (.xlsx): which sheet is read, its shared texts, and which cells are days."""

import re
from dataclasses import dataclass

from feeds.formats.blocks import Form, damaged, fault, too_large
from feeds.formats.package import Package, Words
from feeds.limits import Limits

_DAY_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59), *range(71, 82)})
_SPOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_TRUE = {"1", "true", "on"}


@dataclass(frozen=True, slots=True)
class Book:
    """The part of the sheet that is read, and what its cells refer to.

    `days[i]` says whether style i shows a number as a day or time.
    """

    part: str
    texts: list[str]
    days: list[bool]
    from_1904: bool


def opened(package: Package, form: Form, limits: Limits) -> Book:
    """The book. Raises InputError `SHEET_MISSING`, and what `Package.steps` raises."""
    documents = [one for one in package.relations("").values() if one.kind == "officeDocument"]
    if len(documents) != 1:
        raise damaged(form, "the file is no Excel workbook (.xlsx)")
    main = documents[0].target
    sheets: list[tuple[str, str]] = []
    from_1904 = False

    def started(tag: str, has: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet" and has.get("state", "visible") == "visible":
            link = next((value for key, value in has.items() if key.endswith(":id")), "")
            sheets.append((has.get("name", ""), link))
        if tag == "workbookPr":
            from_1904 = has.get("date1904", "") in _TRUE

    package.walk(main, started, _ignore, _ignore)
    relations = package.relations(main)
    tables = {name: relations[link].target for name, link in sheets
              if link in relations and relations[link].kind == "worksheet"}  # fmt: skip
    part_of = {one.kind: one.target for one in relations.values()}
    return Book(
        _chosen(tables, form),
        _shared_texts(package, part_of.get("sharedStrings", ""), form, limits),
        _days(package, part_of.get("styles", "")),
        from_1904,
    )


def _chosen(tables: dict[str, str], form: Form) -> str:
    names = ", ".join(f"`{name[:40]}`" for name in list(tables)[:10])
    if form.sheet:
        if form.sheet not in tables:
            raise fault(form, 0, "SHEET_MISSING", f"there is no sheet `{form.sheet[:60]}`",
                        f"the sheets are {names}")  # fmt: skip
        return tables[form.sheet]
    if len(tables) != 1:
        raise fault(form, 0, "SHEET_MISSING", f"the workbook has {len(tables)} sheets",
                    f"state `sheet` in the mapping: {names}")  # fmt: skip
    return next(iter(tables.values()))


def _shared_texts(package: Package, part: str, form: Form, limits: Limits) -> list[str]:
    texts: list[str] = []
    words = Words(form)
    length, spoken = 0, True

    def started(tag: str, _has: dict[str, str]) -> None:
        nonlocal spoken
        if tag == "si":
            words.start()
        spoken = spoken and tag != "rPh"
        words.listening = tag == "t" and spoken

    def ended(tag: str) -> None:
        nonlocal length, spoken
        words.listening = False
        spoken = spoken or tag == "rPh"
        if tag == "si":
            texts.append(unescaped(words.text()))
            length += len(texts[-1]) + 1
            if length > limits.file_bytes:
                raise too_large(form, f"the workbook's texts have over {limits.file_bytes} letters")

    if package.has(part):
        package.walk(part, started, ended, words.hear)
    return texts


def unescaped(text: str) -> str:
    """A text of a workbook, `_x000D_` being a character that XML has no place for."""
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code <= 0xDFFF else chr(code)


def _days(package: Package, part: str) -> list[bool]:
    own: dict[str, bool] = {}
    days: list[bool] = []
    inside = False

    def started(tag: str, has: dict[str, str]) -> None:
        nonlocal inside
        if tag == "numFmt":
            own[has.get("numFmtId", "")] = shows_days(has.get("formatCode", ""))
        elif tag == "cellXfs":
            inside = True
        elif tag == "xf" and inside:
            number = has.get("numFmtId", "0")
            plain = number.isdigit() and int(number) in _DAY_FORMATS
            days.append(own.get(number, plain))

    def ended(tag: str) -> None:
        nonlocal inside
        inside = inside and tag != "cellXfs"

    if package.has(part):
        package.walk(part, started, ended, _ignore)
    return days


def shows_days(code: str) -> bool:
    """Whether a number format shows a day or a time of day; hours that add up are a number."""
    section = _SPOKEN.sub("", code).split(";")[0]
    if _ELAPSED.search(section):
        return False
    return bool(re.search("[ymdhs]", _BRACKETS.sub("", section), re.IGNORECASE))


def _ignore(_: str) -> None:
    """An end or a text that says nothing."""
