"""The command `facts`: facts of a class, as of any two times, with their age and origin."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.as_of import Effective, Recorded, as_of, told
from api.output import GOOD, AsJson, console, hint, plain, print_document

if TYPE_CHECKING:
    from ontology.columns import Snapshot
    from service.stewardship.freshness import Age

ROWS_SHOWN = 20
_NOT_STATED = {"key", "since", "confirmed_since", "event"}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("facts")(facts)


def facts(
    name: Annotated[str, typer.Argument(metavar="CLASS", help="Such as StockPosition.")] = "",
    key: Annotated[str, typer.Argument(help="How their keys begin, such as widget/north.")] = "",
    *,
    chain: Annotated[str, typer.Option(help="The supply chain.")] = "",
    effective: Effective = "",
    recorded: Recorded = "",
    first: Annotated[int, typer.Option("--first", min=1, help="So many facts.")] = ROWS_SHOWN,
    after: Annotated[str, typer.Option("--after", help="Those after this key.")] = "",
    as_json: AsJson = False,
) -> int:
    """Facts of a class, true and known as of any time; without a class, how many there are."""
    from api.commands.server import opened
    from api.recall import only_chain
    from ontology.events import micros_of
    from service.stewardship.freshness import clock_of, instant_of, stated_since

    clocks = as_of(effective, recorded)
    with opened() as house:
        asked = chain or only_chain(house)
        snapshot = house.facts(asked, clocks)
        counted = clock_of(house, asked, snapshot, instant_of(house, clocks))
        if not name:
            return _counted(snapshot, as_json=as_json)
        at, more = page(snapshot, name, key, after, first)
        since = stated_since(house, name, snapshot.addresses[name][at]) if at else ()
    rows = [*_told(snapshot, name, at, since)]
    ages = [counted.age(name, row["event"], micros_of(row["confirmed_since"])) for row in rows]
    if as_json:
        told_of = [_as_text(row) | asdict(age) for row, age in zip(rows, ages, strict=True)]
        print_document({"chain": asked, "class": name, "at": counted.at.isoformat(),
                        "facts": told_of, "more": more})  # fmt: skip
        return GOOD
    screen = console()
    title = ", ".join(part for part in (f"{name} of {asked}", told(effective, recorded)) if part)
    screen.print(plain(title), style="bold")
    _show(rows, ages)
    if more:
        hint(f"more: --after {rows[-1]['key']}")
    return GOOD


def page(
    snapshot: "Snapshot", name: str, key: str, after: str, first: int
) -> tuple[list[int], bool]:
    """The rows of facts of a class by key, and whether there are more.

    Raises InputError `UNKNOWN_CLASS`.
    """
    from bisect import bisect_left, bisect_right

    from ontology.errors import InputError
    from ontology.vocabulary import FACTS

    if name not in FACTS:
        raise InputError(f"there is no class `{plain(name)}`", code="UNKNOWN_CLASS",
                         hint="`evenkeel facts` counts the facts of each class")  # fmt: skip
    keys = snapshot.table(name).keys.tolist()
    found: list[int] = []
    for row in range(max(bisect_left(keys, key), bisect_right(keys, after) if after else 0),
                     len(keys)):  # fmt: skip
        if not keys[row].startswith(key) or len(found) > first:
            break
        found.append(row)
    return found[:first], len(found) > first


def _told(
    snapshot: "Snapshot", name: str, rows: Sequence[int], since: Iterable[int]
) -> Iterator[dict[str, Any]]:
    """Facts with the event that stated each, since when by that, and since when it is confirmed."""
    from ontology.columns import cell
    from ontology.events import moment_of
    from ontology.terms import field_kinds
    from ontology.vocabulary import RECORDS

    table, kinds = snapshot.table(name), field_kinds(RECORDS[name])
    for row, stated in zip(rows, since, strict=True):
        values = {field: cell(table[field][row], kind) for field, kind in kinds.items()}
        yield {
            "key": table.keys[row], "since": moment_of(int(stated)),
            "confirmed_since": moment_of(int(snapshot.clocks[name][row, 0])),
            "event": int(snapshot.addresses[name][row, 0]), **values,
        }  # fmt: skip


def _as_text(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: row[name].isoformat() for name in ("since", "confirmed_since")}


def _counted(snapshot: "Snapshot", *, as_json: bool) -> int:
    from api.screen import drawing

    counts = {name: len(table) for name, table in sorted(snapshot.tables.items())}
    if as_json:
        print_document(counts)
        return GOOD
    made = drawing.table("class", "facts", numbers=["facts"])
    for name, number in counts.items():
        drawing.add(made, name, f"{number:,}")
    console().print(made)
    return GOOD


def _show(rows: list[dict[str, Any]], ages: "list[Age]") -> None:
    """Each fact with what it states beside its key, and how old it is."""
    from api.screen import drawing
    from api.screen.ages import age_text

    made = drawing.table("key", "states", "since, UTC", "age", "event", numbers=["event"])
    for row, age in zip(rows, ages, strict=True):
        since = f"{row['since']:%Y-%m-%d %H:%M}"
        drawing.add(made, row["key"], _stated(row), since, age_text(age), str(row["event"]))
    console().print(made)


def _stated(row: dict[str, Any]) -> str:
    key = row["key"].split("/")
    told = {name: value for name, value in row.items() if name not in _NOT_STATED}
    return ", ".join(
        f"{name} {plain('|'.join(value) if isinstance(value, tuple) else value)}"
        for name, value in told.items()
        if value not in (None, "", 0, ()) and str(value) not in key
    )
