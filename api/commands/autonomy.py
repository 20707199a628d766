"""The commands `autonomy ...`: how far a machine may go by itself, where, and on what evidence."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.stops import Chain, Family, Reason, Region, scope_of, words_of
from api.output import GOOD, AsJson, console, hint, plain, print_document, warn_unknown
from ontology.access import ANY
from ontology.errors import InputError

if TYPE_CHECKING:
    from governance.autonomy import Envelope, Standing
    from service.governing.autonomy import Judged
    from service.governing.confidence import Confidence

autonomy = typer.Typer(help="How far a machine may go by itself, by region and family.",
                       rich_markup_mode=None)  # fmt: skip
Level = Annotated[
    str, typer.Argument(help="observe, suggest, `act with approval` or `act within envelope`.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for name, command in (("show", show), ("raise", raise_), ("lower", lower), ("judge", judge)):
        autonomy.command(name)(command)
    app.add_typer(autonomy, name="autonomy")


def show(as_json: AsJson = False) -> int:
    """The level of each scope that was ever raised or lowered; elsewhere a machine observes.

    All chains are raised as they are then: one that comes later is raised by itself.
    """
    from api.commands.server import opened

    with opened() as house:
        found = house.ledger.state().autonomy.told()
    if as_json:
        print_document({"autonomy": [told(each, chains) for each, chains in found]})
        return GOOD
    if not found:
        typer.echo("nobody has raised it anywhere: a machine observes, and does nothing")
        return GOOD
    from api.screen import drawing
    from governance.autonomy import LEVELS

    made = drawing.table("where", "level", "since, UTC", "by", "why", "within")
    for where, each in rows(found):
        drawing.add(made, where, LEVELS[each.level],
                    f"{each.since:%Y-%m-%d %H:%M}", plain(each.by), plain(each.reason),
                    _limits(each.envelope))  # fmt: skip
    console().print(made)
    if any(chains for _, chains in found):
        hint("a chain that came after all were raised is none of them: it is raised by itself")
    return GOOD


def raise_(
    level: Level,
    chain: Chain = "",
    region: Region = None,
    family: Family = None,
    reason: Reason = "",
    evidence: Annotated[
        list[str] | None,
        typer.Option(help="backtest=DIGEST, canary=RELEASE or outcome; again for more."),
    ] = None,
    *,
    most_value_cents: Annotated[int, typer.Option(min=0, help="Envelope: value of goods.")] = 0,
    most_units: Annotated[int, typer.Option(min=0, help="Envelope: units of all lines.")] = 0,
    most_gap_per_million: Annotated[
        int, typer.Option(min=0, help="Envelope: gap in millionths of the cost.")
    ] = 0,
    handling: Annotated[
        list[str] | None, typer.Option(help="Envelope: handling class that may move; again.")
    ] = None,
    most_data_age_hours: Annotated[int, typer.Option(min=0, help="Envelope: age of facts.")] = 24,
    least_confidence: Annotated[
        int, typer.Option(min=0, max=1000, help="Envelope: confidence, per mille.")
    ] = 500,
    as_json: AsJson = False,
) -> int:
    """Raise a scope by one step, on evidence; `act within envelope` takes the limits, too."""
    from api.commands.server import opened
    from governance.autonomy import WITHIN_ENVELOPE, Envelope
    from service.governing.autonomy import level_named, raise_level
    from service.persons import acting

    scope, to, envelope = scope_of(chain, region, family), level_named(level), None
    if to == WITHIN_ENVELOPE:
        envelope = Envelope(most_value_cents, most_units, most_gap_per_million,
                            ("", *(handling or ())), most_data_age_hours, least_confidence
                            )  # fmt: skip
    with opened() as house:
        raise_level(house, scope, to, reason, acting(house), _evidence(evidence or []), envelope)
    _done(as_json=as_json, where=words_of(scope), level=level)
    if scope.chain == ANY and not as_json:
        hint("this holds for the chains that there are: one that comes later is raised by itself")
    return GOOD


def lower(
    level: Level,
    chain: Chain = "",
    region: Region = None,
    family: Family = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Leave nothing in a scope above a level, the scopes that lie in it included."""
    from api.commands.server import opened
    from service.governing.autonomy import level_named
    from service.governing.autonomy import lower as lowered
    from service.governing.known_names import unknown_names
    from service.persons import acting

    scope = scope_of(chain, region, family)
    with opened() as house:
        decided = lowered(house, scope, level_named(level), reason, acting(house))
        unknown = unknown_names(house, scope)
    warn_unknown(unknown)
    if decided.event is None:
        hint("nothing there stood above it")
    _done(as_json=as_json, where=words_of(scope), level=level)
    return GOOD


def judge(
    asked: Annotated[str, typer.Argument(metavar="[PLAN]", help="Digest or latest.")] = "latest",
    chain: Annotated[str, typer.Option(help="Look among the plans of this chain.")] = "",
    as_json: AsJson = False,
) -> int:
    """How far a machine may go with a plan now, its confidence, and all that keeps it back."""
    from api.commands.server import opened
    from api.recall import document_of, find_plan
    from governance.autonomy import LEVELS
    from service.governing.autonomy import judge as judged

    with opened() as house:
        found = judged(house, document_of(house, find_plan(house, asked, chain)))
    if as_json:
        print_document(document_of_judged(found))
        return GOOD
    typer.echo(f"a machine may: {LEVELS[found.allowed.level]}")
    for why in found.allowed.why:
        typer.echo(f"  {plain(why.says)} [{why.code}]")
    for line in confidence_lines(found.confidence):
        typer.echo(line)
    return GOOD


def document_of_judged(found: "Judged") -> dict[str, Any]:
    """What a machine may do, as `--json` says it."""
    from governance.autonomy import LEVELS

    parts = [{"part": part.name, "per_mille": part.per_mille, "says": part.says}
             for part in found.confidence.parts]  # fmt: skip
    return {
        "level": LEVELS[found.allowed.level],
        "why": [{"code": why.code, "says": why.says} for why in found.allowed.why],
        "confidence": {"per_mille": found.confidence.per_mille, "label": found.confidence.label,
                       "parts": parts},
    }  # fmt: skip


def confidence_lines(confidence: "Confidence") -> list[str]:
    """The confidence of a plan and its parts, in lines."""
    told = [f"confidence {confidence.label}: {confidence.per_mille} of 1,000"]
    for part in confidence.parts:
        score = "none" if part.per_mille is None else f"{part.per_mille:,}"
        told.append(f"  {part.name:<16}{score:>6}  {plain(part.says)}")
    return told


def rows(
    found: Sequence[tuple["Standing", Sequence[str]]],
) -> Iterator[tuple[str, "Standing"]]:
    """Each standing with its scope in words; of all chains with those that it was raised for."""
    apart = {standing.scope for standing, chains in found if chains}
    for standing, chains in found:
        words = words_of(standing.scope)
        if chains:
            words += plain(f" (of then: {', '.join(chains)})")
        elif standing.scope in apart:
            words += " (any other)"
        yield words, standing


def told(standing: "Standing", chains: Sequence[str] = ()) -> dict[str, Any]:
    """The standing of a scope, as `--json` says it, with the chains that it holds for alone."""
    from governance.autonomy import LEVELS

    return {
        "scope": standing.scope.stated(), **({"chains": list(chains)} if chains else {}),
        "level": LEVELS[standing.level],
        "since": standing.since.isoformat(), "by": standing.by, "reason": standing.reason,
        "event": standing.event,
        "evidence": [{"kind": each.kind, "artifact": each.artifact} for each in standing.evidence],
        "envelope": standing.envelope.stated() if standing.envelope else None,
    }  # fmt: skip


def _evidence(stated: list[str]) -> tuple[Any, ...]:
    from governance.autonomy import OUTCOME, Evidence

    found = []
    for each in stated:
        kind, is_named, artifact = each.partition("=")
        if not is_named and kind != OUTCOME:
            raise InputError(f"`{each[:80]}` is no evidence", code="USAGE",
                             hint="write it as --evidence backtest=DIGEST")  # fmt: skip
        found.append(Evidence(kind, artifact))
    return tuple(found)


def _limits(envelope: "Envelope | None") -> str:
    if envelope is None:
        return ""
    classes = ", ".join(name or "none" for name in envelope.handling_classes)
    return (f"{envelope.most_value_cents:,} cents, {envelope.most_units:,} units, "
            f"{envelope.most_gap_per_million:,} millionths of gap, classes {plain(classes)}, "
            f"{envelope.most_data_age_hours} h, confidence {envelope.least_confidence_per_mille}"
            )  # fmt: skip


def _done(*, as_json: bool, where: str, level: str) -> None:
    if as_json:
        print_document({"where": where, "level": level})
    else:
        typer.echo(f"{where}: {level}")
        hint("`evenkeel autonomy show` lists every scope")
