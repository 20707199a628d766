"""The command `access`: who may see and do what, who could on a day, and what was shown."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of, warn_unknown
from ontology.errors import InputError

if TYPE_CHECKING:
    from ontology.access import Grant
    from service.house import House


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Who may see and do what: grants, and what was shown.",
                        rich_markup_mode=None)  # fmt: skip
    group.command("grant")(grant)
    group.command("end")(end)
    group.command("list")(listing)
    group.command("who")(who)
    group.command("exposures")(exposures)
    app.add_typer(group, name="access")


def grant(
    person: Annotated[str, typer.Argument(help="The person, by name or pseudonym.")],
    role: Annotated[str, typer.Argument(help="analyst, planner, auditor, ...")],
    chain: Annotated[str, typer.Option(help="A supply chain, or * for all.")],
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only region=NAME, supplier=NAME or family=NAME; again for more."),
    ] = None,
    cleared: Annotated[
        list[str] | None,
        typer.Option(help="Cleared for class=NAME (confidentiality) or zone=NAME; * for any."),
    ] = None,
    begins: Annotated[str, typer.Option("--from", help="Since when; by default now.")] = "",
    until: Annotated[str, typer.Option(help="Until when; by default it is ended.")] = "",
    as_json: AsJson = False,
) -> int:
    """Give a person a role on a chain; without --cleared for nothing that takes it."""
    from api.commands.server import opened
    from ontology.access import Grant
    from service.governing.known_names import unknown_of
    from service.permits.grants import checked, grant_access
    from service.persons import acting

    now = datetime.now(UTC)
    asked = Grant(
        "", "", role, chain, time_of(begins, "--from") if begins else now, now,
        until=time_of(until, "--until") if until else None,
        **_names(only or (), "--only", {"region": "regions", "supplier": "suppliers",
                                        "family": "families"}),
        **_names(cleared or (), "--cleared", {"class": "classes", "zone": "zones"}),
    )  # fmt: skip
    checked(asked)
    with opened() as house:
        named = replace(asked, person=house.persons.pseudonym_of(person))
        made = grant_access(house, named, acting(house))
        unknown = unknown_of(house, made.chain, {
            "region": made.regions, "family": made.families, "supplier": made.suppliers
        })  # fmt: skip
    warn_unknown(unknown)
    if as_json:
        print_document(_told(made))
    else:
        typer.echo(f"{plain(made.person)} is {made.role} of {made.chain}: {_limits(made)}")
        hint(f"`evenkeel access end {made.id} --reason WHY` takes it away")
    return GOOD


def end(
    grant_id: Annotated[str, typer.Argument(metavar="GRANT", help="As `list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, so say it without a name.")] = "",
    as_json: AsJson = False,
) -> int:
    """End a grant now: by it nobody sees or does anything any more."""
    from api.commands.server import opened
    from service.permits.grants import end_grant
    from service.persons import acting

    with opened() as house:
        ended = end_grant(house, grant_id, reason, acting(house))
    if as_json:
        print_document(_told(ended))
    else:
        typer.echo(f"{plain(ended.person)} is no {ended.role} of {ended.chain} any more")
    return GOOD


def listing(
    person: Annotated[str, typer.Argument(help="Of this person; by default of all.")] = "",
    as_json: AsJson = False,
) -> int:
    """Show grants, those that ended, too."""
    from api.commands.server import opened
    from api.screen.drawing import table
    from service.permits.grants import listed

    with opened() as house:
        found = listed(house, house.persons.pseudonym_of(person) if person else "")
    if as_json:
        print_document({"grants": [_told(one) for one in found]})
        return GOOD
    if not found:
        console().print("nobody but the owner of this machine may see anything")
        return GOOD
    made = table("grant", "person", "role", "chain", "of", "from", "until")
    for one in found:
        stops = [time for time in (one.until, one.ended) if time is not None]
        made.add([one.id, plain(one.person), one.role, one.chain, _limits(one), _day(one.begins),
                  _day(min(stops)) if stops else ""])  # fmt: skip
    console().print(made)
    return GOOD


def who(
    uri: Annotated[str, typer.Argument(help="A fact, as CHAIN/CLASS/KEY.")],
    on: Annotated[str, typer.Option(help="The day, in UTC.")],
    known_at: Annotated[
        str, typer.Option(help="By what was known then; by default as it was while it was so.")
    ] = "",
    as_json: AsJson = False,
) -> int:
    """Tell who could see a fact on a day, and by which grants."""
    from api.commands.server import opened
    from api.screen.drawing import table
    from service.permits.grants import who_could_see

    day, known = _date(on), time_of(known_at, "--known-at") if known_at else None
    with opened() as house:
        found = who_could_see(house, uri, day, known)
    if as_json:
        print_document({"uri": uri, "on": day, "could_see": [_told(one.grant) for one in found]})
        return GOOD
    if found:
        made = table("person", "role", "of", "grant")
        for one in found:
            made.add([plain(one.person), one.grant.role, _limits(one.grant), one.grant.id])
        console().print(made)
    else:
        console().print("nobody could see it, or there was no such fact")
    hint("and whoever held the local token or this data folder")
    return GOOD


def exposures(
    since: Annotated[str, typer.Option(help="The first day, in UTC.")],
    keys: Annotated[bool, typer.Option("--keys", help="Name each fact that was shown.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show what was shown to whom that it took a clearance to see."""
    from api.commands.server import opened

    day = _date(since)
    with opened() as house:
        rows = list(_exposed(house, datetime(day.year, day.month, day.day, tzinfo=UTC), keys=keys))
    if as_json:
        print_document({"exposures": rows})
        return GOOD
    for row in rows:
        typer.echo(f"event {row['event']:,}  {row['at']:%Y-%m-%d %H:%M:%S}  {plain(row['person'])} "
                   f"by {row['door']}")  # fmt: skip
        for one in row["shown"]:
            fields = ", ".join(one["fields"]) or "all"
            typer.echo(f"    {one['count']:,} x {one['chain']}/{one['class']}: {plain(fields)}")
        for one in row.get("keys", ()):
            typer.echo(f"    {one['class']}: {plain(', '.join(one['keys']))}")
    if not rows:
        typer.echo("nothing that takes a clearance was shown")
    return GOOD


def _exposed(house: "House", since: datetime, *, keys: bool) -> Any:
    from service.permits.exposures import every_exposure, exposed_keys

    for event in every_exposure(house, since):
        row = {"event": event.sequence, "at": event.recorded_at, "person": event.agent,
               "door": event.payload["door"], "shown": event.payload["shown"]}  # fmt: skip
        yield row | ({"keys": exposed_keys(house, event)} if keys else {})


def _names(told: Iterable[str], option: str, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Names by the field of a grant. Raises InputError `USAGE`."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(kinds.values(), ())
    for one in told:
        kind, _, name = one.partition("=")
        if kind not in kinds or not name:
            raise InputError(f"`{plain(one)[:60]}` is nothing for {option}", code="USAGE",
                             hint=f"write {', '.join(f'{each}=NAME' for each in kinds)}"
                             )  # fmt: skip
        found[kinds[kind]] += (name,)
    return dict(found)


def _told(grant: "Grant") -> dict[str, Any]:
    return {name: value for name, value in asdict(grant).items() if value not in (None, ())}


def _limits(grant: "Grant") -> str:
    said = [("region", grant.regions), ("supplier", grant.suppliers), ("family", grant.families),
            ("cleared for class", grant.classes), ("cleared for zone", grant.zones)]  # fmt: skip
    parts = [f"{what} {', '.join(names)}" for what, names in said if names]
    return plain("; ".join(parts)) or "all that takes no clearance"


def _day(when: datetime) -> str:
    return when.date().isoformat()


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"`{plain(text)[:40]}` is no day", code="BAD_TIME",
                         hint="write it like 2026-03-01") from error  # fmt: skip
