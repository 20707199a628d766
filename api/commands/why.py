"""The command `why`: what a plan says of a line, or of an item at a place."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document
from api.recall import LATEST, document_of, find_plan, speaking_of, title_of
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.why import Way, Why
    from service.why_line import WhyLine

WAYS_SHOWN = 20
MOST_DIGITS = 9
Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("why")(why)


def why(
    what: Annotated[str, typer.Argument(help="A line's number, or an item.")],
    where: Annotated[str, typer.Argument(help="The location, where an item is given.")] = "",
    plan: Annotated[str, typer.Option(help="The plan, by digits of its digest.")] = LATEST,
    chain: Annotated[str, typer.Option(help="The chain whose latest plan is meant.")] = "",
    *,
    as_json: AsJson = False,
) -> int:
    """Why a line is in the plan; or what brings an item to a place, and what forbids it.

    Says what it would cost otherwise, and what would flip it.
    """
    from api.commands.server import opened
    from api.screen.ages import doubt_texts
    from api.screen.reliances import reliance_texts
    from service.inferring import reliances_of, told
    from service.stewardship.doubt_ranges import doubts_of_line
    from service.why import why as explained
    from service.why_line import why_line

    with opened() as house:
        document = document_of(house, find_plan(house, plan, chain))
        with speaking_of(document):
            if where:
                place = explained(house.store, document, what, where)
            else:
                line = why_line(house.store, document, _line_number(what))
                reliances = reliances_of(house.store, document, _line_number(what))
                doubts, rooms = doubts_of_line(house, document, _line_number(what))
    if not as_json:
        console().print(title_of(document), style="dim")
    if as_json:
        print_document(asdict(place) if where else asdict(line) | {
            "doubts": list(map(asdict, doubts)), "rooms": list(map(asdict, rooms)),
            "inferred": list(map(told, reliances)),
        })  # fmt: skip
    elif where:
        show_why(console(), place, document["decision"])
    else:
        show_line(console(), line, document["decision"])
        for text in reliance_texts(reliances):
            console().print(f"  {plain(text)}", soft_wrap=True)
        for text in doubt_texts(doubts, rooms, document["decision"]):
            console().print(f"  {text}", soft_wrap=True)
        hint(f"where it comes from: evenkeel trace {document['plan_digest'][:12]} {what}")
    return GOOD


def _line_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise InputError(f"the plan has no line `{text}`", code="LINE_UNKNOWN",
                         hint="give a line's number, or an item and a location")  # fmt: skip
    return int(text)


def show_line(screen: "Console", found: "WhyLine", decision: Row) -> None:
    """A line: what it saves, what would take its place, its facts and what would flip it."""
    from api.screen import drawing
    from api.screen.explained import Amounts, flip_text, size_texts, worth_texts
    from api.screen.sentences import sentence_of
    from api.screen.waits import waits_texts

    scale, currency = decision["network"]["cost_scale"], decision["currency"]
    amounts = Amounts(scale, currency)
    screen.print(sentence_of(dict(found.line), scale, currency))
    if found.size is not None:
        for text in size_texts(found.size):
            screen.print(f"  {text}")
    elif found.worth is not None:
        for text in worth_texts(found.worth, amounts, found.line["kind"]):
            screen.print(f"  {text}")
    elif found.in_lots:
        screen.print("  it goes in whole lots, which are held here as the plan has them: another "
                     "number of them is not priced")  # fmt: skip
    for text in waits_texts(found.changes, found.line, found.changed_units):
        screen.print(f"  {text}")
    for fact in found.behind:
        name, _, key = fact.fact.partition("/")
        screen.print(f"  because {drawing.told_fact(name, key, fact.fields)}")
        if fact.flip is not None:
            screen.print(f"    {flip_text(fact.flip, amounts)}")
    _show_attention(screen, dict(found.line))
    screen.print(_basis(found.basis), style="dim")


def _basis(basis: str) -> str:
    if basis == "exact":
        return "Exact: all else equal, the plan's network changes at these numbers and not before."
    return ("At these prices: closed lines, given purchases, whole lots, paid loads and what other "
            "items use stay as they are.")  # fmt: skip


def _show_attention(screen: "Console", line: Row) -> None:
    from api.screen.reasons import rule_name

    for rule in line.get("attention", ()):
        screen.print(f"  a person must look at it: {rule_name(rule)}")


def show_why(screen: "Console", found: "Why", decision: Row) -> None:
    """Lines, shortfall and ways in, each with its reason."""
    from api.screen.explained import Amounts, next_unit_text, taken_text
    from api.screen.reasons import reason_of
    from api.screen.sentences import sentence_of

    scale, currency = decision["network"]["cost_scale"], decision["currency"]
    amounts = Amounts(scale, currency)
    screen.print(plain(f"{found.item} at {found.location}"), style="bold")
    for line in found.lines:
        screen.print(f"line {line['number']}: {sentence_of(dict(line), scale, currency)}")
        _show_attention(screen, dict(line))
    if not found.lines:
        screen.print("no line brings it here or takes it away")
    if found.shortfall is not None:
        row = dict(found.shortfall)
        floors = decision["suppressed"].get("floors", ())
        reason = plain(reason_of(row, scale, currency, floors))
        screen.print(f"short from {row.get('on')} on, {row['kind']}: {reason}")
    if found.next_unit is not None:
        screen.print(f"  {next_unit_text(found.next_unit, amounts)}")
    for taken in found.taken:
        text = taken_text(taken.number, taken.quantity_units, taken.keeping_one, amounts)
        screen.print(f"  {text}")
    if found.ways:
        _show_ways(screen, found.ways, str((found.shortfall or {}).get("on", "")), amounts)
    else:
        screen.print("nothing could bring it here on the first day")
    screen.print(_basis(found.basis), style="dim")


def _show_ways(screen: "Console", ways: "tuple[Way, ...]", short_on: str, amounts: Any) -> None:
    from api.screen import drawing
    from api.screen.amounts import count
    from api.screen.explained import WAYS_LEGEND, used_below_text, way_text

    numbers = ["a unit", "used below"]
    made = drawing.table("way in", "by", "lot", "arrives", "a unit", "used below", "stands",
                         numbers=numbers)  # fmt: skip
    for way in ways[:WAYS_SHOWN]:
        drawing.add(made, way.start, way.by or way.kind, way.lot, way.arrives_on,
                    amounts.short(way.unit_cost_scaled), used_below_text(way, amounts),
                    way_text(way, short_on))  # fmt: skip
    screen.print(made)
    more = len(ways) - WAYS_SHOWN
    if more > 0:
        screen.print(f"... and {count(more, 'more way', 'more ways')}: --json has all")
    screen.print(WAYS_LEGEND, style="dim")
