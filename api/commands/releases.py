"""The commands about policy releases: proposed, approved, put in force, taken back, handed out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.canaries import abort, canary, guard
from api.commands.release_decisions import (
    DIGITS,
    Chain,
    Families,
    Regions,
    Which,
    Why,
    decide_on,
    tell,
    told,
)
from api.commands.signed_releases import export, verify
from api.output import (
    GOOD,
    AsJson,
    console,
    plain,
    print_document,
    time_of,
    warn_unknown,
)
from ontology.errors import InputError

if TYPE_CHECKING:
    from governance.release_cases import ReleaseCase
    from service.governing.ledger import Decided
    from service.house import House

_SAID = ("reason", "rule", "left_out")
"""What of an event of a release is shown beside who did what and when."""


def register_in(policy: typer.Typer) -> None:
    """Add the commands of this module to the group `policy`."""
    for name, command in (
        ("propose", propose), ("list", listing), ("show", show), ("in-force", in_force),
        ("review", review), ("approve", approve), ("canary", canary), ("activate", activate),
        ("retire", retire), ("roll-back", roll_back), ("withdraw", withdraw), ("abort", abort),
        ("guard", guard), ("export", export), ("verify", verify),
    ):  # fmt: skip
        policy.command(name)(command)


def propose(
    folder: Annotated[Path, typer.Argument(help="With shapes/ and knobs.toml.")],
    reason: Why = "",
    chain: Chain = "*",
    region: Regions = None,
    family: Families = None,
    waive: Annotated[
        list[str] | None,
        typer.Option(help="Answer for a finding of lint: RULE=CODE:REASON; again for more."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Propose the rules of a folder as a release, for all or for a part."""
    from api.commands.server import opened
    from governance.scopes import Scope
    from rules.release import from_folder
    from service.governing.known_names import unknown_names
    from service.governing.releasing import propose as proposed
    from service.persons import acting

    release, scope = from_folder(folder), Scope(chain, tuple(region or ()), tuple(family or ()))
    with opened() as house:
        waivers = [_waiver(one, [rule.iri for rule in release.rules]) for one in waive or ()]
        examples = folder / "examples"
        done = proposed(house, release, reason, acting(house), scope, waivers,
                        examples if examples.is_dir() else None)  # fmt: skip
        unknown = unknown_names(house, scope)
    warn_unknown(unknown)
    return tell(
        done,
        release.digest,
        as_json=as_json,
        then="`evenkeel policy backtest {0}` tells what it would have changed",
    )


def listing(as_json: AsJson = False) -> int:
    """Show every release that was proposed, the newest last."""
    from api.commands.server import opened
    from api.screen.canary_rows import where_in_words
    from api.screen.drawing import add, table

    with opened() as house:
        cases = list(house.ledger.state().releases.cases.values())
    if as_json:
        print_document({"releases": [told(one) for one in cases]})
        return GOOD
    made = table("release", "name", "version", "status", "where", "proposed by", spare=("name",))
    for one in cases:
        add(made, one.digest[:DIGITS], one.name, one.version, one.status, where_in_words(one),
            one.author)  # fmt: skip
    console().print(made if cases else "nobody has proposed a release: the shipped one is in force")
    return GOOD


def show(release: Which, as_json: AsJson = False) -> int:
    """Show a release: its status, who decided what and why, since when it is in force.

    And what it says otherwise than the one that it was proposed instead of.
    """
    from api.commands.server import opened
    from api.screen.canary_rows import time_in_words
    from api.screen.governed_times import span_in_words, waits_till
    from service.governing.releasing import find, history, said_otherwise

    with opened() as house:
        case = find(house, release)
        events, otherwise = history(house, case.digest), said_otherwise(house, case)
        state = house.ledger.state()
        spans, now = state.releases.spans(case.digest), house.ledger.now(state)
    happened = [
        {"event": each.sequence, "at": each.recorded_at, "kind": each.kind, "agent": each.agent,
         **{part: each.payload[part] for part in _SAID if part in each.payload}}
        for each in events
    ]  # fmt: skip
    if as_json:
        words = [each.told for each in otherwise]
        timeline = [{"release": case.digest, "where": each.scope.words, "since": each.since,
                     "until": each.until, "then": each.then} for each in spans]  # fmt: skip
        print_document(told(case) | {"says": words, "happened": happened, "timeline": timeline})
        return GOOD
    times = [*time_in_words(case, happened, now), *(span_in_words(each, now) for each in spans)]
    _show(case, happened, times, waits_till(spans, now))
    for each in otherwise:
        typer.echo(f"says         {plain(each.told)}")
    return GOOD


def in_force(
    chain: Annotated[str, typer.Option(help="Of this chain; by default of all others.")] = "",
    at: Annotated[str, typer.Option(help="At a time, past or to come; by default now.")] = "",
    as_json: AsJson = False,
) -> int:
    """Show which release governs a chain, and which its parts, at a time."""
    from api.commands.server import opened
    from service.serving import in_force_at

    with opened() as house:
        found = in_force_at(house, chain, time_of(at, "--at") if at else None)
    if as_json:
        print_document(found)
        return GOOD
    typer.echo(f"the whole    {found['whole'][:DIGITS] or 'none'}")
    for part in found["parts"]:
        names = ", ".join([*part["regions"], *part["families"]]) or "all"
        share = f", {part['share_percent']}% of it" if part["share_percent"] < 100 else ""
        kind = "canary" if part["is_canary"] else "part"
        typer.echo(f"{kind:<12} {part['release'][:DIGITS]} for {plain(names)}{share}")
    return GOOD


def review(
    release: Which,
    rule: Annotated[str, typer.Option(help="The rule, by IRI or its last part.")],
    reason: Why = "",
    as_json: AsJson = False,
) -> int:
    """Answer for a rule by which a release permits what was denied."""
    from service.governing.releasing import find
    from service.governing.releasing import review as answered

    def decide(house: "House", name: str, agent: str) -> "Decided":
        open_rules = find(house, name).deny_to_allow
        return answered(house, name, named_rule(rule, open_rules), reason, agent)

    return decide_on(release, decide, as_json=as_json, then="", already=partial(_reviewed, rule))


def _reviewed(rule: str, house: "House", digest: str) -> str:
    """Who answered for a rule before, and when."""
    from service.governing.releasing import history

    said = [each for each in history(house, digest)
            if rule in (each.payload.get("rule"), _last(each.payload.get("rule", "")))]  # fmt: skip
    if not said:
        return ""
    return f", reviewed by {said[-1].agent} at {said[-1].recorded_at:%Y-%m-%d %H:%M} UTC"


def approve(release: Which, reason: Why = "", as_json: AsJson = False) -> int:
    """Approve a release that somebody else proposed, and that was back-tested."""
    from service.governing.releasing import approve as approved

    return decide_on(
        release,
        lambda house, name, agent: approved(house, name, reason, agent),
        as_json=as_json,
        then="`evenkeel policy activate {0}` puts it in force",
    )


def activate(
    release: Which,
    begins: Annotated[str, typer.Option("--from", help="Since when; by default now.")] = "",
    replacing: Annotated[
        str, typer.Option(help="The digest that you saw in force; refused if it is another.")
    ] = "",
    as_json: AsJson = False,
) -> int:
    """Put an approved release in force where it was proposed for."""
    from api.screen.governed_times import instead_of
    from service.governing.releasing import activate as activated

    since = time_of(begins, "--from") if begins else None

    def decide(house: "House", name: str, agent: str) -> "Decided":
        return activated(house, name, agent, replacing or None, since)

    return decide_on(
        release,
        decide,
        as_json=as_json,
        then="`evenkeel policy roll-back {0} --reason WHY` takes it back at once",
        more=instead_of,
    )


def retire(release: Which, reason: Why = "", as_json: AsJson = False) -> int:
    """Take a release out of force that governs a part, or a chain of its own."""
    from service.governing.releasing import retire as retired

    return decide_on(release, lambda house, name, agent: retired(house, name, reason, agent),
                     as_json=as_json)  # fmt: skip


def roll_back(release: Which, reason: Why = "", as_json: AsJson = False) -> int:
    """Put back in force, at once, what a release replaced."""
    from service.governing.releasing import roll_back as rolled_back

    return decide_on(release, lambda house, name, agent: rolled_back(house, name, reason, agent),
                     as_json=as_json)  # fmt: skip


def withdraw(release: Which, reason: Why = "", as_json: AsJson = False) -> int:
    """Give up a release that is not in force."""
    from service.governing.releasing import withdraw as withdrawn

    return decide_on(release, lambda house, name, agent: withdrawn(house, name, reason, agent),
                     as_json=as_json)  # fmt: skip


def named_rule(text: str, rules: Sequence[str]) -> str:
    """A rule by its IRI or the last part of it, where there is one of that name."""
    return next((iri for iri in rules if text in (iri, _last(iri))), text)


def _last(iri: str) -> str:
    return iri.rpartition("/")[2]


def _show(
    case: "ReleaseCase", happened: list[dict[str, Any]], spans: list[str], waits: str
) -> None:
    from api.screen.canary_rows import guard_lines, where_in_words, why_in_line

    typer.echo(f"release      {case.digest}")
    typer.echo(f"name         {plain(case.name)} {plain(case.version)}, {case.shape_count} rules")
    typer.echo(f"status       {case.status}{waits}, {plain(where_in_words(case))}")
    typer.echo(f"instead of   {case.parent[:DIGITS] or 'none'}")
    for rule in case.deny_to_allow:
        state = "reviewed" if rule in case.reviewed else "NOBODY HAS REVIEWED"
        typer.echo(f"permits      what was denied, by {plain(rule)}: {state}")
    for each in happened:
        typer.echo(f"{each['at']:%Y-%m-%d %H:%M}  {each['kind']} by {plain(each['agent'])}"
                   f"{plain(why_in_line(each))}")  # fmt: skip
    for span in spans or ["never governed"]:
        typer.echo(f"in force     {plain(span)}")
    for line in guard_lines(case.canary) if case.canary is not None else ():
        typer.echo(plain(line))


def _waiver(text: str, rules: Sequence[str]) -> dict[str, str]:
    rule, _, rest = text.partition("=")
    code, _, reason = rest.partition(":")
    if not (rule and code and reason.strip()):
        raise InputError(f"`{plain(text)[:60]}` is nothing for --waive", code="USAGE",
                         hint="write RULE=CODE:REASON")  # fmt: skip
    return {"rule": named_rule(rule, rules), "code": code, "reason": reason.strip()}
