"""What rules cost in a plan, as edges from the rule to the plan; and how they are read again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from neo4j import Driver, ManagedTransaction

from graph.statements import read, run
from graph.steps import Step
from ontology.events import Event

ENDS = ("difference_scaled", "at_least_scaled", "at_most_scaled")
"""What best plans with and without differ by: as found, at least and at most, in cost units."""
NAMED = ("counterfactual", "artifact")
FIELDS = (*ENDS, "difference_cents", "served_millionths", *NAMED)


@dataclass(frozen=True, slots=True)
class RuleCostEdge:
    """What one rule costs in one plan, as the graph shows it.

    `counterfactual` is the digest of the certified plan without the rule, `artifact` its document.
    Costs are in the plan's cost units; `served_millionths` are units served more without the rule.
    `event` is where it stands in the log.
    """

    rule: str
    release: str
    plan: str
    event: int
    difference_scaled: int
    at_least_scaled: int
    at_most_scaled: int
    difference_cents: int
    served_millionths: int
    counterfactual: str
    artifact: str


@dataclass(frozen=True, slots=True)
class InteractionEdge:
    """What two rules cost together less the sum of each alone, in cost units, with its ends."""

    rules: tuple[str, str]
    plan: str
    event: int
    difference_scaled: int
    at_least_scaled: int
    at_most_scaled: int
    counterfactual: str
    artifact: str


class RuleCostNodes:
    """The statements that show what rules cost in a plan; a later word replaces an earlier one."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self._payload = payload
        self.weight = len(payload["costs"]) + len(payload["pairs"])

    def steps(self, event: Event, batch_rows: int) -> Iterator[Step]:
        """One transaction that can be repeated."""

        def step(tx: ManagedTransaction) -> None:
            said = self._payload
            run(tx, "project_rule_costs", plan=said["plan"], release=said["release"],
                sequence=event.sequence, costs=said["costs"])  # fmt: skip
            run(tx, "project_rule_pairs", plan=said["plan"], release=said["release"],
                sequence=event.sequence, pairs=said["pairs"])  # fmt: skip

        yield step


def rule_costs_of(driver: Driver, plan: str) -> list[RuleCostEdge]:
    """What the rules of a plan cost in it, as far as they were priced, in order of IRI."""
    return [RuleCostEdge(**row["cost"]) for row in read(driver, "rule_costs", {"plan": plan})]


def interactions_of(driver: Driver, plan: str) -> list[InteractionEdge]:
    """How pairs of rules interact in a plan, as far as they were priced, in order of IRIs."""
    rows = read(driver, "rule_pairs", {"plan": plan})
    return [InteractionEdge(**row["pair"] | {"rules": (row["one"], row["other"])}) for row in rows]
