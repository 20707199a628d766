"""What the commands that decide about a release share: its name, the decision, what is told."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import (
    GOOD,
    hint,
    plain,
    print_document,
)

if TYPE_CHECKING:
    from governance.release_cases import ReleaseCase
    from service.governing.ledger import Decided
    from service.house import House

DIGITS = 12
Which = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Its digest, or how it begins, or `NAME VERSION`.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept, so say it without a name.")]
Chain = Annotated[str, typer.Option(help="A supply chain, or * for all.")]
Regions = Annotated[
    list[str] | None, typer.Option("--region", help="Only what arrives there; again for more.")
]
Families = Annotated[
    list[str] | None, typer.Option("--family", help="Only items of this family; again for more.")
]


def told(case: "ReleaseCase") -> dict[str, Any]:
    """A release as a document."""
    found = {
        "digest": case.digest, "name": case.name, "version": case.version, "status": case.status,
        "author": case.author, "reason": case.reason, "parent": case.parent,
        "scope": case.scope.stated(), "rules": case.shape_count, "approvers": list(case.approvers),
        "backtest": case.backtest, "deny_to_allow": list(case.deny_to_allow),
        "unreviewed": list(case.unreviewed),
    }  # fmt: skip
    if case.canary is not None:
        seen = [{"metric": one.guard.metric, "most_percent": one.guard.most_percent,
                 "pairs": one.pairs, "worse": one.worse, "is_broken": one.is_broken}
                for one in case.canary.told()]  # fmt: skip
        left_out = case.canary.left_out_by_reason()
        found["canary"] = {**case.canary.stated(), "seen": seen, "left_out": left_out}
    return found


def decide_on(
    release: str, decide: "Callable[[House, str, str], Decided]", *, as_json: bool, then: str = "",
    already: "Callable[[House, str], str] | None" = None,
    more: "Callable[[Decided], str] | None" = None,
) -> int:  # fmt: skip
    """Decide as a person, and tell what has become of the release, and `more` of what was decided.

    Where it was so before, `already` tells by whom and when.
    """
    from api.commands.server import opened
    from service.governing.releasing import find
    from service.persons import acting

    with opened() as house:
        done = decide(house, release, acting(house))
        digest = find(house, release).digest
        who = already(house, digest) if already is not None and done.event is None else ""
    return tell(done, digest, as_json=as_json, then=then, who=who,
                more=more(done) if more is not None else "")  # fmt: skip


def tell(
    done: "Decided", digest: str, *, as_json: bool, then: str = "", who: str = "", more: str = ""
) -> int:  # fmt: skip
    """Tell what has become of a release, or who had decided so before, and what to do then."""
    case = done.state.releases.case(digest)
    if as_json:
        print_document(told(case) | {"event": done.event.sequence if done.event else None})
        return GOOD
    typer.echo(f"{digest[:DIGITS]} is {case.status}"
               + (more if done.event else f" already{plain(who)}"))  # fmt: skip
    if then:
        hint(then.format(digest[:DIGITS]))
    return GOOD
