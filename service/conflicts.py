"""Wishes that leave no plan: which of them conflict, and what there is instead."""

from collections.abc import Iterator
from dataclasses import replace

from ontology.columns import MISSING
from ontology.edits import FORBID, Edit
from ontology.errors import EvenkeelError, InputError
from service.decision import Question, pose
from service.edit_stops import exists, nearby
from solver.engine.flow import solve
from solver.model.edited import rows_of
from solver.model.lots import lot_words

NAMED = 10
"""So many of the reservations that are in the way are named."""


def conflict(question: Question) -> InputError:
    """Why edits leave no plan: a smallest set of them that conflicts, and what there is instead.

    Edits are taken back one by one; those without which a flow exists belong to the set. Where a
    flow exists with all of them, a capacity or a rule on the finished plan is in the way.
    """
    core = list(question.request.edits)
    if question.request.reserved and _free_of_promises(question):
        return _promised(question, core)
    if _feasible(question, core):
        return InputError(
            "the edits leave no plan that keeps the shared capacities and the rules on a plan"
            + _nearby(question, core),
            code="EDITS_CONFLICT", hint="take back a pin or a force, or ask for fewer units",
        )  # fmt: skip
    for edit in list(core):
        rest = [other for other in core if other != edit]
        if not _feasible(question, rest):
            core = rest
    reasons = "; ".join(_available(question, core))
    return InputError(
        f"these edits cannot be met{' together' if len(core) > 1 else ''}: "
        f"{', '.join(map(str, core))}: {reasons}{_nearby(question, core)}",
        code="EDITS_CONFLICT", hint="ask for fewer units, or take one of them back",
    )  # fmt: skip


def _free_of_promises(question: Question) -> bool:
    """Whether the edits could be met if approved plans had promised nothing."""
    return exists(question.snapshot, question.release, replace(question.request, reserved=()))


def _promised(question: Question, edits: list[Edit]) -> InputError:
    """That no rule is in the way of edits, but what approved plans have promised."""
    items = {edit.item for edit in edits}
    held = [each for each in question.request.reserved if each.item in items]
    told = ", ".join(f"{each.units:,} {each.item} "
                     + (f"of the order {each.order}" if each.order else f"at {each.place}")
                     for each in held[:NAMED])  # fmt: skip
    more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
    found = nearby(question, edits)
    near = "" if found is None else str(replace(found, stops=()))
    return InputError(
        f"these edits cannot be met: {', '.join(map(str, edits))}: approved plans hold "
        f"{told or 'what they take'}{more}{f'; {near}' if near else ''}",
        code="EDITS_CONFLICT", hint="void the approved plan that holds them (the one you edit, if "
        "it is approved itself), or ask for fewer units",
    )  # fmt: skip


def _nearby(question: Question, edits: list[Edit]) -> str:
    """What stops the first of the edits, and the nearest quantities; empty where nobody knows."""
    found = nearby(question, edits)
    return f"; {found}" if found is not None and str(found) else ""


def _feasible(question: Question, edits: list[Edit]) -> bool:
    request = replace(question.request, edits=tuple(edits))
    try:
        return solve(pose(replace(question, request=request)).network).status == "optimal"
    except EvenkeelError as error:
        if error.code == "EDITS_CONFLICT":
            return False
        raise


def _available(question: Question, edits: list[Edit]) -> Iterator[str]:
    """What there is for each way that edits ask for: units at its start, and what rules closed."""
    without = replace(question, request=replace(question.request, edits=()))
    problem = pose(without)
    stock = question.facts.table("StockPosition")
    lane = question.facts.table("Lane")
    lanes = {
        name: f", {name} takes {most} a day"
        for name, most in zip(lane["id"], lane["capacity_units_per_day"].tolist(), strict=True)
        if most != MISSING
    }
    free: dict[tuple[str, str, str], int] = {}
    for item, place, lot, units in zip(
        stock["item"], stock["location"], stock["lot"], stock["on_hand_units"].tolist(), strict=True
    ):
        free[item, place, lot] = units
    asked = [edit for edit in edits if edit.kind != FORBID]
    for edit, rows in rows_of(problem.movements, problem.window, asked).items():
        moved = problem.movements.take(rows)
        rules = sorted({rule for row in rows.tolist() for rule in problem.closures.rules_of(row)})
        if edit.lane:
            keys = zip(moved["item"], moved["origin"], moved["lot"], strict=True)
            units = sum(free.get(key, 0) for key in keys)
            origin = moved["origin"][0]
            said = f"{origin} has {units} {edit.item} on hand{lanes.get(edit.lane, '')}"
            if whole := lot_words(question.facts, edit.item, edit.lane):
                said += f", {edit.item} goes by {edit.lane} {whole}"
        else:
            said = f"{edit.supplier} offers {edit.item} to {edit.destination}"
        closed = f", and {', '.join(rules)} closes some or all of it" if rules else ""
        yield said + closed
