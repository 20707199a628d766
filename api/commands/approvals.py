"""The commands `approvals`: plans submitted, decided on by people, and what they reserve."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.backtest import day_of
from api.output import (
    GOOD,
    REFUSED,
    AsJson,
    console,
    hint,
    plain,
    print_document,
    time_of,
    warn_unknown,
)
from api.recall import DIGITS, LATEST, find_plan
from ontology.errors import EvenkeelError

if TYPE_CHECKING:
    from governance.ledger import Governed
    from governance.matrix import Demand
    from governance.plan_cases import PlanCase
    from service.governing.ledger import Decided
    from service.house import House

PlanName = Annotated[str, typer.Argument(help="The plan, by digits of its digest.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept, so say it without a name.")]
Seen = Annotated[int | None, typer.Option(help="The submission that you looked at.")]
By = Annotated[str, typer.Option("--by", help="Who decides; by default EVENKEEL_PERSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Plans that wait for approval: decide on them, see what they reserve.",
                        rich_markup_mode=None)  # fmt: skip
    for name, command in (
        ("inbox", inbox), ("show", show), ("submit", submit), ("approve", approve),
        ("decline", decline), ("return", return_plan), ("comment", comment), ("void", void),
        ("done", done), ("delegate", delegate), ("take-back", take_back),
        ("revalidate", revalidate),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="approvals")


def inbox(
    chain: Annotated[str, typer.Option(help="Only of this chain.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="All that was ever submitted, not only what is open.")
    ] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only what waits for me.")] = False,
    by: By = "",
    as_json: AsJson = False,
) -> int:
    """List plans that wait for approval or have it, the last submitted first."""
    from api.commands.server import opened
    from api.screen.drawing import add, table
    from service.governing.deciders import waiting_for
    from service.persons import acting

    with opened() as house:
        state = house.ledger.state().approvals
        found = waiting_for(house, acting(house, by)) if mine else list(state.cases.values())
        found = [case for case in found
                 if chain in ("", case.chain) and (everything or case.is_open)]  # fmt: skip
        found.sort(key=lambda case: -case.submission)
    if as_json:
        print_document({"approvals": [document_of_case(case) for case in found],
                        "delegations": [asdict(each) for each in state.delegations]})  # fmt: skip
        return GOOD
    if not found:
        console().print("nothing waits")
        return GOOD
    made = table("plan", "chain", "status", "made by", "needs", "until")
    for case in found:
        add(made, case.plan[:DIGITS], plain(case.chain), case.status, plain(case.maker),
            plain(_needs(case)), f"{case.until:%Y-%m-%d %H:%M}")  # fmt: skip
    console().print(made)
    return GOOD


def show(plan: PlanName = LATEST, as_json: AsJson = False) -> int:
    """Show what a plan needs, who said what about it, and what it reserves or is to bring."""
    from api.commands.server import opened
    from api.screen.drawing import add, table
    from governance.plan_cases import people_given
    from service.governing.approving import left_of
    from service.governing.deciders import counted_verdicts

    with opened() as house:
        state = house.ledger.state()
        case = state.approvals.case(find_plan(house, plan).plan.digest)
        wanted, left = _demanded(house, state, case), left_of(house, case.plan)
        waits = case.status == "waiting"  # what was decided, was decided with the roles of then
        counted = counted_verdicts(house, case) if waits else case.verdicts
    if as_json:
        print_document(document_of_case(case) | {
            "demanded": [asdict(demand) | {
                "people": people, "given": people_given(case, demand, counted)
            } for demand, people in wanted],
            "left": [asdict(each) for each in left],
        })  # fmt: skip
        return GOOD
    screen = console()
    why = f": {plain(case.reason)}" if case.reason else ""
    screen.print(f"plan {case.plan[:DIGITS]} of {plain(case.chain)} is {case.status}{why}",
                 style="bold")  # fmt: skip
    demands = table("needs", "people", "given", "of", "because")
    for demand, people in wanted:
        more = f"; {people} as nobody was named who made it" if people > demand.people else ""
        add(demands, plain(demand.name), str(people), str(people_given(case, demand, counted)),
            ", ".join(demand.roles), plain(demand.reason) + more)  # fmt: skip
    screen.print(demands)
    for remark in case.remarks:
        screen.print(f"{remark.at:%Y-%m-%d %H:%M:%S}  "
                     f"{remark.kind.partition('.')[2].replace('_', ' ')}  "
                     f"{plain(remark.person)}  {plain(remark.text)}".rstrip())  # fmt: skip
    for each in left:
        promise = each.promise
        where = f"order {promise.order}" if promise.order else f"{promise.place} {promise.lot}"
        if each.committed:
            screen.print(f"reserved: {each.committed:,} {plain(promise.item)}, {plain(where)}")
        if each.expected:
            screen.print(f"expected: {each.expected:,} {plain(promise.item)}, "
                         f"{plain(promise.destination)} on {promise.arrives_on}")  # fmt: skip
    screen.print(f"submission {case.submission}, until {case.until:%Y-%m-%d %H:%M} UTC")
    return GOOD


def submit(
    plan: PlanName = LATEST, reason: Reason = "", by: By = "", as_json: AsJson = False
) -> int:
    """Submit a saved plan for approval, by the matrix in force."""
    from service.governing.approving import submit as submitted

    return _decide(plan, by, lambda house, digest, who: submitted(house, digest, who, reason),
                   as_json=as_json)  # fmt: skip


def approve(
    plan: PlanName, reason: Reason = "", seen: Seen = None, by: By = "", as_json: AsJson = False
) -> int:
    """Approve a plan on the facts of this moment; the last approval reserves its units."""
    from service.governing.approving import approve as approved

    return _decide(plan, by, lambda house, digest, who: approved(house, digest, reason, who, seen),
                   as_json=as_json)  # fmt: skip


def decline(
    plan: PlanName, reason: Reason = "", seen: Seen = None, by: By = "", as_json: AsJson = False
) -> int:
    """Decline a plan for good."""
    from service.governing.approving import decline as declined

    return _decide(plan, by, lambda house, digest, who: declined(house, digest, reason, who, seen),
                   as_json=as_json)  # fmt: skip


def return_plan(
    plan: PlanName, reason: Reason = "", seen: Seen = None, by: By = "", as_json: AsJson = False
) -> int:
    """Ask for a change: `evenkeel edit` makes the changed plan, which is submitted for itself."""
    from service.governing.approving import return_for_change

    return _decide(plan, by, lambda house, digest, who: return_for_change(
        house, digest, reason, who, seen), as_json=as_json)  # fmt: skip


def comment(
    plan: PlanName, text: Annotated[str, typer.Argument(help="What there is to say.")],
    by: By = "", as_json: AsJson = False,
) -> int:  # fmt: skip
    """Say something about a submitted plan."""
    from service.governing.approving import comment as commented

    return _decide(plan, by, lambda house, digest, who: commented(house, digest, text, who),
                   as_json=as_json)  # fmt: skip


def void(plan: PlanName, reason: Reason = "", by: By = "", as_json: AsJson = False) -> int:
    """Make void what waits or is approved; what it reserved is free again."""
    from service.governing.approving import void as voided

    return _decide(plan, by, lambda house, digest, who: voided(house, digest, reason, who),
                   as_json=as_json)  # fmt: skip


def done(
    plan: PlanName,
    on: Annotated[str, typer.Option(
        metavar="DAY", help="The day (UTC) on which it left, such as 2026-03-02; else as planned."
    )] = "",
    reason: Reason = "", by: By = "", as_json: AsJson = False,
) -> int:  # fmt: skip
    """Say that an approved plan was carried out; what it promised ends as it is counted."""
    from service.governing.approving import carried_out

    day = day_of(on, "--on")
    return _decide(plan, by, lambda house, digest, who: carried_out(
        house, digest, who, reason, day), as_json=as_json)  # fmt: skip


def delegate(
    to: Annotated[str, typer.Argument(help="The person, by name or pseudonym.")],
    until: Annotated[str, typer.Option(help="Until when, as 2026-03-05T18:00:00Z.")],
    reason: Reason = "",
    chain: Annotated[str, typer.Option(help="For plans of this chain, or * for all.")] = "*",
    region: Annotated[list[str] | None, typer.Option(help="Only these; again for more.")] = None,
    family: Annotated[list[str] | None, typer.Option(help="Only these; again for more.")] = None,
    by: By = "",
    as_json: AsJson = False,
) -> int:
    """Hand the power to approve to another person, for a scope and a time."""
    from api.commands.server import opened
    from governance.scopes import Scope
    from service.governing.approving import delegate as delegated
    from service.governing.known_names import unknown_names
    from service.persons import acting

    scope = Scope(chain, tuple(region or ()), tuple(family or ()))
    with opened() as house:
        made = delegated(house, house.persons.pseudonym_of(to), reason, acting(house, by),
                         time_of(until, "--until"), scope)  # fmt: skip
        unknown = unknown_names(house, scope)
    warn_unknown(unknown)
    number = made.state.sequence
    if as_json:
        print_document({"delegation": number, **asdict(made.state.approvals.delegations[-1])})
    else:
        typer.echo(f"{plain(to)} may approve by that power until {until}")
        hint(f"`evenkeel approvals take-back {number}` ends it")
    return GOOD


def take_back(
    delegation: Annotated[int, typer.Argument(help="Its number, as `inbox --json` shows it.")],
    by: By = "",
    as_json: AsJson = False,
) -> int:
    """End a delegation that you gave or took."""
    from api.commands.server import opened
    from service.governing.approving import take_back as taken_back
    from service.persons import acting

    with opened() as house:
        taken_back(house, delegation, acting(house, by))
    if as_json:
        print_document({"delegation": delegation, "ended": True})
    else:
        typer.echo(f"the delegation {delegation} has ended")
    return GOOD


def revalidate(
    chain: Annotated[str, typer.Option(help="Only plans of this chain.")] = "",
    as_json: AsJson = False,
) -> int:
    """Look at every approved plan again, and at deadlines: void what no longer holds.

    Exit status 1 where something was made void, expired or escalated.
    """
    from api.commands.server import opened
    from service.governing.approving import revalidate as revalidated
    from service.governing.approving import sweep

    with opened() as house:
        found = [*sweep(house), *revalidated(house, chain=chain)]
    if as_json:
        print_document({"events": [{"plan": one.plan, "chain": one.chain, "kind": one.event.kind,
                                    "event": one.event.sequence, "reason": one.reason}
                                   for one in found]})  # fmt: skip
        return REFUSED if found else GOOD
    for one in found:
        typer.echo(f"plan {one.plan[:DIGITS]} of {plain(one.chain)}: "
                   f"{one.event.kind.partition('.')[2]}: {plain(one.reason)}")  # fmt: skip
    if not found:
        typer.echo("every approved plan holds, and nothing is late")
    return REFUSED if found else GOOD


def _demanded(
    house: "House", state: "Governed", case: "PlanCase"
) -> "list[tuple[Demand, int]]":  # fmt: skip
    """What a plan takes, with how many people: of its submission and, while it waits, of now.

    A plan that unnamed hands made takes one person more. Where the present matrix or the plan
    cannot be read, that of its submission alone.
    """
    from governance.plan_cases import people_wanted
    from service.governing.approval_features import plan_document
    from service.governing.approval_standing import demands_now

    demands = case.demands
    with suppress(EvenkeelError):
        if case.status == "waiting":
            present = demands_now(house, plan_document(house, case.plan), state)
            demands = tuple(dict.fromkeys((*demands, *present)))
    return [(demand, people_wanted(case, demand)) for demand in demands]


def document_of_case(case: "PlanCase") -> dict[str, Any]:
    """A case as a document, without what only the service needs."""
    found = asdict(case)
    found["authors"] = sorted(case.authors)
    found["promises"] = [asdict(each) for each in case.promises]
    return found


def _decide(
    plan: str, by: str, say: "Callable[[House, str, str], Decided]", *, as_json: bool
) -> int:
    """Decide as a person, and tell what has become of the plan."""
    from api.commands.server import opened
    from service.persons import acting

    with opened() as house:
        digest = find_plan(house, plan).plan.digest
        decided = say(house, digest, acting(house, by))
        case = decided.state.approvals.case(digest)
    if as_json:
        event = None if decided.event is None else decided.event.sequence
        print_document(document_of_case(case) | {"event": event})
        return GOOD
    held = sum(promise.units for promise in case.promises)
    reserved = f", {held:,} units reserved" if case.status == "approved" else ""
    typer.echo(f"plan {digest[:DIGITS]} is {case.status}{reserved}")
    if case.status == "waiting":
        hint(f"it needs: {_needs(case)}")
    return GOOD


def _needs(case: "PlanCase") -> str:
    from governance.plan_cases import people_given, people_wanted, unmet

    told = []
    for demand in unmet(case, case.demands, case.verdicts):
        given = people_given(case, demand, case.verdicts)
        told.append(f"{people_wanted(case, demand)} of {' or '.join(demand.roles)} "
                    f"({demand.name}{f', {given} given' if given else ''})")  # fmt: skip
    return "; ".join(told) if case.status == "waiting" else ""
