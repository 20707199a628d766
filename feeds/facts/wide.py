"""Tables with a column per thing, read as a row per cell."""

from dataclasses import replace

from feeds.facts.ledger import Refusal
from feeds.formats.sheet import Sheet, at_column, shape_refusal
from feeds.limits import Limits
from feeds.mapping import FileRule, Wide


def unpivoted(sheet: Sheet, rule: FileRule, limits: Limits) -> tuple[Sheet, int]:
    """A row per cell of the columns that `rule.wide` does not keep, and the cells left out.

    The rows of one line have its number; a line that is blank or ragged stays one row, which is
    refused. Raises InputError `HEADER_MISSING`, `HEADER_DUPLICATE` or `TOO_MANY_ROWS`.
    """
    wide = rule.wide
    if wide is None:
        return sheet, 0
    kept = [at_column(sheet, rule, column) for column in wide.keep]
    left = {at_column(sheet, rule, column) for column in wide.leave}
    spread = [at for at in range(len(sheet.header)) if at not in {*kept, *left}]
    for at in spread:
        at_column(sheet, rule, sheet.header[at])
    rows: list[list[str]] = []
    numbers: list[int] = []
    origins: list[str] = []
    refused: dict[int, Refusal] = {}
    nothing = 0
    for number, cells in zip(sheet.numbers, sheet.rows, strict=True):
        fault = shape_refusal(cells, len(sheet.header))
        made = [("", [""])] if fault else _cells(sheet, cells, kept, spread, wide)
        if fault:
            refused[len(rows)] = fault
        else:
            nothing += len(spread) - len(made)
        origins += [origin for origin, _ in made]
        rows += [row for _, row in made]
        numbers += [number] * len(made)
        limits.check_rows(rule.file, len(rows), number)
    header = (*wide.keep, wide.name, wide.value)
    return replace(
        sheet, header=header, rows=rows, numbers=numbers, origins=tuple(origins), refused=refused,
    ), nothing  # fmt: skip


def _cells(
    sheet: Sheet, cells: list[str], kept: list[int], spread: list[int], wide: Wide
) -> list[tuple[str, list[str]]]:
    head = [cells[at] for at in kept]
    return [
        (sheet.header[at], [*head, sheet.header[at], cells[at]])
        for at in spread
        if cells[at].strip() not in wide.nothing
    ]
