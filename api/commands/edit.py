"""The command `edit`: a plan with a person's wishes for its lines, and what each wish costs."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, working
from api.recall import LATEST, document_of, find_plan
from ontology.edits import CAP, FORBID, FORCE, PIN, Edit
from ontology.errors import InputError

if TYPE_CHECKING:
    from service.edits import EditPrice

Wish = list[str]
LINE = "a line's number, or ITEM:LANE, or ITEM:SUPPLIER:DESTINATION"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("edit")(edit)


def edit(
    plan: Annotated[str, typer.Argument(help="The plan, by digits of its digest.")] = LATEST,
    chain: Annotated[str, typer.Option(help="Look among the plans of this chain.")] = "",
    forbid: Annotated[Wish | None, typer.Option(help=f"None of this: {LINE}.")] = None,
    pin: Annotated[Wish | None, typer.Option(help="LINE=UNITS: exactly so many.")] = None,
    cap: Annotated[Wish | None, typer.Option(help="LINE=UNITS: at most so many.")] = None,
    force: Annotated[Wish | None, typer.Option(help="LINE=UNITS: at least so many.")] = None,
    because: Annotated[str, typer.Option(help="Why; it is kept with the plan.")] = "",
    agent: Annotated[str, typer.Option("--by", help="Who wishes it; kept as a pseudonym.")] = "",
    *,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Lines to print.")] = 20,
    as_json: AsJson = False,
) -> int:
    """A new plan on the present facts, with these wishes and those of the plan they are made on.

    What each wish costs is the difference of two certified plans: with it, and without it.
    """
    from api.commands.server import opened
    from api.screen import drawing
    from service.decision import PlanRequest, request_of
    from service.edits import prices_of_edits
    from service.objectives import asked_in
    from service.persons import acting
    from service.planning import make_plan

    asked = {FORBID: forbid, PIN: pin, CAP: cap, FORCE: force}
    with opened() as house:
        before = document_of(house, find_plan(house, plan, chain))
        decision = before["decision"]
        edits = {Edit(**stated) for stated in decision["edits"]}
        edits |= {_edit(kind, text, decision, because) for kind, texts in asked.items()
                  for text in texts or ()}  # fmt: skip
        request = PlanRequest(
            decision["chain"], frozenset(decision["cost_parts"]), agent=acting(house, agent),
            edits=tuple(sorted(edits)), previous=before["plan_digest"], **asked_in(decision),
        )  # fmt: skip
        with working("planning with and without each wish"):
            made = make_plan(house, request)
            snapshot = house.facts(decision["chain"])
            release = house.release_at(made.document["decision"]["release"])
            held = request_of(made.document["decision"]).reserved
            prices, together = prices_of_edits(made.draft, snapshot, release,
                                               replace(request, reserved=held))  # fmt: skip
    if as_json:
        print_document(made.document | {"edit_prices": [_price(found) for found in prices]})
        return GOOD
    drawing.show_plan(console(), made.document, rows)
    _show(prices, together, made.document["decision"])
    hint(f"what changed: `evenkeel diff {before['plan_digest'][:12]} "
         f"{made.document['plan_digest'][:12]}`")  # fmt: skip
    return GOOD


def _edit(kind: str, text: str, decision: dict[str, Any], reason: str) -> Edit:
    line, sign, units = text.partition("=")
    if (kind == FORBID) == bool(sign) or (sign and not units.isdecimal()):
        raise InputError(
            f"`{text}` is no wish to {kind}", code="BAD_EDIT",
            hint=f"write {LINE}" + ("" if kind == FORBID else "; then =UNITS, whole units"),
        )  # fmt: skip
    return Edit(**_way(line, decision), kind=kind, units=int(units or 0), reason=reason)


def _way(text: str, decision: dict[str, Any]) -> dict[str, str]:
    if text.isdecimal():
        found = [line for line in decision["lines"] if line["number"] == int(text)]
        if found and found[0]["kind"] in {"transfer", "purchase"}:
            names = ("item", "lane") if found[0]["kind"] == "transfer" else _PURCHASE
            return {name: found[0][name] for name in names}
        raise InputError(
            f"the plan has no line {text} that can be edited", code="LINE_UNKNOWN",
            hint="`evenkeel show` numbers them; transfers and purchases can be edited",
        )  # fmt: skip
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(parts):
        raise InputError(f"`{text}` names no line", code="BAD_EDIT", hint=f"write {LINE}")
    return dict(zip(("item", "lane") if len(parts) == 2 else _PURCHASE, parts, strict=True))


_PURCHASE = ("item", "supplier", "destination")


def _price(found: "EditPrice") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(found) | {"difference_scaled": found.difference_scaled}


def _show(prices: "list[EditPrice]", together: int, decision: dict[str, Any]) -> None:
    from api.screen import drawing
    from api.screen.amounts import money

    scale, currency = decision["network"]["cost_scale"], decision["currency"]
    made = drawing.table("wish", "because", "costs", numbers=["costs"])
    for found in prices:
        drawing.add(made, plain(str(found.edit)), plain(found.edit.reason),
                    money(found.difference_scaled, scale, currency))  # fmt: skip
    drawing.add(made, "all together", "", money(together, scale, currency))
    console().print(made)
