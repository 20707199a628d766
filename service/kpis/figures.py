"""The key figures of a chain's facts or of a plan, each under its versioned definition."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.kpis import DEFINITIONS
from ontology.stock_now import with_movements
from service.house import AsOf, House
from service.kpis import demand as kpi_demand
from service.kpis import moves as kpi_moves
from service.kpis import plans as kpi_plans
from service.kpis import stock as kpi_stock
from service.kpis import waste as kpi_waste
from service.kpis.money import Pricing
from service.kpis.value import Figure, Kpi, Lacking

_MONEY_CODES = ("RATE_MISSING", "BAD_RATE")
Wanted = Collection[str] | None
"""Ids of definitions; None for all."""


def chain_kpis(
    house: House, chain: str, as_of: AsOf | None = None, ids: Wanted = None
) -> list[Kpi]:
    """The figures of a chain's facts, the present ones by default. Raises as `House.facts`."""
    return kpis_of_facts(house.facts(chain, as_of), ids)


def plan_kpis(house: House, document: Mapping[str, Any], ids: Wanted = None) -> list[Kpi]:
    """The figures of a sealed plan; later facts are those in force now."""
    decision = document["decision"]
    before = house.reader.read(decision["chain"], int(document["about"]["sequence"]))
    return kpis_of_plan(decision, before, house.facts(decision["chain"]), ids)


def kpis_of_facts(snapshot: Snapshot, ids: Wanted = None) -> list[Kpi]:
    """The figures of a snapshot, all or some, in the order of the definitions. Pure."""
    snapshot = with_movements(snapshot)
    stock = kpi_stock.stock_now(snapshot)
    return _defined({
        "fill-rate": lambda: kpi_demand.fill_rate(snapshot),
        "cycle-service-level": lambda: kpi_demand.cycle_service_level(snapshot),
        "stockout-days": lambda: kpi_demand.stockout_days(snapshot),
        "on-time-in-full": lambda: kpi_moves.on_time_in_full(snapshot),
        "turns": lambda: kpi_stock.turns(snapshot, stock, Pricing(snapshot)),
        "days-of-cover": lambda: kpi_stock.days_of_cover(snapshot, stock),
        "carrying-cost": lambda: kpi_stock.carrying_cost(snapshot, stock, Pricing(snapshot)),
        "landed-cost": lambda: kpi_moves.landed_cost(
            snapshot, kpi_moves.landings_of_facts(snapshot), Pricing(snapshot)),
        "transfers": lambda: kpi_moves.transfers(snapshot),
        "transfer-latency": lambda: kpi_moves.transfer_latency(snapshot),
        "plan-adherence": lambda: Lacking(kpi_plans.NO_PLAN),
        "expired-stock": lambda: kpi_waste.expired_units(snapshot),
        "expired-value": lambda: kpi_waste.expired_value(snapshot, Pricing(snapshot)),
        "expected-waste": lambda: Lacking(kpi_waste.OF_A_PLAN),
        "expected-waste-value": lambda: Lacking(kpi_waste.OF_A_PLAN),
    }, ids)  # fmt: skip


def kpis_of_plan(
    decision: Mapping[str, Any], before: Snapshot, now: Snapshot, ids: Wanted = None
) -> list[Kpi]:
    """The figures of a plan's decision, all or some, on the snapshot that it was made from. Pure.

    `now` are the facts that may have carried it out; rates are those of the plan's first day.
    """
    lines, begin = decision["lines"], date.fromisoformat(decision["starts_on"])
    stock = kpi_stock.stock_after(before, lines)
    return _defined({
        "fill-rate": lambda: kpi_plans.plan_fill_rate(decision),
        "cycle-service-level": lambda: kpi_plans.plan_cycle_service(decision, before),
        "stockout-days": lambda: kpi_plans.plan_stockout_days(decision),
        "on-time-in-full": lambda: Lacking("a plan states no day that its orders arrive on"),
        "turns": lambda: kpi_stock.turns(before, stock, Pricing(before, begin)),
        "days-of-cover": lambda: kpi_stock.days_of_cover(before, stock),
        "carrying-cost": lambda: kpi_stock.carrying_cost(before, stock, Pricing(before, begin)),
        "landed-cost": lambda: kpi_moves.landed_cost(
            before, kpi_moves.landings_of_lines(lines), Pricing(before, begin)),
        "transfers": lambda: kpi_moves.line_transfers(lines),
        "transfer-latency": lambda: kpi_moves.line_latency(lines),
        "plan-adherence": lambda: kpi_plans.adherence(decision, before, now),
        "expired-stock": lambda: kpi_waste.expired_units(before, begin),
        "expired-value": lambda: kpi_waste.expired_value(before, Pricing(before, begin), begin),
        "expected-waste": lambda: kpi_waste.expected_units(decision, before),
        "expected-waste-value": lambda: kpi_waste.expected_value(
            decision, before, Pricing(before, begin)),
    }, ids)  # fmt: skip


def _defined(figures: Mapping[str, Callable[[], Figure]], ids: Wanted) -> list[Kpi]:
    return [Kpi(definition, _figure(figures[definition.id])) for definition in DEFINITIONS
            if ids is None or definition.id in ids]  # fmt: skip


def _figure(compute: Callable[[], Figure]) -> Figure:
    """The figure; a currency without a rate makes it one that cannot be computed."""
    try:
        return compute()
    except InputError as error:
        if error.code not in _MONEY_CODES:
            raise
        return Lacking(str(error))
