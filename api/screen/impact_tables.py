"""What depends on a failure, drawn: who is cut off, how long stock lasts, which ways are left."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from api.output import plain
from api.screen.amounts import MICRO_UNITS, count, millionths, money, moneys
from api.screen.drawing import add, table
from api.screen.tables import Table

if TYPE_CHECKING:
    from graph.facts import StatedFact
    from service.impact.failure import AffectedPair, ImpactReport, SubstituteOffer
    from service.impact.route_costs import Route
    from service.impact.single_points import CriticalFailures

MICROS_PER_CENT = 10_000
WAYS_SHOWN = 3
FACTS_SHOWN = 12
SERVED = "still served"


def show_impact(screen: Console, report: "ImpactReport", rows: int) -> None:
    """All of a report, worst first: totals, what has no source left, what costs more, ways."""
    names = " and ".join(map(str, report.failures))
    verb = "goes" if len(report.failures) == 1 else "go"
    screen.print(Text(plain(f"If {names} {verb} down on {report.starts_on}"), style="bold"))
    if not report.affected:
        screen.print("nothing that is asked for loses a source or its best way")
        return
    screen.print(_totals(report))
    bare = [pair for pair in report.affected if pair.state != SERVED]
    _section(screen, "Without any source", bare, rows, _bare_table)
    dearer = [pair for pair in report.affected if pair.state == SERVED]
    _section(
        screen,
        "Still served by the best way left, compared with the best before",
        dearer,
        rows,
        _served_table,
    )
    if dearer:
        screen.print(_ways_table(report, dearer[:WAYS_SHOWN]))
    if report.substitutes:
        _section(screen, "What may stand in", report.substitutes, rows, _substitutes_table)
    for title, pairs in (("Suppliers stopped further up", report.stopped),
                         ("Cannot be made any more", report.unmade)):  # fmt: skip
        if pairs:
            screen.print(_grouped(title, pairs, rows), soft_wrap=True)
    if report.items_without_value:
        screen.print(f"{count(report.items_without_value, 'item')} without a value count as 0")


def show_facts(
    screen: Console, because: Sequence[str], found: "Mapping[str, StatedFact]", reached: int
) -> None:
    """The facts that the answer rests on, each with the row that states it.

    `reached`: how many facts the graph leads to from what goes down.
    """
    screen.print(Text(f"Rests on {count(len(because), 'fact')}; {reached:,} offers, links, parts "
                      "and lanes depend on it", style="bold"))  # fmt: skip
    for address in because[:FACTS_SHOWN]:
        fact = found.get(address)
        place = f"{fact.source_file}, row {fact.source_row}" if fact and fact.source_file else ""
        screen.print(plain(f"  {address}  {place}"), soft_wrap=True)
    if len(because) > FACTS_SHOWN:
        screen.print(f"  ... and {len(because) - FACTS_SHOWN:,} more: --json has them all")


def show_critical(screen: Console, found: "CriticalFailures", rows: int) -> None:
    """Failures that leave demand without any source, most value a day first."""
    value = f"{found.currency} a day".strip()
    numbers = ["pairs", "items", "units a day", value, "first short"]
    made = table("what goes down", *numbers, numbers=numbers)
    for failure in found.found[:rows]:
        add(made, " + ".join(map(str, failure.subjects)), f"{failure.pairs:,}",
            f"{failure.items:,}", _whole(failure.per_day_millionths),
            _value(failure.value_per_day_micros), _days(failure.days_until_short))  # fmt: skip
    if found.found:
        screen.print(made)
        _more(screen, len(found.found), rows)
    tried = f"{found.tried:,} of {found.possible:,} possible failures were tried"
    screen.print(f"{len(found.found):,} would leave demand without any source; {tried}")
    screen.print("pairs: items at a place without a source left, cut off at once or weakened until "
                 "their stock ends; by value a day.")  # fmt: skip
    screen.print("(Of a location or region only demand elsewhere counts.)")


def _totals(report: "ImpactReport") -> Table:
    value = f"{report.currency} a day".strip()
    numbers = ["pairs", "items", "places", "units a day", value, "first short"]
    made = table("state", *numbers, numbers=numbers)
    for total in report.totals:
        add(made, total.state, f"{total.pairs:,}", f"{total.items:,}", f"{total.locations:,}",
            _whole(total.per_day_millionths), _value(total.value_per_day_micros),
            _days(total.days_until_short))  # fmt: skip
    return made


def _section(
    screen: Console, title: str, all_rows: Sequence[Any], rows: int, draw: Callable[[Any], Table]
) -> None:
    if all_rows:
        screen.print(Text(f"{title}: {len(all_rows):,}", style="bold"))
        screen.print(draw(all_rows[:rows]))
        _more(screen, len(all_rows), rows)


def _more(screen: Console, length: int, rows: int) -> None:
    if length > rows:
        screen.print(f"... and {length - rows:,} more: --rows {length} shows all\n")


def _bare_table(pairs: "Sequence[AffectedPair]") -> Table:
    numbers = ["a day", "there", "to come", "upstream", "short in"]
    made = table("units of", *numbers, numbers=numbers)
    for pair in pairs:
        add(made, _at(pair), millionths(pair.mean_per_day_millionths),
            f"{pair.stock_units:,}", f"{pair.arriving_units:,}", f"{pair.upstream_units:,}",
            _days(pair.days_until_short))  # fmt: skip
    return made


def _served_table(pairs: "Sequence[AffectedPair]") -> Table:
    numbers = ["a day", "sources", "cost per unit", "days", "short in"]
    made = table("units of", *numbers, numbers=numbers)
    extras = [pair.extra_cost_micros or 0 for pair in pairs]
    costs = moneys(extras, MICROS_PER_CENT)
    for pair, extra, cost in zip(pairs, extras, costs, strict=True):
        add(made, _at(pair), millionths(pair.mean_per_day_millionths),
            f"{pair.sources_left} of {pair.sources_lost + pair.sources_left}",
            ("+" if extra >= 0 else "") + cost, f"{pair.extra_days or 0:+}",
            _days(pair.days_until_short, "not"))  # fmt: skip
    return made


def _ways_table(report: "ImpactReport", pairs: "Sequence[AffectedPair]") -> Table:
    made = table("ways left", "by way of", "a unit", "days", numbers=["a unit", "days"])
    found = [
        ("" if number else _at(pair), route)
        for pair in pairs
        for number, route in enumerate(report.routes(pair.item, pair.location, WAYS_SHOWN))
    ]
    costs = moneys([route.cost_micros for _, route in found], MICROS_PER_CENT)
    for (name, route), cost in zip(found, costs, strict=True):
        add(made, name, way_text(route), cost, route.lead_time_days)
    return made


def way_text(route: "Route") -> str:
    """`acme: hub > store`, or where it is made."""
    start = route.supplier or "made"
    return f"{start}: {' > '.join(route.places)}"


def _substitutes_table(offers: "Sequence[SubstituteOffer]") -> Table:
    made = table("for", "instead", "ratio", "there", "source", "approved by",
                 numbers=["ratio", "there"])  # fmt: skip
    for offer in offers:
        add(made, _at(offer), offer.replacement,
            f"{offer.numerator}:{offer.denominator}", f"{offer.stock_units:,}",
            "yes" if offer.has_source else "no", offer.approved_by or "nobody yet")  # fmt: skip
    return made


def _at(row: "AffectedPair | SubstituteOffer") -> str:
    return f"{row.item} at {row.location}"


def _grouped(title: str, pairs: Sequence[tuple[str, str]], most: int) -> str:
    by_name: dict[str, int] = {}
    for name, _ in pairs:
        by_name[name] = by_name.get(name, 0) + 1
    told = [f"{name} ({count(number, 'item')})" for name, number in by_name.items()]
    rest = f" and {len(told) - most:,} more" if len(told) > most else ""
    return plain(f"{title}: {', '.join(told[:most])}{rest}")


def _whole(per_day_millionths: int) -> str:
    """Whole units of a sum; a sum below ten with its decimals."""
    if per_day_millionths < 10 * MICRO_UNITS:
        return millionths(per_day_millionths)
    return f"{(2 * per_day_millionths + MICRO_UNITS) // (2 * MICRO_UNITS):,}"


def _value(micros: int) -> str:
    return money((2 * micros + MICROS_PER_CENT) // (2 * MICROS_PER_CENT))


def _days(days: int | None, never: str = "") -> str:
    return never if days is None else "now" if days == 0 else count(days, "day")
