"""Paths through what is inferred: from a line over rule and axioms down to the rows of files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neo4j import Driver

from graph.facts import fact_from
from graph.provenance import Drawing, Trace, draw_fact, draw_source
from graph.statements import Row, read
from reasoning.proofs import Proof

Address = tuple[int, int]
"""The event of a fact, and its row there."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """A rule that judged a line, and an inferred statement that it read, with its proof.

    `role` is `decisive` where the rule says otherwise without what is inferred, else `touched`.
    """

    rule: str
    title: str
    role: str
    proof: Proof


def plan_artifact(found: Trace) -> str:
    """The artifact of the plan that the trace of one of its lines is of."""
    kinds = {name: node.kind for name, node in found.nodes.items()}
    made = {edge.target for edge in found.edges
            if edge.relation == "RECORDED_IN" and kinds[edge.source] == "plan"}  # fmt: skip
    (artifact,) = (edge.target for edge in found.edges
                   if edge.relation == "NAMES" and edge.source in made)  # fmt: skip
    return artifact.partition(":")[2]


def with_reliances(
    driver: Driver, found: Trace, reliances: Sequence[Reliance], addresses: Mapping[str, Address]
) -> Trace:
    """The trace of a line, with what rules read of what is inferred, down to rows; one round trip.

    `addresses` are those of the facts at the leaves, by `Class/key`, in the plan's own snapshot.
    A fact that has none, since it stands for the name of a source alone, is named and leads on to
    nothing.
    """
    if not reliances:
        return found
    known = _facts(driver, addresses)
    drawing = Drawing(found)
    for each in reliances:
        rule = drawing.add("rule", each.rule, f"rule {each.title}", {"iri": each.rule})
        drawing.link(found.root, "JUDGED_BY", rule)
        drawing.link(rule, "READS", _draw(drawing, each.proof, known), each.role)
    return drawing.trace(found.root, found.next_after)


def _facts(driver: Driver, addresses: Mapping[str, Address]) -> dict[str, Row]:
    asked = [
        {"class": name.partition("/")[0], "event": event, "row": row}
        for name, (event, row) in sorted(addresses.items())
    ]
    rows = read(driver, "trace_facts", {"addresses": asked}) if asked else []
    return {_name_of(row["fact"]): row for row in rows}


def _name_of(properties: Row) -> str:
    fact = fact_from(properties)
    return f"{fact.class_name}/{fact.key}"


def _draw(drawing: Drawing, proof: Proof, known: Mapping[str, Row]) -> str:
    said = proof.statement
    details: dict[str, Any] = {
        "subject": said.subject, "predicate": said.predicate, "object": said.object,
        "inferred": proof.is_inferred, "rule": proof.rule,
    }  # fmt: skip
    name = f"{said.subject} {said.predicate} {said.object}"
    kind = "inferred" if proof.is_inferred else "stated"
    here = drawing.add(kind, name, f"{said} ({kind})", details)
    if proof.is_inferred:
        axiom = drawing.add("axiom", proof.axiom, f"{proof.axiom} ({proof.rule})")
        drawing.link(here, "BY_AXIOM", axiom)
        for premise in proof.premises:
            drawing.link(here, "WAS_DERIVED_FROM", _draw(drawing, premise, known))
    for fact in proof.facts:
        drawing.link(here, "WAS_DERIVED_FROM", _draw_leaf(drawing, fact, known.get(fact)))
    return here


def _draw_leaf(drawing: Drawing, name: str, row: Row | None) -> str:
    if row is None:
        return drawing.add("fact", name, name.replace("/", " ", 1))
    fact = draw_fact(drawing, row["fact"])
    draw_source(drawing, fact, row["fact"], row["event"])
    return fact
