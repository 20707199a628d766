"""What depends on a supplier, contract, lane, location or region, by reachability in the graph."""

from dataclasses import dataclass

from neo4j import Driver

from graph.facts import StatedFact, fact_from, uri_of
from graph.statements import read
from ontology.failures import Subject
from ontology.terms import join_key

_CLASS_OF = {"supplier": "Supplier", "contract": "Contract", "lane": "Lane"}


@dataclass(frozen=True, slots=True)
class Dependence:
    """What stands behind or after a subject: item ids and location URIs, sorted, and the facts.

    Facts: links between tiers, offers, productions, bills of material, lanes, and orders and
    shipments on their way, each in the version in force with its address and source row, sorted
    by class and URI. Items that only lie there, or are asked for at a place that is down, count.
    """

    subject: Subject
    items: tuple[str, ...]
    locations: tuple[str, ...]
    facts: tuple[StatedFact, ...]


def depends_on(driver: Driver, chain: str, subject: Subject) -> Dependence:
    """All that the relationships lead to from a subject, in one statement and one round trip.

    What may depend, not what fails: an alternative does not take anything off the answer, and
    neither does a status. Up to 8 tiers and 8 levels of components; each place once, however
    long the way. A subject that no fact names leads nowhere. Raises OutsideError as the database
    does.
    """
    class_name = _CLASS_OF.get(subject.kind, "Location")
    rows = read(driver, "depends_on", {
        "chain": chain, "kind": subject.kind, "key": subject.key,
        "uri": uri_of(chain, class_name, join_key((subject.key,))),
    })  # fmt: skip
    if not rows:
        return Dependence(subject, (), (), ())
    facts = tuple(fact_from(properties) for properties in rows[0]["facts"])
    return Dependence(
        subject, tuple(sorted(rows[0]["items"])), tuple(sorted(rows[0]["locations"])), facts
    )
