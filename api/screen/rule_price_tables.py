"""What rules cost in recorded plans, as a person reads it; pairs with how they interact."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen import drawing
from api.screen.amounts import count, millionths, total
from api.screen.reasons import rule_name
from api.screen.tables import Table

if TYPE_CHECKING:
    from rich.console import Console

DIGITS = 12
Row = Mapping[str, Any]


def show_rule_prices(screen: "Console", digest: str, result: Row) -> None:
    """The sums of each rule and pair, and which plans they are of."""
    plans = result["plans"]
    priced = [one for one in plans if one["currency"] is not None]
    of = f" ({plain(priced[0]['chain'])} {priced[0]['plan'][:DIGITS]})" if len(priced) == 1 else ""
    screen.print(f"what rules cost in {count(len(priced), 'recorded plan')}{of}", style="bold")
    for one in plans:
        for reason in one["reasons"]:
            screen.print(f"plan {one['plan'][:DIGITS]} of {plain(one['chain'])}: {plain(reason)}",
                         soft_wrap=True)  # fmt: skip
    if not result["rules"]:
        screen.print("no rule acts on them")
    else:
        screen.print(costs_table(result["rules"]))
    if result["pairs"]:
        screen.print("Two rules together, and that less the sum of each alone:")
        screen.print(pairs_table(result["pairs"]))
    left_out = sum(one["pairs_left_out"] for one in plans)
    if left_out:
        screen.print(f"{count(left_out, 'pair')} more were not priced")
    screen.print(f"kept as {digest}", soft_wrap=True)


def costs_table(rows: Sequence[Row]) -> Table:
    """What each rule costs: exact, or between two ends where a plan leaves a gap."""
    gap = any(_is_open(one) for one in rows)
    titles = ["plans", "costs", *(["between"] if gap else []), "units not served"]
    made = drawing.table("rule", *titles, numbers=titles)
    for one in rows:
        drawing.add(made, ", ".join(map(rule_name, one["rules"])), f"{one['plans']:,}",
                    _total(one, "difference_scaled"), *([_between(one)] if gap else []),
                    millionths(one["served_millionths"]))  # fmt: skip
    return made


def pairs_table(rows: Sequence[Row]) -> Table:
    """What pairs cost together, and how much more or less than each alone."""
    titles = ["plans", "together", "interaction", "between"]
    made = drawing.table("rules", *titles, numbers=titles, spare=["between"])
    for one in rows:
        ends = {**one, **one["interaction"]}
        drawing.add(made, " and ".join(map(rule_name, one["rules"])), f"{one['plans']:,}",
                    _total(one, "difference_scaled"), _total(ends, "difference_scaled"),
                    _between(ends))  # fmt: skip
    return made


def _total(one: Row, name: str) -> str:
    return total(one[name], one["cost_scale"], one["currency"])


def _between(one: Row) -> str:
    if not _is_open(one):
        return "exact"
    ends = (total(one[end], one["cost_scale"]) for end in ("at_least_scaled", "at_most_scaled"))
    return " and ".join(ends)


def _is_open(one: Row) -> bool:
    return bool(one["at_least_scaled"] != one["at_most_scaled"])
