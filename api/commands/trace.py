"""The command `trace`: where a line comes from, and what rests on a fact or a row of a file."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.recall import show_plans
from api.output import GOOD, AsJson, console, hint, plain, print_document
from api.recall import LATEST, document_of, find_plan, speaking_of, title_of
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

if TYPE_CHECKING:
    from graph.provenance import Trace
    from service.audit.touched import TouchedPage
    from service.house import House

PLANS_PER_FACT = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("trace")(trace)


@dataclass(frozen=True)
class _Asked:
    """A plan and one line of it, all its lines (`number` None), or a fact."""

    plan: str
    number: int | None
    fact: str
    chain: str


def trace(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[PLAN] [LINE]", help="Plan and line number.")
    ] = None,
    *,
    fact: Annotated[str, typer.Option("--fact", help="What used this fact, by its URI.")] = "",
    row: Annotated[
        str, typer.Option("--row", help="What read this row of a file: stock.csv:2.")
    ] = "",
    event: Annotated[
        int, typer.Option(min=0, max=LARGEST_INTEGER, help="With --row: of this delivery.")
    ] = 0,
    touched: Annotated[
        bool, typer.Option("--touched", help="Facts that the line merely touched.")
    ] = False,
    chain: Annotated[str, typer.Option(help="Look in this chain alone.")] = "",
    form: Annotated[
        str, typer.Option("--format", help="A PROV document: prov-json, json-ld or trig.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write a new file; else it is printed.")
    ] = None,
    first: Annotated[
        int, typer.Option("--first", min=0, max=LARGEST_INTEGER, help="So many lines or facts.")
    ] = 0,
    after: Annotated[str, typer.Option("--after", help="Those after this one.")] = "",
    as_json: AsJson = False,
) -> int:
    """Where a plan or its line comes from, to the rows of files; or what used a fact or a row."""
    from api.commands.server import opened

    asked = _asked(targets or [], fact, row, chain)
    with opened() as house:
        if row:
            return _from_row(house, row, event, chain, as_json=as_json)
        if form:
            return _write(_document(house, asked, form, first, after), to)
        if touched:
            return _show_touched(house, asked, first or 50, after, as_json=as_json)
        title, found = _traced(house, asked, first, after)
    if as_json:
        print_document(trace_document(found))
        return GOOD
    return _show(title, found, upward=bool(fact))


def _asked(given: list[str], fact: str, row: str, chain: str) -> _Asked:
    """What is asked for. One word of digits is a line of the latest plan, any other a plan."""
    if sum(map(bool, (fact, row, given))) != 1 or len(given) > 2:
        raise InputError("give a line, a plan, a plan and a line, --fact or --row", code="USAGE",
                         hint="such as `evenkeel trace latest 1`")  # fmt: skip
    if not given:
        return _Asked("", None, fact, chain)
    if len(given) == 1 and not given[0].isdecimal() and _may_be_plan(given[0]):
        return _Asked(given[0], None, "", chain)
    return _Asked(given[0] if len(given) == 2 else LATEST, line_number(given[-1]), "", chain)


def _may_be_plan(text: str) -> bool:
    return text == LATEST or (len(text) >= 4 and set(text.lower()) <= set("0123456789abcdef"))


def line_number(text: str) -> int:
    """A line's number. Raises InputError `LINE_UNKNOWN`."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:16]) < 2**53:
        raise InputError(f"`{text}` is no line number", code="LINE_UNKNOWN",
                         hint="lines are numbered from 1")  # fmt: skip
    return int(text)


def _traced(house: "House", asked: _Asked, first: int, after: str) -> "tuple[str, Trace]":
    """The plan that it speaks of, if it is one, and the trace."""
    from graph.observed import Observed
    from graph.provenance import trace_down, trace_up
    from service.inferring import with_inferred

    if asked.fact:
        _known(house, asked.fact)
        return "", trace_up(house.driver, uri=asked.fact, first=first or 100)
    entry = find_plan(house, asked.plan, asked.chain)
    document = document_of(house, entry)
    with speaking_of(document):
        found = trace_down(
            house.driver, entry.plan.digest, asked.number, after=line_number(after) if after else 0,
            first=first or 5, observed=Observed(house.projection.log, house.store),
        )  # fmt: skip
        if asked.number is not None:
            found = with_inferred(house, asked.number, found)
        return title_of(document), found


def _known(house: "House", fact: str) -> None:
    """Raises InputError `FACT_UNKNOWN` where nothing was ever stated of a fact."""
    from graph.fact_readers import Chosen, versions_of

    versions_of(house.driver, fact, Chosen())


def _document(
    house: "House", asked: _Asked, form: str, first: int, after: str
) -> Iterator[str]:  # fmt: skip
    from service.audit.prov_export import prov_of_fact, prov_of_plan

    if asked.fact:
        _known(house, asked.fact)
        return prov_of_fact(house, asked.fact, form)
    digest = find_plan(house, asked.plan, asked.chain).plan.digest
    return prov_of_plan(house, digest, form, asked.number, most=first or None,
                        after=line_number(after) if after else 0)  # fmt: skip


def _write(parts: Iterable[str], to: Path | None) -> int:
    from service.exporting import write_new

    if to is None:
        for part in parts:
            typer.echo(part, nl=False)
    else:
        write_new(to, parts)
    return GOOD


def _show(title: str, found: "Trace", *, upward: bool) -> int:
    from api.screen import drawing

    if title:
        console().print(title, style="bold")
    console().print(drawing.provenance_tree(found, upward=upward))
    if upward and not found.edges:
        hint("nothing was derived from this fact")
    if not upward and found.next_after is not None:
        hint(f"more lines: --after {found.next_after}")
    return GOOD


def trace_document(found: "Trace") -> dict[str, Any]:
    """A trace as one JSON document."""
    return {
        "root": found.root,
        "nodes": [
            {"id": n.id, "kind": n.kind, "label": n.label, "details": dict(n.details)}
            for n in found.nodes.values()
        ],
        "edges": [asdict(edge) for edge in found.edges],
        "next_after": found.next_after,
    }


def _show_touched(
    house: "House", asked: _Asked, first: int, after: str, *, as_json: bool
) -> int:  # fmt: skip
    from service.audit.touched import touched_facts

    if asked.number is None:
        raise InputError("a line touches facts", code="USAGE",
                         hint="such as `evenkeel trace latest 1 --touched`")  # fmt: skip
    document = document_of(house, find_plan(house, asked.plan, asked.chain))
    with speaking_of(document):
        page = touched_facts(house.store, document, asked.number, after=after, first=first)
    if as_json:
        print_document(asdict(page))
    else:
        _show_page(title_of(document), asked.number, page)
    return GOOD


def _show_page(title: str, number: int, page: "TouchedPage") -> None:
    from api.screen import drawing

    screen = console()
    screen.print(title, style="bold")
    screen.print(f"touched by line {number}:")
    made = drawing.table("fact", "event", "row", numbers=["event", "row"])
    for each in page.facts:
        drawing.add(made, f"{each.class_name}/{each.key}", each.event, each.event_row)
    screen.print(made)
    screen.print(page.basis, style="dim")
    if page.next_after:
        hint(f"more: --after {page.next_after}")


def _from_row(
    house: "House", text: str, event: int, chain: str, *, as_json: bool
) -> int:  # fmt: skip
    """Forward from a row: each fact that it stated, and the plans that read it."""
    from graph.fact_readers import Chosen
    from service.audit.recall import recall_fact
    from service.audit.source_row import facts_of_row

    file, _, number = text.rpartition(":")
    if not file or not number.isdecimal() or len(number) > 15:
        raise InputError(f"`{plain(text)}` names no row", code="USAGE",
                         hint="write it as stock.csv:2; 1 is the file's first line")  # fmt: skip
    found = [
        (each, recall_fact(house, each.uri, Chosen(event=each.event), first=PLANS_PER_FACT))
        for each in facts_of_row(house, file, int(number), event, chain)
    ]
    if as_json:
        told = [asdict(each) | {"is_restated": each.is_restated, "read": asdict(read)}
                for each, read in found]  # fmt: skip
        print_document({"file": file, "row": int(number), "facts": told})
        return GOOD
    for each, read in found:
        said = f"event {each.delivery}, {each.file}, row {each.file_row}: {each.uri}"
        again = f" (said by event {each.event} before)" if each.is_restated else ""
        console().print(plain(said + again), style="bold", soft_wrap=True)
        show_plans(console(), read, ["--event", str(each.event), "--list"])
    return GOOD
