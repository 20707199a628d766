"""What depends on a supplier, contract, lane, location or region, by reachability in the graph."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from neo4j import Driver

from graph.facts import StatedFact, fact_from, uri_of
from graph.statements import read
from ontology.failures import Subject
from ontology.terms import join_key
from ontology.transport import Lane

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
    long the way. On a lane depend, of lanes, those that goods can go by after it on a way that
    comes to no place twice (`behind_lane`): without the lane, such a way is gone. A subject that
    no fact names leads nowhere. Raises OutsideError as the database does.
    """
    class_name = _CLASS_OF.get(subject.kind, "Location")
    rows = read(driver, "depends_on", {
        "chain": chain, "kind": subject.kind, "key": subject.key,
        "uri": uri_of(chain, class_name, join_key((subject.key,))),
    })  # fmt: skip
    if not rows:
        return Dependence(subject, (), (), ())
    facts = tuple(fact_from(properties) for properties in rows[0]["facts"])
    locations = set(rows[0]["locations"])
    if subject.kind == "lane":
        lanes = [fact.record for fact in facts if fact.class_name == "Lane"]
        kept, places = behind_lane(lanes, subject.key)
        facts = tuple(f for f in facts if f.class_name != "Lane" or f.record.id in kept)
        locations &= {uri_of(chain, "Location", join_key((place,))) for place in places}
    return Dependence(subject, tuple(sorted(rows[0]["items"])), tuple(sorted(locations)), facts)


def behind_lane(lanes: Sequence[Lane], key: str) -> tuple[set[str], set[str]]:
    """The lanes that depend on a lane, itself among them, and the places behind it.

    Another lane depends on it where goods can go by the one and later by the other, and come to
    no place twice: from the end of the one to the start of the other, past neither the start of
    the one nor the end of the other. So in a net with circles not everything depends on all.
    """
    lane = next((each for each in lanes if each.id == key), None)
    if lane is None:
        return set(), set()
    found, past = {key}, {lane.origin, lane.destination}
    for end in {each.destination for each in lanes} - past:
        reached = _leads_to(lanes, lane.destination, {lane.origin, end})
        found |= {each.id for each in lanes if each.destination == end and each.origin in reached}
    return found, _leads_to(lanes, lane.destination, {lane.origin})


def _leads_to(lanes: Sequence[Lane], start: str, without: set[str]) -> set[str]:
    """The places that lanes lead to from a place, itself among them, past none of some others."""
    following: dict[str, list[str]] = defaultdict(list)
    for lane in lanes:
        following[lane.origin].append(lane.destination)
    found, open_places = {start}, [start]
    while open_places:
        for place in following[open_places.pop()]:
            if place not in found and place not in without:
                found.add(place)
                open_places.append(place)
    return found
