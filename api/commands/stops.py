"""The commands `stop`, `resume`, `stops`, `protect`, `unprotect`: what is halted, and by whom."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, warn_unknown

if TYPE_CHECKING:
    from governance.scopes import Scope
    from governance.stops import Protection, Stop
    from service.governing.ledger import Decided

Chain = Annotated[str, typer.Option(help="Only this supply chain; by default all.")]
Region = Annotated[
    list[str] | None, typer.Option(help="Only this region or place; again for more.")
]
Family = Annotated[list[str] | None, typer.Option(help="Only this family; again for more.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept, so say it without a name.")]
EVERY = "*"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("stop")(stop)
    app.command("resume")(resume)
    app.command("stops")(stops)
    app.command("protect")(protect)
    app.command("unprotect")(unprotect)


def scope_of(chain: str, region: list[str] | None, family: list[str] | None) -> "Scope":
    """The scope that options name. Raises InputError `SCOPE_INVALID`."""
    from governance.scopes import Scope

    return Scope(chain or EVERY, tuple(region or ()), tuple(family or ()))


def words_of(scope: "Scope") -> str:
    """A scope in words."""
    parts = ["all chains" if scope.chain == EVERY else scope.chain]
    parts += [f"region {name}" for name in scope.regions]
    parts += [f"family {name}" for name in scope.families]
    return plain(", ".join(parts))


def stop(
    chain: Chain = "",
    region: Region = None,
    family: Family = None,
    reason: Reason = "",
    *,
    pause: Annotated[
        bool, typer.Option("--pause", help="Freeze approvals, too, until they are checked again.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Stop at once: nothing new is submitted, approved or done there until it is lifted."""
    from api.commands.server import opened
    from governance.stops import PAUSE, STOP
    from service.governing.autonomy import stop as put
    from service.governing.known_names import unknown_names
    from service.persons import acting

    scope = scope_of(chain, region, family)
    with opened() as house:
        decided = put(house, scope, reason, acting(house), PAUSE if pause else STOP)
        standing = [each for each in decided.state.stops.standing if each.scope == scope]
        unknown = unknown_names(house, scope)
    number = standing[-1].number
    if as_json:
        print_document(
            {
                "stop": number,
                "scope": scope.stated(),
                "new": decided.event is not None,
                "unknown": unknown,
            }
        )
        return GOOD
    warn_unknown(unknown)
    typer.echo(f"stopped: {words_of(scope)} (stop {number})" if decided.event else
               f"it was stopped already: {words_of(scope)} (stop {number})")  # fmt: skip
    hint(f"another person lifts it with `evenkeel resume {number} --reason WHY`")
    return GOOD


def resume(
    number: Annotated[int, typer.Argument(min=1, metavar="STOP", help="As `stops` shows it.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Lift a stop that another person put, or a machine; one of an unnamed person takes two."""
    from api.commands.server import opened
    from service.governing.autonomy import resume as lift
    from service.persons import acting

    with opened() as house:
        decided = lift(house, number, reason, acting(house))
        found = decided.state.stops.stop(number)
    if as_json:
        print_document({"stop": number, "new": decided.event is not None, **_lifting(found)})
        return GOOD
    if not found.is_lifted:
        typer.echo(f"not lifted yet: {words_of(found.scope)} (stop {number})")
        hint("nobody was named who put it, so a second person lifts it, too")
        return GOOD
    again = "" if decided.event else f" already, {_when(found)}"
    typer.echo(f"lifted{again}: {words_of(found.scope)} (stop {number})")
    hint("levels that stood above `suggest` there stay lowered: `evenkeel autonomy show`")
    return GOOD


def _lifting(stop: "Stop") -> dict[str, object]:
    """Who lifted a stop, or has said that it may be."""
    return {"lifted": stop.is_lifted, "lifted_by": [each.by for each in stop.lifts]}


def _when(stop: "Stop") -> str:
    last = stop.lifts[-1]
    return plain(f"by {last.by} at {last.at:%Y-%m-%d %H:%M} UTC")


def stops(
    every: Annotated[bool, typer.Option("--all", help="Those that were lifted, too.")] = False,
    as_json: AsJson = False,
) -> int:
    """What is stopped, and which items no machine moves."""
    from api.commands.server import opened

    with opened() as house:
        state = house.ledger.state().stops
    put = [each for _, each in sorted(state.put.items()) if every or not each.is_lifted]
    kept = [each for _, each in sorted(state.protections.items())]
    if as_json:
        print_document({"stops": [_stop(each) for each in put],
                        "protected": [_protection(each) for each in kept]})  # fmt: skip
        return GOOD
    _show(put, kept)
    return GOOD


def protect(
    item: Annotated[list[str], typer.Argument(help="Keys of items.")],
    chain: Chain = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Let no machine move these items; a person may."""
    from api.commands.server import opened
    from service.governing.autonomy import protect as keep
    from service.governing.known_names import unknown_names
    from service.persons import acting

    with opened() as house:
        decided = keep(house, chain or EVERY, item, reason, acting(house))
        unknown = [
            f"{each}: this holds for nothing so far"
            for each in unknown_names(house, scope_of(chain, None, None), item)
        ]
    return _items_told(decided, "protected", item, unknown, as_json=as_json)


def unprotect(
    item: Annotated[list[str], typer.Argument(help="Keys of items.")],
    chain: Chain = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> int:
    """Let machines move these items again, as they were protected: of a chain, or of all."""
    from api.commands.server import opened
    from service.governing.autonomy import unprotect as release
    from service.persons import acting

    with opened() as house:
        decided = release(house, chain or EVERY, item, reason, acting(house))
    elsewhere = _still(decided.state.stops.protections, chain or EVERY, item)
    return _items_told(decided, "no longer protected", item, elsewhere, as_json=as_json)


def _still(kept: "Mapping[tuple[str, str], Protection]", chain: str, items: list[str]) -> list[str]:
    """Which items stay protected elsewhere, so that the word holds for less than it seems."""
    return [f"`{item}` stays protected of {'all chains' if where == EVERY else f'`{where}`'}"
            for where, item in sorted(kept)
            if item in items and where != chain and EVERY in (where, chain)]  # fmt: skip


def _items_told(
    decided: "Decided", state: str, items: list[str], remarks: list[str], *, as_json: bool
) -> int:
    if as_json:
        print_document({"items": items, "state": state, "new": decided.event is not None,
                        "remarks": remarks})  # fmt: skip
        return GOOD
    already = "" if decided.event else " already"
    typer.echo(f"{state}{already}: {plain(', '.join(items))}")
    for each in remarks:
        hint(plain(f"warning: {each}"))
    return GOOD


def _show(put: "list[Stop]", kept: "list[Protection]") -> None:
    from api.screen import drawing

    if not put and not kept:
        typer.echo("nothing is stopped, and no item is protected")
        return
    made = drawing.table("stop", "where", "since, UTC", "by", "why", "state", numbers=["stop"])
    for each in put:
        drawing.add(made, str(each.number), words_of(each.scope), f"{each.since:%Y-%m-%d %H:%M}",
                    plain(each.by), plain(each.reason), "lifted" if each.is_lifted else each.mode
                    )  # fmt: skip
    console().print(made)
    items = drawing.table("protected item", "chain", "since, UTC", "by", "why")
    for one in kept:
        drawing.add(items, plain(one.item), plain(one.chain), f"{one.since:%Y-%m-%d %H:%M}",
                    plain(one.by), plain(one.reason))  # fmt: skip
    if kept:
        console().print(items)


def _stop(stop: "Stop") -> dict[str, object]:
    return {"stop": stop.number, "mode": stop.mode, "scope": stop.scope.stated(),
            "reason": stop.reason, "by": stop.by, "since": stop.since.isoformat(),
            **_lifting(stop)}  # fmt: skip


def _protection(kept: "Protection") -> dict[str, object]:
    return {"chain": kept.chain, "item": kept.item, "reason": kept.reason, "by": kept.by,
            "since": kept.since.isoformat()}  # fmt: skip
