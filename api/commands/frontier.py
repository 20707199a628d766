"""The commands `frontier` and `weigh`: one objective's cost in another, plans by weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, watched, working
from api.screen.plots import PlotFile
from ontology.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from ontology.objectives import Weights
    from service.frontier import Frontier, Point, Robust

MICROS = 10_000
BETWEEN = "service,landed"
Chain = Annotated[str, typer.Option(help="The supply chain to plan.")]
Worst = Annotated[
    int,
    typer.Option("--robust", min=0, max=100, help="Price shortage by the worst so many per cent."),
]
CarbonPrice = Annotated[
    int, typer.Option("--carbon-price", min=0, help="Of a tonne of CO2, in cents.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("frontier")(frontier)
    app.command("weigh")(weigh)


def frontier(
    between: Annotated[str, typer.Option(help="Two of service, landed, turnover, carbon.")] = "",
    points: Annotated[int, typer.Option(help="Plans to make.")] = 7,
    chain: Chain = "",
    robust: Worst = 0,
    carbon_price: CarbonPrice = 0,
    plot: PlotFile = None,
    as_json: AsJson = False,
) -> int:
    """What one objective costs in terms of another: certified plans from end to end.

    With --robust alone: what holding service in the worst outcomes costs, and buys.
    """
    from api.commands.server import opened
    from api.recall import only_chain
    from api.screen.plots import plot_file, plot_frontier
    from ontology.objectives import Weights
    from service.decision import PlanRequest
    from service.frontier import frontier as frontier_of
    from service.frontier import robust_price
    from service.planning import with_reserved

    path = None if plot is None else plot_file(plot)
    if path is not None and robust and not between:
        raise InputError("the price of a robust plan has no plot", code="USAGE",
                         hint="name --between, or leave --plot out")  # fmt: skip
    weights = Weights(carbon_price_cents_per_tonne=carbon_price, worst_percent=robust or 100)
    with opened() as house:
        name = chain or only_chain(house)
        snapshot, release = house.facts(name), house.release_for(name)
        if robust and not between:
            request = with_reserved(house, PlanRequest(name))
            with working("planning for all outcomes, and for the worst"):
                priced, currency = robust_price(snapshot, release, request, robust)
            return _priced(priced, name, currency, as_json=as_json)
        asked = with_reserved(house, PlanRequest(name, weights=weights))
        pair = tuple((between or BETWEEN).split(","))
        with watched() as progress:
            found = frontier_of(snapshot, release, asked, pair, points, progress)  # fmt: skip
    if path is not None:
        plot_frontier([_row(point) for point in found.points], found.between, path, name,
                      found.currency)  # fmt: skip
    if as_json:
        print_document(document_of(found) | {"chain": name})
        return GOOD
    _show(found, name, path)
    return GOOD


def weigh(
    service: Annotated[int, typer.Option(min=0, help="Weight of service, per mille.")] = 1_000,
    landed: Annotated[int, typer.Option(min=0, help="Weight of moving and buying.")] = 1_000,
    turnover: Annotated[int, typer.Option(min=0, help="Weight of stock that lies.")] = 1_000,
    carbon: Annotated[int, typer.Option(min=0, help="Weight of carbon, at its price.")] = 0,
    first: Annotated[list[str] | None,
                     typer.Option(help="An objective to hold at its best; again for more.")] = None,
    then: Annotated[str, typer.Option(help="The objective after those.")] = "",
    *,
    chain: Chain = "",
    robust: Worst = 0,
    carbon_price: CarbonPrice = 0,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Lines to print.")] = 20,
    as_json: AsJson = False,
) -> int:  # fmt: skip
    """Plan by other weights than the facts' own, or one objective after another.

    The plan is saved like any other; `verify` derives it again from its weights.
    """
    from api.commands.server import opened
    from api.recall import only_chain
    from api.screen import drawing
    from ontology.objectives import Weights, known
    from service.decision import PlanRequest
    from service.planning import make_plan
    from solver.model.stages import alone

    weights = Weights(service, landed, turnover, carbon, carbon_price, robust or 100)
    if bool(first) != bool(then):
        raise InputError("--first and --then go together", code="USAGE",
                         hint="as in `--first service --then landed`")  # fmt: skip
    if then:
        _refuse_both(weights, [*(first or ()), then])
        weights = alone(weights, known(then))
    with opened() as house:
        name = chain or only_chain(house)
        request = PlanRequest(name, weights=weights, first=tuple(first or ()))
        with working("planning by weights"):
            document = make_plan(house, request).document
    if as_json:
        print_document(document)
        return GOOD
    drawing.show_plan(console(), document, rows)
    show_objectives(document["decision"])
    return GOOD


def _refuse_both(weights: "Weights", order: list[str]) -> None:
    """One objective after another leaves nothing to weigh, and none comes twice."""
    from ontology.objectives import OBJECTIVES, PLAIN

    if any(weights.of(name) != PLAIN.of(name) for name in OBJECTIVES):
        raise InputError("objectives that come one after another have no weights", code="USAGE",
                         hint="give either --first and --then, or weights")  # fmt: skip
    if len(set(order)) < len(order):
        raise InputError(f"`{', '.join(order)}` names an objective twice", code="OBJECTIVE_TWICE",
                         hint="once it is held at its best it stays there")  # fmt: skip


def show_objectives(decision: dict[str, Any]) -> None:
    """What a decision weighs and what that came to; nothing where it is the plain one."""
    from api.screen import drawing
    from api.screen.amounts import share, total

    stated, currency = decision.get("objectives"), decision["currency"]
    if stated is None:
        return
    made = drawing.table("objective", "weight", "at plain rates",
                         numbers=["weight", "at plain rates"])  # fmt: skip
    for name in ("service", "landed", "turnover"):
        drawing.add(made, name, f"{stated[f'{name}_per_mille']:,}",
                    total(stated["parts"][f"{name}_micros"], MICROS, currency))  # fmt: skip
    drawing.add(made, "carbon", f"{stated['carbon_per_mille']:,}",
                _grams(stated["parts"]["carbon_grams"]))  # fmt: skip
    console().print(made)
    for number, stage in enumerate(decision.get("stages", ()), 1):
        console().print(f"{number}. {stage['objective']} is held at its best: {stage['label']}, "
                        "proved by its own certificate")  # fmt: skip
    if worst := stated.get("worst"):
        console().print(f"in the worst {worst['worst_percent']} % of outcomes "
                        f"{share(worst['fill_per_million'])} of demand is served")  # fmt: skip
    hint("its certificate and its lines are in weighted cost, the table above is not")


def document_of(found: "Frontier") -> dict[str, Any]:
    """A frontier as JSON."""
    return {
        "between": list(found.between), "currency": found.currency,
        "points": [_row(point) for point in found.points],
        "dominated": found.dominated, "repeated": found.repeated,
    }  # fmt: skip


def _row(point: "Point") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "weights": asdict(point.weights), **point.parts.stated(), "cost_scaled": point.cost_scaled,
        "bound_scaled": point.bound_scaled, "label": point.label, "plan": point.plan,
        "lines": point.lines,
    }  # fmt: skip


def _show(found: "Frontier", chain: str, path: Path | None) -> None:
    from api.screen import drawing
    from api.screen.amounts import count, total

    first, second = found.between
    screen = console()
    screen.print(plain(f"{chain}: {first} against {second}, {found.currency or 'money'}"),
                 style="bold")  # fmt: skip
    columns = ["weights", "service", "landed", "turnover", "CO2e", "lines"]
    made = drawing.table(*columns, "proof", numbers=columns)
    for point in found.points:
        parts = point.parts.stated()
        money = [total(int(parts[f"{name}_micros"] or 0), MICROS)
                 for name in ("service", "landed", "turnover")]  # fmt: skip
        carbon = "" if parts["carbon_grams"] is None else _grams(parts["carbon_grams"])
        drawing.add(made, _ratio(point.weights, found.between), *money, carbon,
                    f"{point.lines:,}", point.label)  # fmt: skip
    screen.print(made)
    screen.print(f"weights: {first} : {second}, per mille; amounts: expected, at plain rates",
                 style="dim")  # fmt: skip
    left = [f"{count(found.dominated, 'plan')} that another beats"] * bool(found.dominated)
    left += [f"{count(found.repeated, 'plan')} that cost the same"] * bool(found.repeated)
    if left:
        screen.print(f"left out: {', '.join(left)}", style="dim")
    if path is not None:
        screen.print(plain(f"drawn into {path}"))
    hint("keep one with `evenkeel weigh`, as in `evenkeel weigh --service 1000 --landed 100`")


def _ratio(weights: "Weights", between: tuple[str, str]) -> str:
    return " : ".join(f"{weights.of(name):,}" for name in between)


def _priced(found: "Robust", chain: str, currency: str, *, as_json: bool) -> int:
    if as_json:
        print_document({
            "chain": chain, "currency": currency, "worst_percent": found.worst_percent,
            "price_micros": _rounded(found.price),
            "expected": _row(found.expected) | _short(found.expected_short, found.asked),
            "robust": _row(found.robust) | _short(found.robust_short, found.asked),
        })  # fmt: skip
        return GOOD
    from api.screen import drawing
    from api.screen.amounts import millionths, share, total

    made = drawing.table("plan for", "expected cost", "short, units", "served", "proof",
                         numbers=["expected cost", "short, units", "served"])  # fmt: skip
    rows = (("all outcomes", found.expected, found.expected_short),
            (f"the worst {found.worst_percent} %", found.robust, found.robust_short))  # fmt: skip
    for name, point, short in rows:
        stated = _short(short, found.asked)
        drawing.add(made, name, total(_rounded(point.parts.money), MICROS, currency),
                    millionths(stated["short_millionths"]), share(stated["fill_per_million"]),
                    point.label)  # fmt: skip
    screen = console()
    screen.print(plain(f"{chain}: a plan that holds service when demand is at its worst"),
                 style="bold")  # fmt: skip
    screen.print(made)
    screen.print(f"short and served: in the worst {found.worst_percent} % of outcomes, at the end "
                 "of the local days", style="dim")  # fmt: skip
    screen.print(f"price: {total(_rounded(found.price), MICROS, currency)} of expected cost")
    return GOOD


def _short(short: "Fraction", asked: "Fraction") -> dict[str, int]:
    fill = 1_000_000 * (asked - short) / asked if asked else 1_000_000
    return {"short_millionths": _rounded(short * 1_000_000), "fill_per_million": _rounded(fill)}


def _rounded(amount: "Fraction | int") -> int:
    from solver.network.scaling import half_up

    return half_up(*amount.as_integer_ratio())


def _grams(grams: int | None) -> str:
    if grams is None:
        return "not known"
    return f"{grams:,} g" if abs(grams) < 10**6 else f"{grams / 10**6:,.2f} t"
