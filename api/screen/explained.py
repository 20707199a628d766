"""Reasons of a plan as text: changes, ways in, what a line is worth, sizes of orders, flips."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen.amounts import count, money
from api.screen.reasons import rule_name

if TYPE_CHECKING:
    from service.why import Way
    from service.why_line import Flip
    from solver.explain.alternatives import Alternative, Worth
    from solver.model.echelon import OrderSize

Row = Mapping[str, Any]

WAYS_LEGEND = (
    "used below: the cost of a unit below which it would be used, all else equal; below zero: not "
    "even for free; never: nothing could give way"
)


class Amounts:
    """How amounts of one plan are written."""

    def __init__(self, scale: int, currency: str) -> None:
        self._scale = scale
        self._currency = currency

    def full(self, scaled: int) -> str:
        """An amount with its currency."""
        return money(scaled, self._scale, self._currency)

    def short(self, scaled: int) -> str:
        """An amount alone."""
        return money(scaled, self._scale)


def change_text(change: Row) -> str:
    """One movement that carries a unit more or less, and an order served or not."""
    more, kind = change["units"] > 0, change["kind"]
    if kind == "unserved":
        return f"order {plain(change['order'])} {'stays open' if more else 'is served after all'}"
    if kind == "assignment":
        what = f"order {plain(change['order'])}"
        return f"{what} {'goes to' if more else 'leaves'} {plain(change['origin'])}"
    amount = "one more" if more else "one less"
    if kind == "substitution":
        return f"{amount} {plain(change['item'])} set aside for {plain(change['replaces'])}"
    start = change.get("origin") or change.get("supplier")
    way = f" by {plain(change['lane'])}" if change.get("lane") else ""
    lot = f" of lot {plain(change['lot'])}" if change.get("lot") else ""
    return (f"{amount}{lot} from {plain(start)} to {plain(change['destination'])}{way} on "
            f"{change['departs_on']}")  # fmt: skip


def changes_text(changes: Sequence[Row]) -> str:
    """All that changes, in order; nothing moves where stock merely stays or is used elsewhere."""
    return ", ".join(map(change_text, changes)) or "it stays where it is"


def next_unit_text(found: "Alternative", amounts: Amounts) -> str:
    """How one more unit would come, and what that costs."""
    return (f"one more unit would come so: {changes_text(found.changes)}; in all "
            f"{amounts.full(found.dearer_scaled)}, net of later days")  # fmt: skip


def taken_text(number: int, units: int, instead: "Alternative | None", amounts: Amounts) -> str:
    """What a line takes away, and what keeping one unit would cost."""
    taken = f"line {number} takes {count(units, 'unit')} away"
    if instead is None:
        return f"{taken}; not one less can be sent"
    return (f"{taken}; keeping one here would cost {amounts.full(instead.dearer_scaled)} more: "
            f"{changes_text(instead.changes)}")  # fmt: skip


def way_text(way: "Way", short_on: str) -> str:
    """Why a way is used, or is not."""
    texts = {
        "used": f"carries {count(way.units, 'unit')}",
        "closed": f"closed by {', '.join(map(rule_name, way.closed_by))}",
        "unfit": "its lot serves nobody any more",
        "given": (f"the order-up-to rule buys {count(way.units, 'unit')}" if way.units
                  else "the order-up-to rule buys nothing"),
        "full": "what it needs is full or held: a lane, a place, a budget, loads or lots",
        "no units": "no units left there: all go elsewhere",
        "floor": f"the {count(way.kept_units or 0, 'unit')} left there, {rule_name(way.held_by)} "
                 "holds them",
        "too late": f"arrives after {short_on}",
        "dominated": (f"{count(way.kept_units, 'unit')} left there, worth more there"
                      if way.kept_units else "it does not pay"),
    }  # fmt: skip
    return texts[way.standing]


def used_below_text(way: "Way", amounts: Amounts) -> str:
    """The tipping price of a way that is open and not used."""
    if way.standing in {"used", "closed", "unfit", "given"}:
        return ""
    return "never" if way.used_below_scaled is None else amounts.short(way.used_below_scaled)


def worth_texts(worth: "Worth", amounts: Amounts, kind: str = "transfer") -> list[str]:
    """What a line saves, what would take its place, and until which cost it stays."""
    units, found, is_order = worth.units, [], kind == "assignment"
    whole, one = ("it", "") if is_order else (f"its {count(units, 'unit')}", " for the first unit")
    if worth.elsewhere_units == units:
        found.append(f"without it the plan would cost {amounts.full(worth.saves_scaled)} more: "
                     f"{whole} {'costs' if is_order or units == 1 else 'cost'} "
                     f"{amounts.full(units * worth.unit_cost_scaled)}, "
                     f"and {amounts.full(worth.elsewhere_scaled)} by other ways")  # fmt: skip
    elif worth.complete:
        found.append(f"without it {count(units - worth.elsewhere_units, 'unit')} of "
                     f"{units:,} could go no other way")  # fmt: skip
    if worth.runner_up is not None:
        found.append(f"next best: {changes_text(worth.runner_up.changes)}, "
                     f"{amounts.full(worth.runner_up.dearer_scaled)} more{one}")  # fmt: skip
    now = amounts.short(worth.unit_cost_scaled)
    unit = "it" if is_order else "a unit"
    if worth.stays_to_scaled is None:
        found.append(f"it stays whatever {unit} costs (now {now})")
    elif worth.stays_to_scaled == worth.unit_cost_scaled:
        found.append(f"something else would do as well at {now}: the tie order chose this")
    else:
        found.append(f"it stays while {unit} costs at most "
                     f"{amounts.short(worth.stays_to_scaled)} (now {now})")  # fmt: skip
    return found


def size_texts(size: "OrderSize") -> list[str]:
    """The numbers by which a purchase is judged, in the order in which the rule uses them."""
    lots = "" if size.lot_units == 1 else f", in lots of {size.lot_units:,}"
    least = "" if size.minimum_units <= 1 else f", at least {size.minimum_units:,}"
    most = "" if size.capacity_units is None else f", at most {size.capacity_units:,}"
    rounding = lots + least + most
    low, high = size.same_order_units
    span = f"up to {high:,}" if low is None else f"{low:,} to {high:,}"
    level = (f"position {size.position_units:,} (free stock and all under way, in the whole "
             f"chain); order-up-to level {size.level_units:,}: demand of {size.covered_days} days "
             f"at {size.service_percent} % service")  # fmt: skip
    days = (f"days covered: lead time {size.lead_days} + review {size.review_days} + longest lane "
            f"and a day {size.reach_days}")  # fmt: skip
    return [
        level,
        days,
        f"wanted {size.wanted_units:,}, bought {size.bought_units:,}{rounding}",
        f"the same order at a position of {span}, none from {size.no_order_from_units:,} on",
    ]


def flip_text(flip: "Flip", amounts: Amounts) -> str:
    """What would flip the decision, in the words of the fact's field."""
    if flip.changes_line is not None or flip.one_more_scaled is not None:
        return _unit_text(flip, amounts)
    is_money = flip.field.endswith(("_micros", "_cents"))
    name = flip.field.rpartition("_")[0] if is_money else flip.field.removesuffix("_units")
    name = name.replace("_", " ")

    def write(value: int) -> str:
        return amounts.short(value) if is_money else f"{value:,}"

    low, high = flip.holds_from, flip.holds_to
    if low is None and high is None:
        return f"decisive: no, whatever the {name}"
    ends = " and ".join([*([f"at least {write(low)}"] if low is not None else []),
                         *([f"at most {write(high)}"] if high is not None else [])])  # fmt: skip
    now = "" if flip.now is None else f" (now {write(flip.now)})"
    return f"decisive: holds while the {name} is {ends}{now}"


def _unit_text(flip: "Flip", amounts: Amounts) -> str:
    if flip.field == "capacity":
        saves = amounts.short(-(flip.one_more_scaled or 0))
        return f"one more place would save {saves}, penalties of open orders included"
    parts = [
        f"one {word} would {'save' if scaled < 0 else 'cost'} {amounts.short(abs(scaled))}"
        for word, scaled in (("more", flip.one_more_scaled), ("less", flip.one_less_scaled))
        if scaled is not None
    ]
    told = "" if flip.changes_line is None else (
        ", and change this line" if flip.changes_line else ", and leave this line")  # fmt: skip
    return (
        f"{'decisive' if flip.changes_line is not False else 'touched'}: {', '.join(parts)}{told}"
    )
