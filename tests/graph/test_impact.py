"""What the relationships lead to from a subject: the same as networkx, and all that is affected."""

from random import Random
from typing import Any

import networkx as nx
import pytest

from graph.impact import Dependence, behind_lane, depends_on
from graph.projection import Projection, load_feed
from ontology.demand import DemandForecast, PurchaseOrder, TransferOrder
from ontology.failures import Subject
from ontology.goods import Component, Production
from ontology.partners import Offer, Supplier, UpstreamSupply
from ontology.places import Location
from ontology.stock import StockPosition
from ontology.terms import key_of
from ontology.transport import Lane, Shipment
from service.impact.failure import impact_on, subjects_of
from service.impact.supply import supply_of
from tests.graph.facts_at_hand import CHAIN, after_noon, feed_of, tables_of
from tests.service.small_chains import MONDAY, forecast, random_chain, snapshot_of

SEEDS = range(6)


def load(projection: Projection, records: list[Any], feed: str = "monday") -> None:
    load_feed(
        projection,
        feed_of(tables_of(records), feed=feed),
        agent="ada",
        effective_at=after_noon(projection),
    )


def after(edges: list[tuple[Any, Any]], starts: set[Any]) -> set[Any]:
    """What edges lead to, the starts among it."""
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(starts)
    return set().union(starts, *(nx.descendants(graph, start) for start in starts))


def of_kind(records: list[Any], kind: type) -> list[Any]:
    return [record for record in records if type(record) is kind]


def by_networkx(records: list[Any], subject: Subject) -> tuple[set[str], set[str], set[str]]:
    """Items, locations and facts: nodes (supplier, item) between tiers, places along lanes."""
    parts = [(line.component, line.item) for line in of_kind(records, Component)]
    lanes = [(lane.origin, lane.destination) for lane in of_kind(records, Lane)]
    links, offers = of_kind(records, UpstreamSupply), of_kind(records, Offer)
    facts: set[str] = set()
    if subject.kind in ("supplier", "contract"):
        orders = of_kind(records, PurchaseOrder)
        sold = {o for o in offers if o.contract == subject.key}
        if subject.kind == "supplier":
            passes = [((one.upstream, one.item), (two.upstream, two.item)) for one in links
                      for two in links if two.upstream == one.supplier
                      and two.item in after(parts, {one.item})]  # fmt: skip
            starts = {(row.upstream, row.item) for row in links if row.upstream == subject.key}
            used = after(passes, starts) if starts else set()
            sold = {o for o in [*offers, *orders] if o.supplier == subject.key}
            for row in [row for row in links if (row.upstream, row.item) in used]:
                facts.add(f"UpstreamSupply/{key_of(row)}")
                sold |= {o for o in [*offers, *orders] if o.supplier == row.supplier
                         and o.item in after(parts, {row.item})}  # fmt: skip
        goods, places = sold, {o.location for o in sold}
        names = {o.item for o in sold} | {
            row.item for row in links if f"UpstreamSupply/{key_of(row)}" in facts
        }
    else:
        places = {
            "lane": {r.origin for r in of_kind(records, Lane) if r.id == subject.key},
            "location": {subject.key},
            "region": {r.id for r in of_kind(records, Location) if r.region == subject.key},
        }[subject.kind]
        wholes = [(r.part_of, r.id) for r in of_kind(records, Location) if r.part_of]
        places = after(wholes, places) if subject.kind != "lane" else places
        origins = after([(b, a) for a, b in lanes], places)
        made = of_kind(records, Production)
        goods = {row for row in [*offers, *made] if row.location in origins}
        own = set() if subject.kind == "lane" else places
        goods |= {h for h in of_kind(records, Shipment)
                  if subject.kind == "lane" and h.lane == subject.key}  # fmt: skip
        goods |= {o for o in of_kind(records, TransferOrder) if o.origin in own}
        names = {row.item for row in goods}
        names |= {r.item for r in of_kind(records, StockPosition) if r.location in origins}
        names |= {r.item for r in of_kind(records, DemandForecast) if r.location in own}
    facts |= {f"{type(row).__name__}/{key_of(row)}" for row in goods}
    items, ends = after(parts, names) if names else set(), after(lanes, places)
    behind = {r.id for r in of_kind(records, Lane) if r.origin in ends}
    if subject.kind == "lane":
        behind, ends = gone_without(of_kind(records, Lane), subject.key)
    facts |= {f"Lane/{name}" for name in behind}
    facts |= {f"Component/{key_of(r)}" for r in of_kind(records, Component) if r.component in items}
    return items, ends, facts


def ways(lanes: list[Lane]) -> set[tuple[str, ...]]:
    """Every way that comes to no place twice, from anywhere to anywhere, as the lanes it takes."""
    graph = nx.MultiDiGraph()
    for lane in lanes:
        graph.add_edge(lane.origin, lane.destination, lane.id)
    return {
        tuple(key for *_, key in way)
        for start in graph for end in graph if start != end
        for way in nx.all_simple_edge_paths(graph, start, end)
    }  # fmt: skip


def gone_without(lanes: list[Lane], key: str) -> tuple[set[str], set[str]]:
    """Lanes from the given one on, and their ends, of the ways that are gone when it is away."""
    gone = ways(lanes) - ways([lane for lane in lanes if lane.id != key])
    later = {name for way in gone for name in way[way.index(key) :]}
    return later, {lane.destination for lane in lanes if lane.id in later}


@pytest.mark.parametrize("seed", range(200))
def test_on_a_lane_depends_what_is_gone_without_it(seed: int) -> None:
    """Take the lane away, and find every way anew: what came after it on those gone depends."""
    random = Random(seed)
    places = "abcde"[: random.randint(2, 5)]
    ends = [random.sample(places, 2) for _ in range(random.randint(1, 9))]
    lanes = [Lane(f"l{number}", *pair) for number, pair in enumerate(ends)]
    for lane in lanes:
        assert gone_without(lanes, lane.id) == behind_lane(lanes, lane.id)


def test_in_a_circle_a_lane_does_not_depend_on_the_one_behind_it() -> None:
    """From a to b and back: of the three lanes only the one on from b depends on the first."""
    lanes = [Lane("out", "a", "b"), Lane("back", "b", "a"), Lane("on", "b", "c"),
             Lane("beside", "a", "c"), Lane("twin", "a", "b")]  # fmt: skip
    assert ({"out", "on"}, {"b", "c"}) == behind_lane(lanes, "out")
    assert ({"back", "beside"}, {"a", "c"}) == behind_lane(lanes, "back")
    assert (set(), set()) == behind_lane(lanes, "none")


def parted(found: Dependence) -> tuple[set[str], set[str], set[str]]:
    return (
        set(found.items), {uri.removeprefix(f"{CHAIN}/Location/") for uri in found.locations},
        {fact.uri.removeprefix(f"{CHAIN}/") for fact in found.facts},
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_the_graph_leads_where_networkx_does(projection: Projection, seed: int) -> None:
    """Items, places and facts reached equal networkx's, and hold every item that is affected."""
    records = [
        *random_chain(Random(seed)), forecast("A", "p9"), Location("p9", part_of="p1"),
        TransferOrder("t", "A", "p1", "p2", 1, MONDAY, MONDAY),
    ]  # fmt: skip
    load(projection, records)
    snapshot = snapshot_of(records)
    supply = supply_of(snapshot, MONDAY)
    for kind in ("supplier", "contract", "lane", "location", "region"):
        for subject in subjects_of(snapshot, kind):
            found = depends_on(projection.log.driver, CHAIN, subject)
            expected = by_networkx(records, subject)
            assert (subject, *expected) == (subject, *parted(found))
            affected = {pair.item for pair in impact_on(supply, [subject]).affected}
            assert affected <= set(found.items)


def test_each_fact_comes_with_its_row(projection: Projection) -> None:
    """A fact reached has its URI, its address and the row of the file that states it."""
    load(projection, [Supplier("s"), Offer("s", "x", "p", 1), Offer("t", "x", "p", 1)])
    (fact,) = depends_on(projection.log.driver, CHAIN, Subject("supplier", "s")).facts
    assert ("two_hubs/Offer/s/x/p", 1, 0, "all.csv", 2) == (
        fact.uri, fact.event_sequence, fact.event_row, fact.source_file, fact.source_row
    )  # fmt: skip


def test_only_versions_in_force_are_walked(projection: Projection) -> None:
    """A lane that was moved leads to its new end alone."""
    load(projection, [Lane("l", "a", "b"), Offer("s", "x", "a", 1), Supplier("s")])
    load(projection, [Lane("l", "a", "c")], "tuesday")
    found = depends_on(projection.log.driver, CHAIN, Subject("supplier", "s"))
    assert {"a", "c"} == parted(found)[1]


def test_goods_do_not_change_on_their_way_through_tiers(projection: Projection) -> None:
    """What a supplier buys of one good does not touch another that it sells."""
    load(projection, [
        UpstreamSupply("mid", "top", "bolt"), UpstreamSupply("low", "mid", "bolt"),
        UpstreamSupply("low", "mid", "nut"), Component("chair", "bolt", 4),
        Offer("low", "nut", "p", 1), Offer("low", "chair", "p", 1), Offer("mid", "bolt", "p", 1),
    ])  # fmt: skip
    items, _, facts = parted(depends_on(projection.log.driver, CHAIN, Subject("supplier", "top")))
    assert {"bolt", "chair"} == items
    assert {
        "Component/chair/bolt", "Offer/low/chair/p", "Offer/mid/bolt/p",
        "UpstreamSupply/low/mid/bolt", "UpstreamSupply/mid/top/bolt",
    } == facts  # fmt: skip


def test_a_subject_that_nothing_names(projection: Projection) -> None:
    """It leads nowhere."""
    load(projection, [Supplier("s")])
    found = depends_on(projection.log.driver, CHAIN, Subject("supplier", "x"))
    assert ((), (), ()) == (found.items, found.locations, found.facts)
