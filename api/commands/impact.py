"""The command `impact`: what depends on something going down, and what must not go down."""

from dataclasses import asdict, fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, print_document, working
from ontology.errors import InputError

if TYPE_CHECKING:
    from graph.facts import StatedFact
    from ontology.failures import Subject
    from service.house import House
    from service.impact.failure import ImpactReport
    from service.impact.single_points import CriticalFailures

_ROUTES = 3
_PAIRS_WITH_ROUTES = 100


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("impact")(impact)


def impact(
    failures: Annotated[
        list[str] | None,
        typer.Argument(
            help="What goes down at once: supplier:ID, contract:ID, lane:ID, "
            "location:ID (or hub:ID), region:NAME."
        ),
    ] = None,
    single: Annotated[
        bool,
        typer.Option("--single-points", help="Which one failure leaves demand without a source?"),
    ] = False,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Which two failures do so only together?")
    ] = False,
    chain: Annotated[str, typer.Option(help="The supply chain that is asked about.")] = "",
    starts_on: Annotated[str, typer.Option(help="First day, as 2026-03-02.")] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of a table to print.")] = 10,
    as_json: AsJson = False,
) -> int:
    """What depends on a supplier, contract, lane, hub or region: demand, days, ways that are left.

    Two or more subjects go down at the same time.
    """
    from api.commands.server import opened
    from api.recall import only_chain
    from ontology.failures import subject_of

    if bool(failures) + single + pairs != 1:
        raise InputError("name what goes down, or give --single-points or --pairs", code="USAGE",
                         hint="such as `evenkeel impact supplier:acme`")  # fmt: skip
    subjects, first = [subject_of(text) for text in failures or ()], _day(starts_on)
    with opened() as house:
        name = chain or only_chain(house)
        if subjects:
            _impact(house, name, subjects, first, rows, as_json=as_json)
        else:
            _critical(house, name, first, rows, pairs=pairs, as_json=as_json)
    return GOOD


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InputError(f"`{text}` is no day", code="BAD_DATE",
                         hint="write it as 2026-03-02") from error  # fmt: skip


def _impact(
    house: "House", chain: str, subjects: "list[Subject]", first: date | None, rows: int,
    *, as_json: bool,
) -> None:  # fmt: skip
    from api.screen import impact_tables
    from graph.impact import depends_on
    from service.impact.failure import impact as impact_of

    with working("looking for what depends on it"):
        report = impact_of(house.facts(chain), subjects, first)
        reached = {
            f"{fact.class_name}/{fact.key}": fact
            for subject in subjects
            for fact in depends_on(house.driver, chain, subject).facts
        }
    because = list(dict.fromkeys(name for pair in report.affected for name in pair.because))
    if as_json:
        print_document({"chain": chain, **document_of(report),
                        "depends": [_row_of(fact) for fact in reached.values()]})  # fmt: skip
        return
    screen = console()
    impact_tables.show_impact(screen, report, rows)
    if because:
        shown = because[: impact_tables.FACTS_SHOWN]
        stated = house.catalog.by_uri([f"{chain}/{name}" for name in shown])
        found = {f"{fact.class_name}/{fact.key}": fact for fact in stated.values()}
        impact_tables.show_facts(screen, because, found, len(reached))


def _critical(
    house: "House", chain: str, first: date | None, rows: int, *, pairs: bool, as_json: bool
) -> None:
    from api.screen import impact_tables
    from service.impact.single_points import joint_failures, single_points

    with working("taking away one after the other"):
        snapshot = house.facts(chain)
        found = (joint_failures if pairs else single_points)(snapshot, first)
    if as_json:
        print_document({"chain": chain, **critical_document(found)})
    else:
        impact_tables.show_critical(console(), found, rows)


def document_of(report: "ImpactReport") -> dict[str, Any]:
    """A report as JSON, with the ways left for the first 100 pairs that are still served."""
    from service.impact.failure import SERVED

    told = ("failures", "affected", "supply", "left", "best_left")
    plain = {f.name: getattr(report, f.name) for f in fields(report) if f.name not in told}
    served = [pair for pair in report.affected if pair.state == SERVED][:_PAIRS_WITH_ROUTES]
    ways = [
        {"item": pair.item, "location": pair.location,
         "routes": [asdict(route) for route in report.routes(pair.item, pair.location, _ROUTES)]}
        for pair in served
    ]  # fmt: skip
    return plain | {
        "failures": [str(failure) for failure in report.failures],
        "totals": [asdict(total) for total in report.totals],
        "substitutes": [asdict(offer) for offer in report.substitutes],
        "affected": [asdict(pair) for pair in report.affected],
        "ways_left": ways,
    }


def critical_document(found: "CriticalFailures") -> dict[str, Any]:
    """Failures that leave demand without a source, as JSON."""
    return asdict(found) | {
        "found": [
            asdict(failure) | {"subjects": [str(subject) for subject in failure.subjects]}
            for failure in found.found
        ]
    }


def _row_of(fact: "StatedFact") -> dict[str, Any]:
    return {"uri": fact.uri, "event_sequence": fact.event_sequence, "event_row": fact.event_row,
            "file": fact.source_file, "row": fact.source_row}  # fmt: skip
