"""Questions of `reasons.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from evenkeel_client.asking import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyLine:
    """Why a line is in its plan, all else equal."""

    number: int
    basis: str
    unit_cost_scaled: int | None
    saves_scaled: int | None
    stays_to_scaled: int | None
    more_below_scaled: int | None
    runner_up: Any
    order_size: Any
    changed_units: int
    changes: tuple[WhyLineChanges, ...] | None
    because: tuple[WhyLineBecause, ...]

    @staticmethod
    def of(told: Any) -> WhyLine:
        """Read from JSON."""
        return WhyLine(
            number=told["number"],
            basis=told["basis"],
            unit_cost_scaled=told["unitCostScaled"],
            saves_scaled=told["savesScaled"],
            stays_to_scaled=told["staysToScaled"],
            more_below_scaled=told["moreBelowScaled"],
            runner_up=told["runnerUp"],
            order_size=told["orderSize"],
            changed_units=told["changedUnits"],
            changes=None
            if told["changes"] is None
            else tuple(WhyLineChanges.of(one) for one in told["changes"]),
            because=tuple(WhyLineBecause.of(one) for one in told["because"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyLineChanges:
    """Expected units short at the end of a day, with and without a line."""

    item: str
    location: str
    on: date
    with_millionths: int
    without_millionths: int

    @staticmethod
    def of(told: Any) -> WhyLineChanges:
        """Read from JSON."""
        return WhyLineChanges(
            item=told["item"],
            location=told["location"],
            on=date.fromisoformat(told["on"]),
            with_millionths=told["withMillionths"],
            without_millionths=told["withoutMillionths"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyLineBecause:
    """A fact that a line rests on, as the plan saw it."""

    fact: str
    fields: Any
    flip: Any

    @staticmethod
    def of(told: Any) -> WhyLineBecause:
        """Read from JSON."""
        return WhyLineBecause(
            fact=told["fact"],
            fields=told["fields"],
            flip=told["flip"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyPlace:
    """What a plan says of an item at a place."""

    basis: str
    lines: tuple[int, ...]
    shortfall: int | None
    next_unit: Any
    taken: tuple[Any, ...]
    ways: tuple[WhyPlaceWays, ...]

    @staticmethod
    def of(told: Any) -> WhyPlace:
        """Read from JSON."""
        return WhyPlace(
            basis=told["basis"],
            lines=tuple(told["lines"]),
            shortfall=told["shortfall"],
            next_unit=told["nextUnit"],
            taken=tuple(told["taken"]),
            ways=tuple(WhyPlaceWays.of(one) for one in told["ways"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyPlaceWays:
    """One way in on the first day, and how it stands."""

    kind: str
    start: str
    by: str
    lot: str
    arrives_on: str
    unit_cost_scaled: int
    standing: str
    units: int
    used_below_scaled: int | None
    kept_units: int | None
    closed_by: tuple[str, ...]
    held_by: str

    @staticmethod
    def of(told: Any) -> WhyPlaceWays:
        """Read from JSON."""
        return WhyPlaceWays(
            kind=told["kind"],
            start=told["start"],
            by=told["by"],
            lot=told["lot"],
            arrives_on=told["arrivesOn"],
            unit_cost_scaled=told["unitCostScaled"],
            standing=told["standing"],
            units=told["units"],
            used_below_scaled=told["usedBelowScaled"],
            kept_units=told["keptUnits"],
            closed_by=tuple(told["closedBy"]),
            held_by=told["heldBy"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Provenance as a graph, to draw from `root`."""

    root: str
    nodes: tuple[TraceNodes, ...]
    edges: tuple[TraceEdges, ...]

    @staticmethod
    def of(told: Any) -> Trace:
        """Read from JSON."""
        return Trace(
            root=told["root"],
            nodes=tuple(TraceNodes.of(one) for one in told["nodes"]),
            edges=tuple(TraceEdges.of(one) for one in told["edges"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNodes:
    """A thing on a path of provenance."""

    id: str
    kind: str
    label: str
    details: Any

    @staticmethod
    def of(told: Any) -> TraceNodes:
        """Read from JSON."""
        return TraceNodes(
            id=told["id"],
            kind=told["kind"],
            label=told["label"],
            details=told["details"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEdges:
    """`source` points at what it came from."""

    source: str
    relation: str
    target: str
    role: str

    @staticmethod
    def of(told: Any) -> TraceEdges:
        """Read from JSON."""
        return TraceEdges(
            source=told["source"],
            relation=told["relation"],
            target=told["target"],
            role=told["role"],
        )


WHY_LINE = """
query WhyLine($plan: String!, $line: Int!) {
  whyLine(plan: $plan, line: $line) {
    number
    basis
    unitCostScaled
    savesScaled
    staysToScaled
    moreBelowScaled
    runnerUp
    orderSize
    changedUnits
    changes {
      item
      location
      on
      withMillionths
      withoutMillionths
    }
    because {
      fact
      fields
      flip
    }
  }
}
"""

WHY_PLACE = """
query WhyPlace($plan: String!, $item: String!, $location: String!) {
  whyPlace(plan: $plan, item: $item, location: $location) {
    basis
    lines
    shortfall
    nextUnit
    taken
    ways {
      kind
      start
      by
      lot
      arrivesOn
      unitCostScaled
      standing
      units
      usedBelowScaled
      keptUnits
      closedBy
      heldBy
    }
  }
}
"""

TRACE = """
query Trace($plan: String!, $line: Int!) {
  trace(plan: $plan, line: $line) {
    root
    nodes {
      id
      kind
      label
      details
    }
    edges {
      source
      relation
      target
      role
    }
  }
}
"""


class ReasonsQuestions(Asking):
    """What `reasons.graphql` asks, a method for each of its operations."""

    def why_line(self, plan: str, line: int) -> WhyLine:
        """Why a line is in a plan: what it saves, its runner-up, and what would flip it."""
        return self.asked(
            WHY_LINE, {"plan": plan, "line": line}, ("whyLine",), lambda told: WhyLine.of(told)
        )

    def why_place(self, plan: str, item: str, location: str) -> WhyPlace:
        """Why a plan brings an item to a place or not: each way in, and how it stands."""
        return self.asked(
            WHY_PLACE,
            {"plan": plan, "item": item, "location": location},
            ("whyPlace",),
            lambda told: WhyPlace.of(told),
        )

    def trace(self, plan: str, line: int) -> Trace:
        """From a line down to the rows of files that it rests on."""
        return self.asked(
            TRACE, {"plan": plan, "line": line}, ("trace",), lambda told: Trace.of(told)
        )
