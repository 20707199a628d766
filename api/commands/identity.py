"""The command `identity`: a source's identifiers and ours, linked and split by a person."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, working
from api.screen.amounts import count
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.house import House
    from service.stewardship.identity import Relinked
    from service.stewardship.proposals import Proposal

SHOWN = 20
VERBS = ("propose", "accept", "list", "split")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("identity")(identity)


def identity(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="propose | accept EXTERNAL=ID... | list | split EXTERNAL...",
            help="Candidates; link theirs to ours; the links; take links back.",
        ),
    ],
    *,
    chain: Annotated[str, typer.Option(help="The supply chain.")] = "",
    source: Annotated[str, typer.Option(help="Whose identifiers.")] = "",
    class_name: Annotated[str, typer.Option("--class", help="Of what, such as Item.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it stands in the log.")] = "",
    first: Annotated[int, typer.Option("--first", min=1, help="So many candidates.")] = SHOWN,
    as_json: AsJson = False,
) -> int:
    """Identifiers of a source that stand for ours: propose, accept, list and split links."""
    from api.commands.server import opened
    from api.recall import only_chain

    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        raise InputError(f"`{plain(verb)}` is no verb of identity", code="USAGE",
                         hint=f"use one of: {', '.join(VERBS)}")  # fmt: skip
    with opened() as house:
        asked = chain or only_chain(house)
        if verb == "propose":
            return _propose(house, asked, source, class_name, first, as_json=as_json)
        if verb == "list":
            return _list(house, asked, source, class_name, as_json=as_json)
        if not (source and class_name and rest):
            example = "X1=widget" if verb == "accept" else "X1"
            raise InputError("whose identifiers of what are meant?", code="USAGE",
                             hint=f"write `evenkeel identity {verb} {example} --source wms "
                             "--class Item`")  # fmt: skip
        with working("deriving facts anew"):
            done = _changed(house, asked, verb, rest, (source, class_name, reason))
    if as_json:
        print_document(asdict(done))
    else:
        _show_changed(console(), done)
    return GOOD


def _changed(
    house: "House", chain: str, verb: str, words: Sequence[str], told: tuple[str, str, str]
) -> "Relinked":
    from service.persons import acting
    from service.stewardship.identity import accept, take_back
    from service.stewardship.proposals import links_to_accept

    who, (source, class_name, reason) = acting(house), told
    if verb == "accept":
        pairs = links_to_accept(iter(words))
        return accept(house, chain, source, class_name, pairs, agent=who, reason=reason)
    return take_back(house, chain, source, class_name, words, agent=who, reason=reason)


def _show_changed(screen: "Console", done: "Relinked") -> None:
    if done.event is None:
        screen.print("nothing to do: it is so already")
        return
    stated = ", ".join(f"{many:,} {name}" for name, many in sorted(done.restated.items()))
    screen.print(f"event {done.event}: {stated or 'no facts'} stand anew under this identity")
    if done.set_aside:
        screen.print(f"{count(done.set_aside, 'fact')} set aside: they name what nobody knows now; "
                     f"`evenkeel quarantine {done.event}`", soft_wrap=True)  # fmt: skip


def _propose(
    house: "House", chain: str, source: str, class_name: str, first: int, *, as_json: bool
) -> int:
    from service.stewardship.proposals import proposals, sources_of

    found = [proposals(house, chain, each, class_name)
             for each in ([source] if source else sources_of(house, chain))]  # fmt: skip
    if as_json:
        print_document({"chain": chain, "proposals": [asdict(each) for each in found]})
        return GOOD
    for each in found:
        _show_proposal(console(), each, first)
    return GOOD


def _show_proposal(screen: "Console", found: "Proposal", first: int) -> None:
    screen.print(plain(f"{found.source}: {count(found.looked_at, 'identifier')} looked at, "
                       f"{count(len(found.candidates), 'candidate')}"), style="bold")  # fmt: skip
    for each in found.candidates[:first]:
        screen.print(plain(f"  {each.class_name} {each.external_id}={each.own_id}   "
                           f"{each.points} of 1,000 points"))  # fmt: skip
        for part in each.evidence:
            screen.print(plain(f"      +{part.points} {part.kind}: {part.said}"), soft_wrap=True)
        for caution in each.cautions:
            screen.print(plain(f"      but {caution}"), soft_wrap=True)
    if len(found.candidates) > first:
        hint(f"{len(found.candidates) - first:,} more: --first {len(found.candidates)}")
    for slip in found.slips:
        screen.print(plain(f"  {slip.class_name} {slip.external_id}: if it is a GS1 number, its "
                           f"check digit is wrong; {slip.right} would be right"))  # fmt: skip


def _list(house: "House", chain: str, source: str, class_name: str, *, as_json: bool) -> int:
    from api.screen import drawing
    from service.stewardship.identity import links_of

    found = list(links_of(house, chain, source, class_name))
    if as_json:
        print_document({"chain": chain, "links": [_as_data(each) for each in found]})
        return GOOD
    if not found:
        console().print("no link was accepted yet")
        return GOOD
    made = drawing.table("source", "class", "theirs", "ours", "by", "on, UTC", "event",
                         numbers=["event"])  # fmt: skip
    for each in found:
        link = each.link
        ours = "itself (split)" if link.id == link.external_id else link.id
        drawing.add(made, link.source, link.class_name, link.external_id, ours,
                    link.accepted_by or "", f"{each.recorded_at:%Y-%m-%d %H:%M}",
                    str(each.event))  # fmt: skip
    console().print(made)
    return GOOD


def _as_data(told: Any) -> dict[str, Any]:
    return {**asdict(told.link), "event": told.event, "recorded_at": told.recorded_at.isoformat()}
