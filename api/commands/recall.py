"""The command `recall`: every decision that read a wrong fact, and what can still be undone."""

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of, working
from api.recall import DIGITS
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.audit.otherwise import Otherwise
    from service.audit.recall import Cursor, PlanRecalled, Recall
    from service.audit.undoing import Undo

LINES_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("recall")(recall)


def recall(
    fact: Annotated[str, typer.Argument(help="The fact, as chain/Class/key.")],
    *,
    between: Annotated[
        tuple[str, str],
        typer.Option(help="Versions recorded between two times, such as 2026-03-01T06:00:00Z."),
    ] = ("", ""),
    event: Annotated[
        int, typer.Option(min=0, max=LARGEST_INTEGER, help="The version that this event stated.")
    ] = 0,
    instead: Annotated[
        str, typer.Option(help="What stands in its place: corrected, present or without.")
    ] = "",
    only_list: Annotated[
        bool, typer.Option("--list", help="Do not decide again what the plans would have been.")
    ] = False,
    first: Annotated[int, typer.Option("--first", min=1, max=50, help="So many plans.")] = 5,
    after: Annotated[str, typer.Option("--after", help="Plans after these: touched:41.")] = "",
    as_json: AsJson = False,
) -> int:
    """Every decision that read a fact: those that rest on it first, then those that touched it.

    For each: what it would have been with the fact corrected or gone, and which lines can still
    be undone.
    """
    from api.commands.server import opened
    from graph.fact_readers import Chosen
    from service.audit.recall import recall_fact

    begin, end = (time_of(text, "--between") if text else None for text in between)
    chosen = Chosen(event, begin, end)
    with opened() as house, working("deciding again" if not only_list else "looking"):
        found = recall_fact(house, fact, chosen, after=_cursor(after), first=first,
                            decide_again=not only_list, instead=instead)  # fmt: skip
    if as_json:
        print_document(recall_document(found))
        return GOOD
    _show_versions(console(), found)
    asked = ["--between", *between] if any(between) else []
    asked += ["--event", str(event)] if event else []
    asked += ["--instead", instead] if instead else []
    asked += ["--list"] if only_list else []
    show_plans(console(), found, [*asked, "--first", str(first)])
    for learnt in found.learnt:
        console().print(f"learnt when it was known: evenkeel recall {plain(learnt.uri)} --event "
                        f"{learnt.event}", soft_wrap=True)  # fmt: skip
    for text in found.limits:
        console().print(f"limit: {text}", style="dim", soft_wrap=True)
    return GOOD


def _cursor(text: str) -> "Cursor":
    """Where a page begins. Raises InputError `USAGE`."""
    from service.audit.recall import DECISIVE, FIRST_PAGE, TOUCHED

    if not text:
        return FIRST_PAGE
    part, _, number = text.partition(":")
    if part not in (DECISIVE, TOUCHED) or not number.isdecimal() or len(number) > 16:
        raise InputError(f"`{plain(text)}` is no place to go on from", code="USAGE",
                         hint="give --after as the page before said it")  # fmt: skip
    return part, int(number)


def recall_document(found: "Recall") -> dict[str, Any]:
    """A page as one JSON document; `can_be_undone` is null where nobody can say."""
    document = asdict(found)
    document["next_after"] = found.next_after and ":".join(map(str, found.next_after))
    for plan, told in zip(found.plans, document["plans"], strict=True):
        _add_verdicts([line.undo for line in plan.lines], told["lines"])
        if plan.otherwise is not None:
            _add_verdicts([line.undo for line in plan.otherwise.lines], told["otherwise"]["lines"])
    return document


def _add_verdicts(judged: "Sequence[Undo | None]", rows: list[dict[str, Any]]) -> None:
    for undo, row in zip(judged, rows, strict=True):
        if undo is not None:
            row["undo"]["can_be_undone"] = undo.can


def _show_versions(screen: "Console", found: "Recall") -> None:
    from api.screen import drawing

    screen.print(plain(found.fact), style="bold")
    if not found.versions:
        return
    made = drawing.table("stated by", "recorded, UTC", "where", "in force", numbers=[])
    for each in found.versions:
        until = "now" if each.until_event is None else f"event {each.until_event}"
        where = f"{each.file}, row {each.file_row}" if each.file else ""
        drawing.add(made, f"event {each.event}", f"{each.recorded_at:%Y-%m-%d %H:%M:%S}", where,
                    f"event {each.from_event} to {until}")  # fmt: skip
    screen.print(made)


def show_plans(screen: "Console", found: "Recall", asked: "Sequence[str]") -> None:
    """The plans of a page, and the command that goes on with the same question."""
    if not found.plans:
        screen.print("no plan on this page read it")
    for plan in found.plans:
        _show_plan(screen, plan)
    if found.next_after is not None:
        part, number = found.next_after
        words = ["evenkeel", "recall", found.fact, *asked, "--after", f"{part}:{number}"]
        hint(plain(f"more: {shlex.join(words)}"))


def _show_plan(screen: "Console", plan: "PlanRecalled") -> None:
    from api.screen.amounts import count

    rest = []
    if plan.line_count:
        rest.append(count(plan.line_count, "line"))
    if plan.shortfall_count:
        rest.append(count(plan.shortfall_count, "shortfall"))
    rests = "rests" if plan.line_count + plan.shortfall_count == 1 else "rest"
    told = f", {' and '.join(rest)} {rests} on it" if rest else ""
    screen.print(f"{plan.standing}: plan {plan.plan[:DIGITS]} of {plain(plan.chain)}, made "
                 f"{plan.made_at:%Y-%m-%d %H:%M} UTC by {plain(plan.agent)}, as event {plan.event} "
                 f"stated it{told}", soft_wrap=True)  # fmt: skip
    for line in plan.lines[:LINES_SHOWN]:
        screen.print(f"  line {line.number}, {line.line['quantity_units']:,} of "
                     f"{plain(line.line['item'])}: {line.undo.state}: {plain(line.undo.basis)}",
                     soft_wrap=True)  # fmt: skip
    if plan.line_count > LINES_SHOWN:
        states = Counter(line.undo.state for line in plan.lines)
        told = ", ".join(f"{number} {state}" for state, number in states.items())
        screen.print(f"  of the first {len(plan.lines)} lines: {told}")
    if plan.otherwise is not None:
        _show_otherwise(screen, plan.otherwise)
    if plan.why_not:
        screen.print(f"  not decided again: {plain(plan.why_not)}", soft_wrap=True)


def _show_otherwise(screen: "Console", found: "Otherwise") -> None:
    from api.commands.diff import signed

    fields = ", ".join(f"{name} {plain(was)} -> {plain(now)}"
                       for name, (was, now) in found.fields.items())  # fmt: skip
    said = {"corrected": "as is known now of then", "present": "as it is now",
            "without": "without it"}[found.instead]  # fmt: skip
    screen.print(f"  {said}" + (f" ({fields})" if found.instead != "without" else "") + ":",
                 soft_wrap=True)  # fmt: skip
    if found.why_not:
        screen.print(f"    no such plan: {plain(found.why_not)}", soft_wrap=True)
        return
    before, after = found.cost_cents
    change = signed((after or 0) - before, "")
    holds = {True: "the plan as made holds", False: "the plan as made does not hold",
             None: "whether the plan as made holds is not known"}[found.holds]  # fmt: skip
    same = "" if found.is_another else "the same decision; "
    screen.print(f"    {same}expected cost {change}; {holds}", soft_wrap=True)
    for line in found.lines[:LINES_SHOWN]:
        undo = f"; {line.undo.state}" if line.undo is not None else ""
        screen.print(f"    {_line_text(line.line)}: {line.units_before:,} -> {line.units_after:,}"
                     f"{undo}", soft_wrap=True)  # fmt: skip
    if len(found.lines) > LINES_SHOWN:
        screen.print(f"    ... and {len(found.lines) - LINES_SHOWN:,} more lines: --json has all")


def _line_text(line: Any) -> str:
    from api.screen.drawing import end_of, start_of

    return plain(f"{line['kind']} of {line['item']} from {start_of(line)} to {end_of(line)}")
