"""The demo's chapter on the regional network: forecast, rivals, rule book, failure, figures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from api.output import plain
from api.screen import drawing, reasons
from api.screen.acting_tables import acting_tables
from api.screen.amounts import count

if TYPE_CHECKING:
    from ontology.columns import Snapshot
    from rules.release import Release
    from service.compare import Comparison
    from service.forecast import ForecastMade
    from service.house import House
    from service.impact.failure import ImpactReport
    from service.impact.single_points import CriticalFailures
    from service.kpis.value import Kpi

RULES_SHOWN = 12
FAILURES_SHOWN = 5
AFFECTED_SHOWN = 4


@dataclass(frozen=True)
class Network:
    """What a chain with a history lets us tell beside its plan."""

    made: "ForecastMade"
    comparison: "Comparison"
    release: "Release"
    failures: "CriticalFailures"
    report: "ImpactReport"
    figures: "list[Kpi]"


def lived(house: "House", chain: str, made: "ForecastMade", document: drawing.Row) -> Network:
    """Compare, break the most critical supplier, and measure, for real."""
    from service.compare import compare
    from service.decision import PlanRequest
    from service.impact.failure import impact
    from service.impact.single_points import single_points
    from service.kpis.figures import plan_kpis

    snapshot: Snapshot = house.facts(chain)
    failures = single_points(snapshot, made.starts_on)
    worst = next(each for each in failures.found if each.subjects[0].kind == "supplier")
    return Network(
        made, compare(house, PlanRequest(chain)), house.release_for(chain), failures,
        impact(snapshot, worst.subjects, made.starts_on), plan_kpis(house, document),
    )  # fmt: skip


def tell_forecast(screen: Console, network: Network) -> None:
    """What the model says, and what it was fitted to."""
    counts = network.made.counts
    screen.print(
        f"{counts['observations']:,} days of demand at {counts['pairs']:,} places and items become "
        f"quantiles of cumulative demand from {network.made.starts_on} on: {counts['local_days']} "
        f"days for each place, {counts['pooled_days']} for the whole chain. Model "
        f"{network.made.model}, event {network.made.event.sequence}: a fact like the others."
    )  # fmt: skip


def tell_comparison(screen: Console, network: Network) -> None:
    """The plan beside rules of thumb that were tuned on the days before."""
    from api.commands.compare import show_comparison

    show_comparison(screen, network.comparison)


def tell_rules(screen: Console, network: Network, suppressed: drawing.Row) -> None:
    """The rules that had most to say about this plan."""
    rules = {rule.iri: rule for rule in network.release.rules}
    closed, warned = suppressed["by_rule"], suppressed["warned"]
    sent, floors, limits = (suppressed[name] for name in ("attention", "floors", "limited"))
    busiest = sorted(
        {*closed, *warned, *sent, *floors, *limits} & rules.keys(),
        key=lambda r: (-sum(found.get(r, 0) for found in (closed, sent, floors, limits)), r),
    )
    numbers = ["closed", "floor, units", "limits", "lines to a person"]
    made = drawing.table("rule", "severity", *numbers, numbers=numbers)
    for iri in busiest[:RULES_SHOWN]:
        drawing.add(made, reasons.rule_name(iri), rules[iri].severity,
                    *(f"{found[iri]:,}" if iri in found else ""
                      for found in (closed, floors, limits, sent)))  # fmt: skip
    screen.print(made)
    screen.print("floor: the units that a rule wants kept where they are, over all items and "
                 "places; limits: its shared capacities that are full.")  # fmt: skip
    for other in list(acting_tables(suppressed))[1:]:
        screen.print(other)
    screen.print(f"{len(rules)} rules are in force; `evenkeel rules` lists them all.")


def tell_failure(screen: Console, network: Network) -> None:
    """What alone can stop demand, and what the worst supplier's failure would do."""
    from api.screen.impact_tables import show_critical

    show_critical(screen, network.failures, FAILURES_SHOWN)
    report = network.report
    names = " and ".join(map(str, report.failures))
    states = ", ".join(f"{total.pairs:,} {total.state}" for total in report.totals)
    screen.print(f"If {plain(names)} goes down: "
                 f"{count(len(report.affected), 'item and place', 'items and places')} "
                 f"affected ({states}), such as")  # fmt: skip
    for pair in report.affected[:AFFECTED_SHOWN]:
        days = pair.days_until_short
        when = f"in {count(days, 'day')}" if days else "now"
        lasts = "" if days is None else f", short {when}"
        screen.print(f"  {plain(pair.item)} at {plain(pair.location)}: {pair.state}{lasts}")


def tell_figures(screen: Console, network: Network) -> None:
    """The plan's key figures, each by a versioned definition."""
    from api.commands.kpi import shown

    made = drawing.table("figure", "value", "unit", numbers=["value"])
    for kpi in network.figures:
        if not kpi.reason:
            drawing.add(made, kpi.definition.title, shown(kpi), kpi.unit)
    screen.print(made)
