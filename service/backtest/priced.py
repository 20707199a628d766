"""What rules cost: in the newest plans, and summed over the recorded decisions of a window."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.catalog import PlanEntry
from graph.progress import Progress, silent
from graph.rule_cost_nodes import ENDS, FIELDS, NAMED
from ontology.events import RULES_PRICED, NewEvent
from service.audit.replay import NOT_MADE
from service.backtest.pool import COSTS, OWN, PAIRS, Task, answers
from service.backtest.run import Window, place_of, recorded
from service.house import House

FORMAT = "evenkeel-rule-prices/1"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Priced:
    """What rules cost, as a document, and the artifact that it is kept as: its digest."""

    digest: str
    result: dict[str, Any]


def price_rules(
    house: House, window: Window | None, agent: str, *, chains: tuple[str, ...] = (),
    pairs: bool = False, workers: int = 0, progress: Progress = silent,
) -> Priced:  # fmt: skip
    """Price the rules of the newest plan of each chain; with a window of all its plans, summed.

    Each price is the difference of two certified plans, the saved one and a counterfactual that
    is kept beside it, both named by digest; it goes into the log, and the graph has an edge from
    the rule to the plan. Asking again logs nothing new. Raises as `recorded` and as answering.
    """
    asked = window or Window(chains)
    entries = sorted(recorded(house, asked), key=lambda entry: entry.event_sequence)
    if window is None:
        entries = list({entry.plan.chain: entry for entry in entries}.values())
    place = place_of(house, OWN, PAIRS if pairs else COSTS)
    tasks = [Task(e.plan.digest, e.artifact, e.plan.release) for e in entries]
    found = list(answers(place, tasks, workers or os.cpu_count() or 1, progress))
    for entry, (name, answer) in zip(entries, found, strict=True):
        if answer["own"]["status"] != NOT_MADE:
            _log(house, entry, name, answer, agent)
    result = summed(asked.stated(), ((e, answer) for e, (_, answer) in
                                     zip(entries, found, strict=True)))  # fmt: skip
    return Priced(house.store.put_document(result), result)


def summed(asked: Row, found: Iterable[tuple[PlanEntry, Row]]) -> dict[str, Any]:
    """The document of prices: per plan, and per rule (and pair) added up in each currency.

    A sum is of plans whose days overlap: what a rule cost each time it was decided, no outlay.
    """
    plans, rows = [], list(found)
    for entry, answer in rows:
        plans.append({
            "plan": entry.plan.digest, "chain": entry.plan.chain, "event": entry.event_sequence,
            "made_on": entry.made_at.date().isoformat(), "status": answer["own"]["status"],
            "reasons": answer["own"]["reasons"], "cost_scale": answer.get("cost_scale", 1),
            "currency": answer.get("currency"), "costs": answer["costs"],
            "pairs": answer["pairs"], "pairs_left_out": answer["pairs_left_out"],
        })  # fmt: skip
    return {"format": FORMAT, "asked": dict(asked), "plans": plans,
            "rules": _added(plans, "costs"), "pairs": _added(plans, "pairs")}  # fmt: skip


def _added(plans: Sequence[Row], side: str) -> list[dict[str, Any]]:
    """Per currency, scale and rules: in how many plans, and the sums of all ends."""
    totals: dict[tuple[Any, ...], dict[str, Any]] = {}
    for plan in plans:
        for cost in plan[side]:
            key = (plan["currency"] or "", plan["cost_scale"], tuple(cost["rules"]))
            kept = totals.setdefault(key, {
                "currency": key[0], "cost_scale": key[1], "rules": cost["rules"], "plans": 0,
                **dict.fromkeys((*ENDS, "difference_cents", "served_millionths"), 0),
            })  # fmt: skip
            kept["plans"] += 1
            for name in (*ENDS, "difference_cents", "served_millionths"):
                kept[name] += cost[name]
            if "interaction" in cost:
                sums = kept.setdefault("interaction", dict.fromkeys(ENDS, 0))
                for name in ENDS:
                    sums[name] += cost["interaction"][name]
    return [totals[key] for key in sorted(totals)]


def _log(house: House, entry: PlanEntry, name: str, answer: Row, agent: str) -> None:
    payload = {
        "plan": entry.plan.digest, "chain": entry.plan.chain, "release": entry.plan.release,
        "costs": [{"rule": cost["rules"][0], **{field: cost[field] for field in FIELDS}}
                  for cost in answer["costs"]],
        "pairs": [{"one": cost["rules"][0], "other": cost["rules"][1],
                   "fields": {**cost["interaction"], **{field: cost[field] for field in NAMED}}}
                  for cost in answer["pairs"]],
    }  # fmt: skip
    new = NewEvent(RULES_PRICED, f"{RULES_PRICED}/{entry.plan.digest}/{name}", agent,
                   datetime.now(UTC), name, payload)  # fmt: skip
    house.projection.append(new, body=name)
