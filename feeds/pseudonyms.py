"""Columns that name persons: their cells become pseudonyms before anything else sees them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from feeds.formats.blocks import Block, fault
from feeds.formats.sheet import cells_text
from feeds.mapping import FileRule
from ontology.errors import InputError
from ontology.pseudonyms import is_pseudonym, new_pseudonym

Pseudonyms = Callable[[Iterable[str]], Mapping[str, str]]
"""The pseudonym of each name; one that is a pseudonym stands for itself."""

HIDDEN = "?"
"""Every cell of a row that has no cell per column: nobody knows which of them names a person."""


def unheard_of(names: Iterable[str]) -> dict[str, str]:
    """New pseudonyms that nobody keeps: what a reading uses that is given none."""
    return {name: name if is_pseudonym(name) else new_pseudonym() for name in names}


def without_names(
    blocks: Iterable[Block], rule: FileRule, pseudonyms: Pseudonyms
) -> Iterator[Block]:  # fmt: skip
    """The blocks of a file with pseudonyms in the cells of the columns that its rule says.

    Of a file of objects, the fields within such a field are such columns, too. A blank cell stays
    blank, and so does one that the rule takes for blank. What a row says is its
    cells, never its text in the file. Raises InputError `HEADER_MISSING` at the end of a file that
    lacks one of the columns, and `BAD_PERSON` at a row.
    """
    if not rule.pseudonyms:
        yield from blocks
        return
    blank = {column: _blank(rule, column) for column in rule.pseudonyms}
    given: dict[str, str] = {}
    header: tuple[str, ...] = ()
    for block in blocks:
        header = block.header
        named = {at: _named_by(name, rule) for at, name in enumerate(header)}
        places = {at: blank[column] for at, column in named.items() if column}
        whole = [row for row in block.rows if len(row) == len(header)]
        names = {row[at].strip() for at, empty in places.items() for row in whole} - given.keys()
        try:
            given |= pseudonyms(sorted(names - {""} - set().union(*places.values())))
        except InputError as error:
            raise fault(rule.form, block.numbers[0] if block.numbers else 0, error.code, error.what,
                        error.hint) from error  # fmt: skip
        rows = [_without(row, places, given, len(header)) for row in block.rows]
        texts = [cells_text(row) + "\n" for row in rows]
        yield Block(header, rows, block.numbers, texts, block.header_row)
        del block
    for column in rule.pseudonyms:
        if column not in header:
            raise fault(rule.form, 0, "HEADER_MISSING", "the file has no such column",
                        "the mapping says that it names persons", column)  # fmt: skip


def _named_by(name: str, rule: FileRule) -> str:
    """The column of persons that a column is, or lies in; empty where it is none."""
    if name in rule.pseudonyms:
        return name
    within = rule.pseudonyms if rule.format == "jsonl" else ()
    return next((column for column in within if name.startswith(f"{column}.")), "")


def _blank(rule: FileRule, column: str) -> frozenset[str]:
    """The texts that every field which reads a column takes for blank."""
    readers = [part for record in rule.records for part in record.fields if column in part.columns]
    texts = [frozenset(part.missing) for part in readers]
    return frozenset.intersection(*texts) if texts else frozenset()


def _without(
    row: list[str], places: Mapping[int, frozenset[str]], given: Mapping[str, str], width: int
) -> list[str]:
    if len(row) != width:
        return [HIDDEN if cell.strip() else cell for cell in row]
    done = list(row)
    for at, blank in places.items():
        name = row[at].strip()
        done[at] = row[at] if not name or name in blank else given[name]
    return done


def columns_of_persons(rules: Sequence[FileRule]) -> frozenset[str]:
    """The columns of some files that name persons."""
    return frozenset(column for rule in rules for column in rule.pseudonyms)
