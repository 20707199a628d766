"""The command `why`: what a plan says of a line, or of an item at a place."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document
from api.recall import LATEST, document_of, find_plan
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.why import Why

WAYS_SHOWN = 20
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
    """Why a line is in the plan; or what brings an item to a place, and what forbids it."""
    from api.commands_server import opened
    from service.why import why as explained

    with opened() as house:
        document = document_of(house, find_plan(house, plan, chain))
        if not where:
            return _line(document, what, as_json=as_json)
        found = explained(house, document, what, where)
    if as_json:
        print_document(asdict(found))
        return GOOD
    show_why(console(), found, document["decision"])
    return GOOD


def _line(document: Row, number: str, *, as_json: bool) -> int:
    from api.sentences import sentence_of

    decision = document["decision"]
    lines = {str(line["number"]): line for line in decision["lines"]}
    if number not in lines:
        raise InputError(f"the plan has no line `{number}`", code="LINE_UNKNOWN",
                         hint="give a line's number, or an item and a location")  # fmt: skip
    line = lines[number]
    if as_json:
        print_document(line)
        return GOOD
    screen, scale = console(), decision["network"]["cost_scale"]
    screen.print(sentence_of(line, scale, decision["currency"]))
    for reason in line["because"]:
        screen.print(f"  because {plain(reason)}")
    _show_attention(screen, line)
    hint(f"where it comes from: evenkeel trace {document['plan_digest'][:12]} {number}")
    return GOOD


def _show_attention(screen: "Console", line: Row) -> None:
    from api.drawing import rule_name

    for rule in line.get("attention", ()):
        screen.print(f"  a person must look at it: {rule_name(rule)}")


def show_why(screen: "Console", found: "Why", decision: Row) -> None:
    """Lines, shortfall and ways in, each with its reason."""
    from api import drawing
    from api.amounts import count, money
    from api.sentences import sentence_of

    scale, currency = decision["network"]["cost_scale"], decision["currency"]
    screen.print(plain(f"{found.item} at {found.location}"), style="bold")
    for line in found.lines:
        screen.print(f"line {line['number']}: {sentence_of(dict(line), scale, currency)}")
        _show_attention(screen, dict(line))
    if not found.lines:
        screen.print("no line brings it here or takes it away")
    if found.shortfall is not None:
        row = dict(found.shortfall)
        reason = plain(drawing.reason_of(row, scale, currency))
        screen.print(f"short from {row.get('on')} on, {row['kind']}: {reason}")
    made = drawing.table(
        "way in", "by", "lot", "arrives", "a unit", "closed by", numbers=["a unit"]
    )
    for way in found.ways[:WAYS_SHOWN]:
        rules = ", ".join(map(drawing.rule_name, way.closed_by)) or "open"
        drawing.add(made, way.start, way.by or way.kind, way.lot, way.arrives_on,
                    money(way.unit_cost_scaled, scale), rules)  # fmt: skip
    if found.ways:
        screen.print(made)
    more = len(found.ways) - WAYS_SHOWN
    if more > 0:
        screen.print(f"... and {count(more, 'more way', 'more ways')}: --json has all")
    if not found.ways:
        screen.print("nothing could bring it here on the first day")
