"""The commands `kpis` and `stock`: how a chain or a plan does, and an item's stock day by day."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.as_of import Effective, Recorded, as_of, told
from api.output import GOOD, AsJson, console, hint, plain, print_document
from api.screen.plots import PlotFile, plot_file
from ontology.errors import InputError
from ontology.kpis import DAYS

if TYPE_CHECKING:
    from service.house import House
    from service.kpis.stock_path import StockDay
    from service.kpis.value import Kpi

BLOCKS = "▁▂▃▄▅▆▇█"
OfPlan = Annotated[str, typer.Option(help="Of this plan: its digest, or latest.")]
OfChain = Annotated[str, typer.Option(help="The supply chain.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("kpis")(kpis)
    app.command("stock")(stock)


def kpis(
    chain: OfChain = "",
    plan: OfPlan = "",
    *,
    effective: Effective = "",
    recorded: Recorded = "",
    behind: Annotated[str, typer.Option(help="List the rows behind this figure.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Skip so many of those rows.")] = 0,
    first: Annotated[int, typer.Option(min=1, max=10_000, help="List so many rows.")] = 100,
    as_json: AsJson = False,
) -> int:
    """Key figures of the present facts, or of a plan; each leads to the rows that it counts."""
    from api.commands.server import opened
    from service.kpis.value import rows_of

    with opened() as house:
        name, title, figures = _figures(house, chain, plan, (effective, recorded))
    if not as_json:
        console().print(title, style="bold")
    if behind:
        found = _named(figures, behind)
        rows = rows_of(found, after, first)
        if as_json:
            print_document({"chain": name, **kpi_document(found), "after": after, "rows": rows})
        else:
            _list(found, rows, after)
    elif as_json:
        print_document({"chain": name, "kpis": [kpi_document(kpi) for kpi in figures]})
    else:
        _show(figures)
        hint("what each counts is in `--json`; its rows are in `--behind fill-rate`")
    return GOOD


def _figures(
    house: "House", chain: str, plan: str, clocks: tuple[str, str]
) -> "tuple[str, str, list[Kpi]]":
    """The chain, what the figures are of, and the figures."""
    from api.recall import document_of, find_plan, only_chain, title_of
    from service.kpis.figures import chain_kpis, plan_kpis

    if plan:
        document = document_of(house, find_plan(house, plan, chain))
        return document["decision"]["chain"], title_of(document), plan_kpis(house, document)
    name = chain or only_chain(house)
    return name, _title(name, clocks), chain_kpis(house, name, as_of(*clocks))


def _title(chain: str, clocks: tuple[str, str]) -> str:
    """Which facts of a chain an answer speaks of."""
    return f"facts of {chain}, {told(*clocks)}" if any(clocks) else f"present facts of {chain}"


def _named(figures: "list[Kpi]", asked: str) -> "Kpi":
    found = next((kpi for kpi in figures if kpi.definition.id == asked), None)
    if found is None:
        known = ", ".join(kpi.definition.id for kpi in figures)
        raise InputError(f"there is no key figure `{asked}`", code="KPI_UNKNOWN",
                         hint=f"one of: {known}")  # fmt: skip
    return found


def kpi_document(kpi: "Kpi") -> dict[str, Any]:
    """A figure as `--json` says it: definition, exact fraction, and what it was counted from."""
    from service.kpis.value import Counted

    figure, definition = kpi.figure, kpi.definition
    found = {
        "id": definition.id, "version": definition.version, "title": definition.title,
        "formula": definition.formula, "unit": kpi.unit, "value": kpi.text or None,
        "reason": kpi.reason or None, "row_count": kpi.row_count,
    }  # fmt: skip
    if isinstance(figure, Counted):
        found |= {"numerator": str(figure.numerator), "denominator": str(figure.denominator),
                  "left_out": figure.left_out}  # fmt: skip
    return found


def _show(figures: "list[Kpi]") -> None:
    from api.screen import drawing

    made = drawing.table("figure", "value", "unit", "rows", "left out",
                         numbers=["value", "rows", "left out"])  # fmt: skip
    for kpi in figures:
        if kpi.reason:
            drawing.add(made, kpi.definition.id, "-", f"not computable: {kpi.reason}", "", "")
        else:
            left_out = getattr(kpi.figure, "left_out", 0)
            drawing.add(made, kpi.definition.id, shown(kpi), kpi.unit,
                        f"{kpi.row_count:,}", f"{left_out:,}" if left_out else "")  # fmt: skip
    console().print(made)


def shown(kpi: "Kpi") -> str:
    """A figure's value for a person; a number of days that is whole has no decimals."""
    whole = kpi.unit == DAYS and kpi.value is not None and kpi.value.denominator == 1
    return grouped(kpi.text.partition(".")[0] if whole else kpi.text)


def grouped(text: str) -> str:
    """Decimals with their thousands apart: `12,345.60`."""
    whole, dot, rest = text.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.lstrip('-')):,}{dot}{rest}"


def _list(kpi: "Kpi", rows: list[str], after: int) -> None:
    screen = console()
    screen.print(f"{kpi.definition.title}, version {kpi.definition.version}: "
                 f"{shown(kpi) if kpi.text else 'not computable'} {kpi.unit}")  # fmt: skip
    screen.print(kpi.reason or kpi.definition.formula)
    for row in rows:
        screen.print(plain(row), soft_wrap=True)
    end = after + len(rows)
    if rows and end < kpi.row_count:
        hint(f"{kpi.row_count - end:,} more: --after {end}")


def stock(
    item: Annotated[str, typer.Argument(help="The item's id.")],
    chain: OfChain = "",
    plan: OfPlan = "",
    *,
    effective: Effective = "",
    recorded: Recorded = "",
    days: Annotated[int, typer.Option(help="How many days.")] = 14,
    plot: PlotFile = None,
    as_json: AsJson = False,
) -> int:
    """Stock of an item, place by place and day by day: as under way, or with a plan's lines."""
    from api.commands.server import opened
    from api.screen.plots import plot_stock

    if plot is not None:
        plot_file(plot)
    with opened() as house:
        title, path = _path(house, item, chain, plan, days, (effective, recorded))
    rows = [_row(day) for day in path]
    if as_json:
        print_document({"item": item, "days": rows})
    else:
        console().print(title, style="bold")
        _show_stock(path)
    if plot is not None:
        told = "with the plan" if plan else "as under way"
        plot_stock([row | {"stock": float(day.stock)}
                    for row, day in zip(rows, path, strict=True)],
                   plot, f"expected stock of {item}, {told}")  # fmt: skip
        hint(f"drawn in `{plot}`")
    return GOOD


def _path(
    house: "House", item: str, chain: str, plan: str, days: int, clocks: tuple[str, str]
) -> "tuple[str, list[StockDay]]":
    """What the stock is of, and the stock."""
    from datetime import date

    from api.recall import document_of, find_plan, only_chain, speaking_of, title_of
    from service.kpis.stock_path import first_day, stock_path

    if not plan:
        name = chain or only_chain(house)
        snapshot = house.facts(name, as_of(*clocks))
        title = plain(f"{item}: {_title(name, clocks)}, as under way")
        return title, stock_path(snapshot, item, first_day(snapshot), days)
    document = document_of(house, find_plan(house, plan, chain))
    decision = document["decision"]
    snapshot = house.reader.read(decision["chain"], int(document["about"]["sequence"]))
    begin = date.fromisoformat(decision["starts_on"])
    with speaking_of(document):
        path = stock_path(snapshot, item, begin, days, decision["lines"])
    return plain(f"{item}: with {title_of(document)}"), path


def _row(day: "StockDay") -> dict[str, Any]:
    from service.kpis.value import decimal

    return {
        "location": day.location, "on": day.on.isoformat(),
        "arriving_units": day.arriving_units, "leaving_units": day.leaving_units,
        "expected_demand": decimal(day.expected_demand, 2), "stock": decimal(day.stock, 2),
    }  # fmt: skip


def _show_stock(path: "list[StockDay]") -> None:
    from api.screen import drawing
    from service.kpis.value import decimal

    by_place: dict[str, list[StockDay]] = {}
    for day in path:
        by_place.setdefault(day.location, []).append(day)
    days = [day.on for day in next(iter(by_place.values()), [])]
    if days:
        console().print(f"expected stock at day's end, {days[0]} to {days[-1]}")
    numbers = ["first", "last", "in", "out", "a day"]
    made = drawing.table("place", "first", "stock", "last", "in", "out", "a day", "owed from",
                         numbers=numbers)  # fmt: skip
    for place, found in by_place.items():
        owed = next((str(day.on) for day in found if day.stock < 0), "")
        first, last, asked = (
            grouped(decimal(value, 1))
            for value in (found[0].stock, found[-1].stock, found[0].expected_demand)
        )
        drawing.add(
            made, place, first, sparkline([day.stock for day in found]), last,
            f"{sum(day.arriving_units for day in found):,}",
            f"{sum(day.leaving_units for day in found):,}", asked, owed,
        )  # fmt: skip
    console().print(made)


def sparkline(values: Sequence[Fraction]) -> str:
    """A block for each value, from nothing (or less) to the greatest."""
    top = max(values, default=Fraction(0))
    if top <= 0:
        return BLOCKS[0] * len(values)
    steps = len(BLOCKS) - 1
    return "".join(BLOCKS[round(steps * max(Fraction(0), value) / top)] for value in values)
