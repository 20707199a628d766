"""The command `compare`: whether the plan is worth it, beside tuned rules of thumb."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, working
from api.screen.amounts import MICRO_UNITS, count, money, share
from api.screen.cost_names import (
    FAR_DAYS,
    HOLDING,
    LINE_COST,
    LOADS,
    MOVEMENTS,
    PREMIUM,
    SHORTAGE,
    WASTE,
)
from api.screen.plots import PlotFile, plot_costs, plot_file
from ontology.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from service.compare import Comparison, Method, OrdersMethod
    from solver.rivals.tuning import Tuned

TITLES = {"do_nothing": "do nothing", "min_max": "min-max", "greedy": "greedy",
          "as_done": "as done", "plan": "plan"}  # fmt: skip
EIGHTHS = " ▏▎▍▌▋▊▉█"
WIDEST_BAR = 60
ACCOUNT = (
    "The certificate's label, {label}, is of the network's own account, which leaves out the "
    "shortage that nobody can change."
)
CAVEAT = (
    "All are expected costs on the plan's own forecast, days and prices: the very measure that the "
    "plan minimises. What happens later may favour another."
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("compare")(compare)


def compare(
    chain: Annotated[str, typer.Option(help="The supply chain.")] = "",
    plot: PlotFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare a plan with doing nothing and with rules of thumb, tuned on the days before it."""
    from api.commands.server import opened
    from api.recall import only_chain
    from service.compare import compare as compared
    from service.decision import PlanRequest

    if plot is not None:
        plot_file(plot)
    with opened() as house:
        name = chain or only_chain(house)
        with working(f"planning and comparing {name}"):
            found = compared(house, PlanRequest(name))
    if plot is not None:
        _plot(found, plot_file(plot))
    if as_json:
        print_document(asdict(found))
    else:
        show_comparison(console(), found)
    return GOOD


def show_comparison(screen: "Console", found: "Comparison") -> None:
    """The methods side by side, a bar for each, the difference, and how the rivals were tuned."""
    from rich.text import Text

    from service.compare import Method, OrdersMethod

    money_in = f", amounts in {found.currency}" if found.currency else ""
    heading = f"{found.chain} from {found.starts_on}, a plan made for this{money_in}"
    screen.print(Text(plain(heading), style="bold"))
    orders = [each for each in found.methods if isinstance(each, OrdersMethod)]
    methods = [each for each in found.methods if isinstance(each, Method)]
    if orders:
        _show_orders(screen, found, orders)
        return
    _side_by_side(screen, methods, FIGURES, found.best)
    amounts = {TITLES[each.name]: each.cost_cents for each in methods}
    for line in bars(amounts | {"proved bound": found.bound_cents or 0}, screen.width - 2,
                     blocks=_draws_blocks(screen)):  # fmt: skip
        screen.print(line, soft_wrap=True)
    screen.print()
    screen.print(difference(found))
    screen.print(CAVEAT)
    screen.print(ACCOUNT.format(label=found.label))
    screen.print(ways_used(found, methods[-1]))
    screen.print()
    for one in found.tuned:
        screen.print(plain(setting(one)))


FIGURES: Sequence[tuple[str, str, Callable[[Any], str]]] = (
    ("expected cost", "cost_cents", money),
    (f"  {HOLDING}", "holding_cents", money),
    (f"  {SHORTAGE}", "shortage_cents", money),
    (f"  {MOVEMENTS}", "transport_cents", money),
    (f"  {LOADS}", "loads_cents", money),
    (f"  {LINE_COST}", "lines_cents", money),
    (f"  {PREMIUM}", "purchases_cents", money),
    (f"  {FAR_DAYS}", "far_cents", money),
    (f"  {WASTE}", "waste_cents", money),
    ("above the bound", "gap_cents", money),
    ("  of the bound", "above_bound_per_million", share),
    ("gained of the possible", "gained_per_million", share),
    ("served in the window", "fill_per_million", share),
    ("expected short, units", "expected_short_millionths", lambda n: f"{n / MICRO_UNITS:,.1f}"),
    ("below service level", "service_misses", "{:,}".format),
    ("ways used, first day", "first_day_lines", "{:,}".format),
    ("  units on them", "first_day_units", "{:,}".format),
    ("  that break a rule", "rule_breaks", "{:,}".format),
)

_ORDERS_FIGURES: Sequence[tuple[str, str, Callable[[Any], str]]] = (
    ("orders", "orders", "{:,}".format),
    ("orders served", "orders_served", "{:,}".format),
    ("cost", "cost_cents", money),
    ("  of warehouses", "warehouse_cents", money),
    ("  of freight", "freight_cents", money),
    ("above the bound", "gap_cents", money),
    ("above a day's capacity", "orders_over_capacity", "{:,}".format),
    ("without a rate", "orders_without_rate", "{:,}".format),
)


def _side_by_side(
    screen: "Console",
    methods: "Sequence[Method | OrdersMethod]",
    figures: Sequence[tuple[str, str, Callable[[Any], str]]],
    best: Sequence[str] = (),
) -> None:
    from api.screen import drawing

    titles = [TITLES[each.name] + (" *" if each.name in best else "") for each in methods]
    made = drawing.table("", *titles, numbers=titles)
    for title, field, text in figures:
        values = [getattr(each, field) for each in methods]
        wanted = (value or not title.startswith(" ") for value in values if value is not None)
        if any(wanted):  # a part of nothing is left out
            drawing.add(made, title, *("" if value is None else text(value) for value in values))
    screen.print(made)
    if best:
        screen.print("* costs the least")
        screen.print()


def _show_orders(screen: "Console", found: "Comparison", methods: "list[OrdersMethod]") -> None:
    _side_by_side(screen, methods, _ORDERS_FIGURES)
    screen.print("Firm orders: costs of ways that serve other orders are not the same thing "
                 "cheaper or dearer, so none is marked.")  # fmt: skip
    screen.print(f"The plan is {found.label} by its certificate.")


def ways_used(found: "Comparison", plan: "Method") -> str:
    """What is counted as a way used, and how the lines that `show` counts come to more."""
    kinds = ", ".join(f"{kind} {number:,}" for kind, number in found.plan_lines.items())
    return (
        "A way used is an item over a lane or in place of another, its lots together; purchases "
        "that are given to every method are not counted. The plan's "
        f"{count(plan.first_day_lines, 'way')} are in "
        f"{count(sum(found.plan_lines.values()), 'line')} of `evenkeel show` ({kinds})."
    )


def bars(amounts: dict[str, int], width: int, *, blocks: bool) -> list[str]:
    """A line for each amount of cents: its name, a bar from zero, the amount.

    The greatest fills what `width` leaves, up to 60 columns; below zero there is no bar. Blocks
    are drawn to an eighth of a column, else whole columns of `#`.
    """
    names, texts = max(map(len, amounts), default=0), [money(cents) for cents in amounts.values()]
    room = min(WIDEST_BAR, max(1, width - names - max(map(len, texts), default=0) - 2))
    top = max(1, *amounts.values()) if amounts else 1
    lines = []
    for (name, cents), text in zip(amounts.items(), texts, strict=True):
        eighths = max(0, cents) * room * 8 // top
        whole, rest = divmod(eighths, 8)
        bar = EIGHTHS[8] * whole + EIGHTHS[rest].strip() if blocks else "#" * whole
        lines.append(f"{name:<{names}} {bar} {text}")
    return lines


def _draws_blocks(screen: "Console") -> bool:
    return screen.is_terminal and screen.encoding.lower().startswith("utf")


def difference(found: "Comparison") -> str:
    """One sentence: what the plan saves against the best of the others, or loses."""
    saved, part = found.saved_cents or 0, abs(found.saved_per_million or 0)
    rival = TITLES[found.best_rival or ""]
    if not saved:
        return f"The plan costs as much as the best of the others, {rival}."
    word = "less" if saved > 0 else "more"
    amount = money(abs(saved), currency=found.currency)
    return f"The plan costs {amount} ({share(part)}) {word} than the best of the others, {rival}."


def setting(one: "Tuned") -> str:
    """What a rule of thumb acts by, and on which days that was chosen."""
    chosen = one.chosen
    cover = f"{chosen.reorder_days} days of cover up to {chosen.fill_to_days}"
    if one.rival == "min_max":
        acts = (f"from the cheapest place, below {chosen.stated_percent} % of the stated reorder "
                f"points up to {chosen.stated_percent} % of the stated levels (where none is "
                f"stated: below {cover})")  # fmt: skip
    else:
        first = "nearest" if chosen.by_lead else "cheapest"
        acts = (f"from the {first} surplus, below {cover}, while the sender keeps "
                f"{chosen.keep_days} days")  # fmt: skip
    if one.first_on is None:
        why = f"not tuned, since {one.untuned_because}"
    else:
        why = (f"the best of {count(one.tried, 'setting')} on {one.first_on} to {one.last_on}, "
               f"where it cost {money(one.cost_cents or 0)}")  # fmt: skip
    return f"{TITLES[one.rival]}: {acts}; {why}"


def _plot(found: "Comparison", path: Any) -> None:
    from service.compare import Method

    rows = [asdict(each) | {"name": TITLES[each.name]}
            for each in found.methods if isinstance(each, Method)]  # fmt: skip
    if not rows:
        raise InputError("firm orders have no expected cost to draw", code="PLOT_NOTHING",
                         hint="leave out --plot")  # fmt: skip
    far = f", without the {FAR_DAYS}" if any(row["far_cents"] for row in rows) else ""
    title = f"expected cost of {found.chain} from {found.starts_on}{far}"
    plot_costs(rows, path, title, found.currency)
    hint(f"drawn in `{path}`")
