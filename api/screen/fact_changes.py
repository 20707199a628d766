"""What a delivery changes, for people: facts by class, the first of them, and lines of the plan."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen.amounts import count, money
from api.screen.drawing import DIGITS, add, end_of, start_of, table

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 10
_WORDS = {
    "added": "is new", "closed": "ends", "late": "comes late: something later stands",
    "waits": "waits for its time",
}  # fmt: skip
Row = Mapping[str, Any]


def show(screen: "Console", summary: Row) -> None:
    """Counts by class; of a dry run also the first facts, and what becomes of the latest plan."""
    changes: Mapping[str, Mapping[str, int]] = summary["changes"]
    if changes:
        names = list(next(iter(changes.values())))
        made = table("facts", *names, numbers=names)
        for name, counts in changes.items():
            add(made, name, *(f"{counts[which]:,}" for which in names))
        screen.print(made)
    _show_facts(screen, summary.get("differences", ()))
    if "plan" in summary:
        _show_plan(screen, summary["plan"])
    for plan in summary.get("touched", ()):
        lines = count(plan["lines"], "line rests", "lines rest")
        screen.print(f"plan {plan['plan'][:DIGITS]} was made without knowing this: "
                     f"{lines} on what changed")  # fmt: skip


def _show_facts(screen: "Console", differences: Sequence[Row]) -> None:
    for change in differences[:SHOWN]:
        fields = ", ".join(
            f"{name} {plain(was)} -> {plain(now)}" for name, (was, now) in change["fields"].items()
        )
        said = "; ".join(text for text in (_WORDS.get(change["outcome"], ""), fields) if text)
        screen.print(f"  {plain(change['what'])}: {said}")
    if len(differences) > SHOWN:
        screen.print(f"  ... and {len(differences) - SHOWN:,} more: --json lists them")


def _show_plan(screen: "Console", plan: Row | None) -> None:
    if plan is None:
        screen.print("there is no plan of this chain yet")
        return
    name = f"plan {plan['plan'][:DIGITS]}"
    if plan["refused"]:
        screen.print(f"{name} could not be made again: {plain(plan['refused'])}", soft_wrap=True)
        return
    since = "" if plan["compared_with"] == "plan" else ", against a plan made now,"
    was, now = plan["cost_cents"]
    screen.print(f"{name} made again{since} would cost {money(now, 1, plan['currency'])} instead "
                 f"of {money(was, 1, plan['currency'])}; "
                 f"{count(len(plan['lines']), 'line differs', 'lines differ')}")  # fmt: skip
    for row in plan["lines"][:SHOWN]:
        line = row["line"]
        screen.print(f"  {plain(line['item'])} from {plain(start_of(line))} to "
                     f"{plain(end_of(line))}: {row['units_before']:,} -> "
                     f"{row['units_after']:,} units")  # fmt: skip
    if len(plan["lines"]) > SHOWN:
        screen.print(f"  ... and {len(plan['lines']) - SHOWN:,} more: --json lists them")
