"""Key figures of plans: what they expect, where stock ends up, and how far facts followed."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from ontology.columns import Snapshot
from ontology.demand import OrderFulfilment, PurchaseOrder, SalesOrder, TransferOrder
from ontology.governance import KpiDefinition
from ontology.stock import StockMovement
from ontology.transport import Shipment
from service.kpis.figures import kpis_of_plan
from service.kpis.loads import WholeCosts
from service.kpis.money import Pricing
from service.kpis.plans import adherence
from service.kpis.value import Kpi, Lacking, rows_of
from tests.service import regimes
from tests.service.kpi_worlds import DAY, named, on, parts, world
from tests.service.planned import Planned


@pytest.fixture(scope="module")
def figures(plan: Planned) -> dict[str, Kpi]:
    """The figures of the example's plan, on the facts that it was made from."""
    found = kpis_of_plan(plan.document["decision"], plan.snapshot, plan.snapshot)
    return {kpi.definition.id: kpi for kpi in found}


def test_a_plan_is_expected_to_fill(plan: Planned, figures: dict[str, Kpi]) -> None:
    """The fill rate is the comparison's, in exact fractions; lines and shortfalls are behind it."""
    told = plan.document["decision"]["comparison"]["plan"]["fill_per_million"]
    value = figures["fill-rate"].value
    assert value is not None
    assert abs(10_000 * value - told) <= 1
    assert {"line/1", "shortfall/1"} <= set(rows_of(figures["fill-rate"]))


def test_chances_add_up_to_days_and_cycles(plan: Planned, figures: dict[str, Kpi]) -> None:
    """Stockout days sum the chances of all rows; the cycle's level those of the last day alone."""
    rows = plan.document["decision"]["shortfalls"]
    chance = {(r["item"], r["location"], r["on"]): r["short_probability_per_million"] for r in rows}
    last = [millionths for (_, _, day), millionths in chance.items() if day == "2026-03-04"]
    pairs = 5
    assert Fraction(sum(chance.values()), 10**6) == figures["stockout-days"].value
    expected = 100 * (1 - Fraction(sum(last), 10**6 * pairs))
    assert expected == figures["cycle-service-level"].value


def test_stock_after_a_plan(plan: Planned, figures: dict[str, Kpi]) -> None:
    """Carrying cost is that of the facts, and what each line adds and takes, on paper."""
    cost = {("gadget", "north"): 10, ("gadget", "south"): 12, ("vaccine", "north"): 20,
            ("vaccine", "south"): 24, ("widget", "north"): 10, ("widget", "south"): 12}  # fmt: skip
    cents = 6 * 12 + 7 * 20 + 8 * 10 + 2 * 12
    for line in plan.document["decision"]["lines"]:
        item, units = line["item"], line["quantity_units"]
        cents += units * cost[item, line["destination"]]
        cents -= units * cost[item, line["origin"]] if line.get("origin") else 0
    assert Fraction(cents, 100) == figures["carrying-cost"].value
    assert "EUR a day" == figures["carrying-cost"].unit


def test_transfers_of_a_plan(plan: Planned, figures: dict[str, Kpi]) -> None:
    """Units of transfer lines, a day each; each row is a transfer line of the document."""
    lines = [x for x in plan.document["decision"]["lines"] if x["kind"] == "transfer"]
    assert str(sum(x["quantity_units"] for x in lines)) == figures["transfers"].text
    assert "1.0" == figures["transfer-latency"].text
    assert [f"line/{x['number']}" for x in lines] == rows_of(figures["transfers"])


def test_what_a_plan_cannot_say_has_a_reason(figures: dict[str, Kpi]) -> None:
    """No history of service, no later fact: turns and adherence have a reason, and no value."""
    assert figures["turns"].reason
    assert figures["on-time-in-full"].reason
    assert figures["plan-adherence"].reason.startswith("no facts after the plan yet")


def transfer(number: int, units: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "kind": "transfer", "item": "a", "origin": "n", "destination": "s",
            "quantity_units": units, "departs_on": str(on(0)), "arrives_on": str(on(1)),
            **more}  # fmt: skip


BUY = {"number": 3, "kind": "purchase", "item": "a", "supplier": "acme", "destination": "n",
       "quantity_units": 10, "departs_on": str(on(0)), "arrives_on": str(on(4))}  # fmt: skip
SERVE = {"number": 4, "kind": "assignment", "order": "o", "item": "a", "origin": "n",
         "quantity_units": 5, "departs_on": str(on(0))}  # fmt: skip
DECISION = {"starts_on": str(DAY), "lines": [transfer(1, 4, lot="x"), transfer(2, 6), BUY, SERVE]}


def moved(name: str, units: int, day: int = 0, **more: Any) -> Shipment:
    return Shipment(name, "a", "s", units, on(day + 1), "n", shipped_on=on(day), **more)


def kept(*later: Any, before: Snapshot | None = None, decision: Any = None) -> tuple[Any, Any]:
    """Carried out and planned units."""
    old = [SalesOrder("o", "a", "c", 5, DAY), moved("old", 50)]
    return parts(adherence(decision or DECISION, before or world(*old), world(*old, *later)))


ADHERENCE: dict[str, tuple[list[Any], int]] = {
    "part is shipped": ([moved("1", 3)], 3),
    "ordered and shipped are different units": (
        [moved("1", 3), TransferOrder("t", "a", "n", "s", 2, on(0))], 5),
    "more than planned counts as planned": ([moved("1", 30)], 10),
    "another way does not count": ([Shipment("1", "a", "n", 3, on(1), "s", shipped_on=on(0))], 0),
    "earlier does not count": ([moved("1", 3, day=-1), moved("2", 1)], 1),
    "cancelled does not count": ([moved("1", 3, status="cancelled")], 0),
    "receipts count where they are more": (
        [moved("1", 3), StockMovement("m", "a", "s", "transfer", 7, on(1))], 7),
    "receipts of another kind do not": ([StockMovement("m", "a", "s", "count", 7, on(1))], 0),
    "bought": ([PurchaseOrder("p", "acme", "a", "n", 8, on(1))], 8),
    "bought elsewhere": ([PurchaseOrder("p", "shady", "a", "n", 8, on(1))], 0),
    "served": ([OrderFulfilment("o", "n")], 5),
    "served from elsewhere": ([OrderFulfilment("o", "s")], 0),
}  # fmt: skip


@pytest.mark.parametrize("case", ADHERENCE)
def test_plan_adherence(case: str) -> None:
    """Of 25 planned units those count that a later fact of the same movement carried out."""
    later, units = ADHERENCE[case]
    later = [fact for fact in later if getattr(fact, "id", "") != "old"]
    assert (units, 25) == kept(*later)


def test_a_receipt_is_counted_once() -> None:
    """Two ways into one place share its receipts."""
    lines = [transfer(1, 4), transfer(2, 6, origin="x")]
    decision = {"starts_on": str(DAY), "lines": lines}
    receipt = StockMovement("m", "a", "s", "transfer", 7, on(1))
    assert (7, 10) == kept(receipt, decision=decision)


@pytest.mark.parametrize("later", [[], [moved("early", 3, day=-1)]])
def test_without_a_later_fact_adherence_is_unknown(later: list[Any]) -> None:
    """What the plan knew, or what was before it, says nothing of it: a reason, never a zero."""
    known = [moved("1", 10), SalesOrder("o", "a", "c", 5, DAY), OrderFulfilment("o", "n")]
    figure = adherence(DECISION, world(*known), world(*known, *later))
    assert isinstance(figure, Lacking)
    assert figure.reason.startswith("no facts after the plan yet")


def test_orders_served_and_open() -> None:
    """A plan of orders: 1 of 3 orders and 5 of 20 units are served; days have no meaning."""
    decision = {
        "regime": "orders", "starts_on": str(DAY), "lines": [SERVE],
        "shortfalls": [{"number": 1, "quantity_units": 10}, {"number": 2, "quantity_units": 5}],
        "comparison": {"plan": {"orders": 3}},
    }  # fmt: skip
    found = kpis_of_plan(decision, world(), world())
    assert (5, 20) == parts(named(found, "fill-rate").figure)
    assert (1, 3) == parts(named(found, "cycle-service-level").figure)
    assert named(found, "stockout-days").reason


def test_a_definition_is_a_record_of_the_vocabulary(figures: dict[str, Kpi]) -> None:
    """Each figure carries its definition, with id, version and formula."""
    assert all(isinstance(kpi.definition, KpiDefinition) for kpi in figures.values())
    assert {"1", "2"} == {kpi.definition.version for kpi in figures.values()}
    assert date(2026, 3, 2) == DAY


@pytest.mark.parametrize("seed", range(9))
def test_a_plan_pays_for_the_loads_that_its_certificate_states(seed: int) -> None:
    """The loads that a figure counts from lines are those of the certificate, lane by lane."""
    asked = regimes.whole(seed)
    decision = regimes.drafted(asked).decision
    whole = WholeCosts(asked.snapshot, Pricing(asked.snapshot))
    lanes, items = (asked.snapshot.table(name)["id"].tolist() for name in ("Lane", "Item"))
    moved = [line for line in decision["lines"] if line["kind"] == "transfer"]
    for line in moved:
        assert whole.add(lanes.index(line["lane"]), items.index(line["item"]),
                         line["quantity_units"], line["departs_on"])  # fmt: skip
    stated = {(row["subject"], row["day"]): row["loads"] for row in decision["certificate"]["loads"]
              if row["kind"] == "load" and row["day"] == decision["starts_on"]}  # fmt: skip
    days = {(line["lane"], line["departs_on"]) for line in moved}
    assert stated == {day: whole.loads(*day) for day in days if whole.loads(*day)}
