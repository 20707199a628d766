"""Rows that were set aside, for people and as data: lists, one row, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen.amounts import count

if TYPE_CHECKING:
    from rich.console import Console

    from feeds.result import FeedResult
    from graph.catalog import SetAside
    from ontology.errors import InputError
    from ontology.governance import QuarantinedRow
    from service.stewardship.mending import Settled
    from service.stewardship.set_aside import Delivery

LEFT_SHOWN = 20
LEAST_ROOM = 20
"""Columns, below which a text is not folded any more."""


def show_rows(
    screen: "Console", found: "Delivery", rows: "list[tuple[int, QuarantinedRow]]",
    states: Mapping[int, str] | None = None,
) -> None:  # fmt: skip
    """The delivery, and each row with its number, place, reason, hint and code."""
    screen.print(plain(f"event {found.event}, feed {found.feed} of {found.chain}: "
                       f"{count(found.rows, 'row')} set aside"), style="bold")  # fmt: skip
    for number, row in rows:
        _show_row(screen, f"{number:>4}", row, (states or {}).get(number, "open"))


def _show_row(screen: "Console", number: str, row: "QuarantinedRow", state: str) -> None:
    from feeds.refusals import HINTS
    from ontology.errors import Place

    place = Place(row.file, row.row, row.column)
    mark = "" if state == "open" else f"[{state}] "
    _folded(screen, f"{number}  ", f"{mark}{plain(f'{place}: {row.reason}')}")
    _folded(screen, f"{'':{len(number)}}  ", f"{HINTS[row.code]} [{row.code}]")


def _folded(screen: "Console", head: str, text: str) -> None:
    """A line that goes on below its own beginning where a terminal is too narrow for it."""
    from rich.text import Text

    room = screen.width - len(head)
    if not screen.is_terminal or room < LEAST_ROOM:
        screen.print(head + text, soft_wrap=True)
        return
    for at, line in enumerate(Text(text).wrap(screen, room, overflow="fold")):
        screen.print((f"{'':{len(head)}}" if at else head) + line.plain.rstrip(), soft_wrap=True)


def document_of(
    found: "Delivery", rows: "list[tuple[int, QuarantinedRow]]", next_after: int | None,
    states: Mapping[int, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The same as data; `next_after` is the number to go on after, None at the end."""
    from feeds.refusals import HINTS

    told = asdict(found)
    return {
        **{name: told[name] for name in ("event", "chain", "feed")},
        "rows_in_all": told["rows"],
        "rows": [{"number": number, **asdict(row), "hint": HINTS[row.code],
                  "state": (states or {}).get(number, "open")} for number, row in rows],
        "next_after": next_after,
    }  # fmt: skip


def show_chain(
    screen: "Console", chain: str, state: str, rows: "Sequence[SetAside]"
) -> None:  # fmt: skip
    """Rows of many deliveries in one state, each as EVENT ROW."""
    if not rows:
        screen.print(plain(f"no row of {chain} that was set aside is {state}"))
        return
    screen.print(plain(f"rows of {chain} that were set aside and are {state}, as EVENT ROW"),
                 style="bold")  # fmt: skip
    for each in rows:
        _show_row(screen, f"{each.event:>5} {each.number:<4} {each.source}", each.row, "open")
        if each.settled_in:
            _folded(screen, f"{'':6}", _settled(each))


def chain_document(
    chain: str, state: str, rows: "Sequence[SetAside]", *, more: bool
) -> dict[str, Any]:
    """The same as data."""
    after = f"{rows[-1].event}/{rows[-1].number}" if more else None
    return {"chain": chain, "state": state, "rows": list(map(_as_data, rows)), "next_after": after}


def show_one(screen: "Console", row: "SetAside", found: "FeedResult | InputError") -> None:
    """A row: where it stands, why it was set aside, what it says, and what becomes of it today."""
    screen.print(plain(f"row {row.number} of delivery {row.event}, source {row.source} of "
                       f"{row.chain}: {row.state}"), style="bold")  # fmt: skip
    _show_row(screen, "   ", row.row, "open")
    if row.settled_in:
        _folded(screen, f"{'':5}", _settled(row))
    if row.row.class_name:
        screen.print(plain(f"  about   {row.row.class_name} {row.row.fact_key}"))
    _folded(screen, "  says    ", plain(row.row.text or ",".join(row.row.cells)))
    for line in _today(found):
        _folded(screen, "  today   ", plain(line))


def _today(found: "FeedResult | InputError") -> list[str]:
    """What the mapping makes of a row alone, in lines."""
    from ontology.errors import InputError

    if isinstance(found, InputError):
        return [f"{found.what}: {found.hint} [{found.code}]"]
    refused = [f"would be set aside: {line}; {cure}" for line, cure in found.lines()]
    return refused or [
        f"{name} {key}: " + ", ".join(f"{field} {value}" for field, value in stated.items())
        for name, key, stated in _stated(found)
    ]


def _stated(found: "FeedResult") -> list[tuple[str, str, dict[str, Any]]]:
    from ontology.columns import record_at

    return [
        (name, table.keys[row], {k: v for k, v in asdict(record_at(table, row)).items()
                                 if v not in (None, "", (), 0)})
        for name, table in found.tables.items() for row in range(len(table))
    ]  # fmt: skip


def one_document(row: "SetAside", found: "FeedResult | InputError") -> dict[str, Any]:
    """The same as data."""
    from ontology.errors import InputError

    told = _as_data(row)
    if isinstance(found, InputError):
        return told | {"today": {"refused": [found.what], "code": found.code}}
    return told | {"today": {
        "refused": [line for line, _ in found.lines()],
        "facts": [{"class": name, "key": key, **stated} for name, key, stated in _stated(found)],
    }}  # fmt: skip


def show_settled(screen: "Console", done: "Sequence[Settled]") -> None:
    """What became of the rows, and which stay open and why."""
    if not any(each.numbers or each.left for each in done):
        screen.print("nothing of it is open")
    for each in done:
        if each.numbers:
            before = ", as was asked before," if each.replayed else ""
            screen.print(plain(f"delivery {each.delivery}: {count(len(each.numbers), 'row')} "
                               f"{each.state}{before} by event {each.event}"))  # fmt: skip
        for row in each.left[:LEFT_SHOWN]:
            _folded(screen, "  ", f"row {row.number} of delivery {each.delivery} stays open: "
                                  f"{plain(row.reason)} [{row.code}]")  # fmt: skip
        if len(each.left) > LEFT_SHOWN:
            screen.print(f"  ... and {len(each.left) - LEFT_SHOWN:,} more stay open")
        for plan in each.touched:
            screen.print(f"plan {plan['plan'][:12]} was made without knowing this")


def settled_document(done: "Settled") -> dict[str, Any]:
    """The same as data."""
    return dict(asdict(done))


def _settled(row: "SetAside") -> str:
    when = f" on {row.settled_at:%Y-%m-%d %H:%M}Z" if row.settled_at else ""
    why = f": {plain(row.why)}" if row.why else ""
    return f"{row.state} by {plain(row.agent)}{when}, event {row.settled_in}{why}"


def _as_data(row: "SetAside") -> dict[str, Any]:
    from feeds.refusals import HINTS

    told: dict[str, Any] = asdict(row)
    return {**told, **told.pop("row"), "hint": HINTS[row.row.code]}
