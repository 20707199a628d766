"""The command `quarantine`: rows that were set aside, and what a person does with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, REFUSED, AsJson, console, hint, print_document, working
from api.screen.quarantine_rows import (
    chain_document,
    document_of,
    one_document,
    settled_document,
    show_chain,
    show_one,
    show_rows,
    show_settled,
)
from ontology.errors import InputError

if TYPE_CHECKING:
    from feeds.result import FeedResult
    from service.house import House
    from service.stewardship.mending import Settled

ROWS_SHOWN = 20
VERBS = ("fix", "retry", "accept", "discard")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("quarantine")(quarantine)


@dataclass(frozen=True)
class _Options:
    """What the options of the command say."""

    chain: str
    source: str
    class_name: str
    code: str
    state: str
    reason: str
    first: int
    after: str
    everything: bool
    as_json: bool


def quarantine(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[EVENT [ROW]] | fix EVENT ROW COLUMN=VALUE... | retry [EVENT [ROW...]] | "
            "accept EVENT ROW... | discard EVENT [ROW...]",
            help="Nothing: all open rows. An event: the rows of that delivery. A row: all of it.",
        ),
    ] = None,
    *,
    chain: Annotated[str, typer.Option(help="Look among the rows of this chain.")] = "",
    source: Annotated[str, typer.Option(help="Only rows of this source.")] = "",
    class_name: Annotated[str, typer.Option("--class", help="Only rows of this class.")] = "",
    code: Annotated[str, typer.Option(help="Only rows with this code.")] = "",
    state: Annotated[str, typer.Option(help="Rows in this state, such as discarded.")] = "open",
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")] = "",
    first: Annotated[int, typer.Option("--first", min=1, help="So many rows.")] = ROWS_SHOWN,
    after: Annotated[str, typer.Option("--after", help="Those after this number.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every row, to the end.")] = False,
    as_json: AsJson = False,
) -> int:
    """Rows that were set aside: list them, look at one, fix, retry, accept or discard them."""
    from api.commands.server import opened

    told = _Options(chain, source, class_name, code, state, reason, first, after, everything,
                    as_json)  # fmt: skip
    given = words or []
    with opened() as house:
        if given and given[0] in VERBS:
            return _do(house, given[0], given[1:], told)
        numbers = [_number(word, f"no verb ({', '.join(VERBS)}) and no event") for word in given]
        if len(numbers) > 1:
            return _one(house, numbers, told)
        return _delivery(house, numbers[0], told) if numbers else _chain(house, told)


def _number(word: str, what: str) -> int:
    if word.isascii() and word.isdigit() and len(word) < 16:
        return int(word)
    raise InputError(f"`{word}` is {what}", code="USAGE", hint="see `evenkeel quarantine --help`")


def _chain(house: "House", told: _Options) -> int:
    """All rows of a chain in one state."""
    from api.recall import only_chain
    from graph.settled_rows import STATES
    from service.stewardship.set_aside import deliveries, rows_in

    if told.state not in STATES:
        raise InputError(f"`{told.state}` is no state of a row", code="USAGE",
                         hint=f"use one of: {', '.join(STATES)}")  # fmt: skip
    asked = told.chain or only_chain(house)
    filters = {"source": told.source, "class_name": told.class_name, "code": told.code}
    most = None if told.everything else told.first + 1
    rows = list(rows_in(house, asked, told.state, filters, _place(told.after), most))
    more = most is not None and len(rows) == most
    rows = rows[: told.first] if more else rows
    if told.as_json:
        print_document(chain_document(asked, told.state, rows, more=more))
        return GOOD
    if not rows and not any(each.rows for each in deliveries(house, asked)):
        console().print("no feed of this chain set a row aside")
        return GOOD
    show_chain(console(), asked, told.state, rows)
    if more:
        hint(f"more: --after {rows[-1].event}/{rows[-1].number}, or --all")
    return GOOD


def _place(after: str) -> tuple[int, int]:
    event, _, number = after.partition("/")
    what = "no place to go on from"
    return (_number(event, what), _number(number or "0", what)) if after else (0, 0)


def _delivery(house: "House", event: int, told: _Options) -> int:
    """The rows of one delivery, settled or not."""
    from service.stewardship.set_aside import delivery, rows_set_aside, states_of

    found = delivery(house, event)
    after = _number(told.after or "0", "no number to go on from")
    rows = list(rows_set_aside(house, event, after, None if told.everything else told.first))
    last = rows[-1][0] if rows else after
    more = max(0, found.rows - last)
    states = states_of(house, event, [number for number, _ in rows])
    if told.as_json:
        print_document(document_of(found, rows, last if more else None, states))
        return GOOD
    show_rows(console(), found, rows, states)
    if more:
        hint(f"{more:,} more: `evenkeel quarantine {event} --after {last}`, or --all")
    return GOOD


def _one(house: "House", numbers: Sequence[int], told: _Options) -> int:
    """One row with all that is known of it, and what its mapping makes of it today."""
    from service.stewardship.mending import reading_of
    from service.stewardship.quarantine import rows_of

    if len(numbers) > 2 or not numbers[1]:
        raise InputError("one event and one row are wanted", code="USAGE",
                         hint="write `evenkeel quarantine EVENT ROW`")  # fmt: skip
    (row,) = rows_of(house, numbers[0], numbers[1:])
    found: FeedResult | InputError
    try:
        found = reading_of(house, row)
    except InputError as error:
        found = error
    if told.as_json:
        print_document(one_document(row, found))
    else:
        show_one(console(), row, found)
    return GOOD


def _do(house: "House", verb: str, words: Sequence[str], told: _Options) -> int:
    with working("reading and loading"):
        done = _done(house, verb, words, told)
    if told.as_json:
        print_document({"settled": [settled_document(each) for each in done]})
    else:
        show_settled(console(), done)
    return REFUSED if verb == "retry" and not any(each.numbers for each in done) else GOOD


def _done(
    house: "House", verb: str, words: Sequence[str], told: _Options
) -> "list[Settled]":  # fmt: skip
    from api.recall import only_chain
    from service.persons import acting
    from service.stewardship.quarantine import accept, discard, fix, retry, retry_source

    if verb == "retry" and not words and told.source:
        asked = told.chain or only_chain(house)
        return retry_source(house, asked, told.source, agent=acting(house), reason=told.reason)
    plain = [word for word in words if verb != "fix" or "=" not in word]
    numbers = [_number(word, "no number of a delivery or a row") for word in plain]
    if not numbers or (verb in {"fix", "accept"} and len(numbers) < 2):
        raise InputError("which rows are meant?", code="USAGE",
                         hint=f"write `evenkeel quarantine {verb} EVENT ROW`; `evenkeel "
                         "quarantine` lists both")  # fmt: skip
    event, rows = numbers[0], numbers[1:]
    if verb == "fix":
        changes = dict(_change(word) for word in words if "=" in word)
        if len(rows) > 1:
            raise InputError("one row is fixed at a time", code="USAGE", hint="name one row")
        return [fix(house, event, rows[0], changes, agent=acting(house), reason=told.reason)]
    if verb == "accept":
        return [accept(house, event, rows, agent=acting(house), reason=told.reason)]
    if verb == "discard":
        return [discard(house, event, rows, agent=acting(house), reason=told.reason,
                        code=told.code)]  # fmt: skip
    return [retry(house, event, rows, agent=acting(house), reason=told.reason)]


def _change(word: str) -> tuple[str, str]:
    if not word.encode(errors="replace").decode() == word:
        raise InputError("what is to be changed is no text", code="USAGE",
                         hint="write it in UTF-8")  # fmt: skip
    column, _, value = word.partition("=")
    return column, value
