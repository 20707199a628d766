"""Rules over what is inferred: the columns give what pySHACL gives on what a reasoner infers."""

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owlrl import DeductiveClosure, OWLRL_Semantics
from rdflib import RDF, Graph, Namespace

from ontology.axioms import AXIOMS
from ontology.columns import Table, table_of
from ontology.errors import InputError
from ontology.goods import Item
from ontology.movement import Movement
from ontology.partners import Carrier, Customer, Offer, Supplier
from ontology.places import Location
from ontology.stock import StockPosition
from ontology.terms import NAMESPACE
from rules.check import check_facts, check_movements, check_rules, findings_on
from rules.graph_of import graph_of
from rules.reach import reads
from rules.release import Release
from rules.validate import validate
from tests.reasoning.worlds import rdf_of
from tests.rules.test_parity import rows_of
from tests.rules.worlds import (
    MONDAY,
    PREFIXES,
    RandomShape,
    random_movements,
    random_snapshot,
    random_tables,
)

INV = Namespace(NAMESPACE)
SEEDS = st.integers(min_value=0, max_value=2**32)
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(FEW, max_examples=60)


def release_of(text: str) -> Release:
    return Release("inferred", "1", {"inferred.ttl": PREFIXES + text}, {})


def inferred_by_the_reasoner(tables: dict[str, Table]) -> Graph:
    """The facts as RDF, in which another reasoner infers what follows by the axioms."""
    graph = graph_of(tables)
    for word in ("within", "replaceableBy"):
        graph.remove((None, INV[word], None))
    for name in ("Order", "Party"):
        graph.remove((None, RDF.type, INV[name]))
    for triple in rdf_of((), AXIOMS):
        graph.add(triple)
    DeductiveClosure(OWLRL_Semantics).expand(graph)
    return graph


@FEW
@given(SEEDS)
def test_columns_agree_with_the_reference_on_what_a_reasoner_infers(seed: int) -> None:
    """The closure that owlrl made has the same results with pySHACL, of every shape."""
    random = Random(seed)
    snapshot, movements = random_snapshot(random), random_movements(random, 5)
    asked = [
        ("( inv:destination inv:within )", ("sh:class inv:Location", "sh:disjoint inv:origin")),
        ("( inv:origin inv:within inv:country )", ()),
        ("( inv:item inv:replaceableBy )", ("sh:disjoint inv:replaces",)),
        ("( inv:replaces inv:approvedReplacement )", ("sh:disjoint inv:item",)),
        ("( inv:replaces inv:replaceableBy )", ("sh:disjoint inv:item", "sh:class inv:Item")),
        ("inv:supplier", ("sh:class inv:Party",)),
    ]
    shapes = [f"[ sh:path {path} ; {check} ]" for path, checks in asked
              for check in (*checks, "sh:minCount 1", "sh:maxCount 1")]  # fmt: skip
    text = ("rule:r a sh:NodeShape ; sh:targetClass inv:Movement ; sh:property "
            f"{' , '.join(shapes)} .")  # fmt: skip
    release = release_of(text)
    tables = {**snapshot.tables, "Movement": movements}
    reference = validate(inferred_by_the_reasoner(tables), release.graph)
    assert rows_of(reference) == rows_of(check_movements(release, snapshot, movements))


@MANY
@given(SEEDS)
def test_an_inferred_class_is_a_target(seed: int) -> None:
    """Random shapes on sole-sourced items have the results, and the focus nodes, of pySHACL."""
    random = Random(seed)
    tables = random_tables(random)
    text = RandomShape(random).rule("random", "Item").replace(
        "sh:targetClass inv:Item", "sh:targetClass inv:SoleSourcedItem"
    )  # fmt: skip
    release = Release("random", "1", {"random.ttl": text}, {})
    found, reference = check_facts(release, tables), validate(graph_of(tables), release.graph)
    assert rows_of(reference) == rows_of(found)
    (iri,) = dict(found.focus_counts)
    assert dict(reference.focus_counts)[iri] == dict(found.focus_counts)[iri]


@MANY
@given(SEEDS, st.sampled_from(["SoleSourcedItem", "Location", "Item"]))
def test_changed_records_are_judged_as_among_all(seed: int, target: str) -> None:
    """A change of some records is judged by what all of them let follow."""
    random = Random(seed)
    tables = random_tables(random)
    path = random.choice({"Location": ("inv:within", "( inv:within inv:within )")}.get(
        target, ("inv:soleSource", "inv:replaceableBy", "( inv:soleSource inv:country )")
    ))  # fmt: skip
    release = release_of(
        f"rule:r a sh:PropertyShape ; sh:targetClass inv:{target} ; sh:path {path} ; "
        f"sh:maxCount {random.randint(0, 1)} ."
    )
    changed = {
        name: table.take(np.flatnonzero([random.random() < 0.5 for _ in range(len(table))]))
        for name, table in tables.items()
        if random.random() < 0.5
    }
    ours = {f"{name}/{key}" for name, table in changed.items() for key in table.keys}
    whole = check_facts(release, tables).findings
    expected = [one for one in whole if one.focus_node.split("/id/")[1] in ours]
    assert expected == findings_on(release, tables, changed)


def test_a_class_above_others_is_a_target() -> None:
    """A rule for parties looks at suppliers, customers and carriers, and at nothing else."""
    tables = {
        "Supplier": table_of([Supplier("s", "S"), Supplier("t")], "Supplier"),
        "Customer": table_of([Customer("c")], "Customer"),
        "Carrier": table_of([Carrier("k")], "Carrier"),
        "Item": table_of([Item("i")], "Item"),
    }
    release = release_of("rule:r a sh:PropertyShape ; sh:targetClass inv:Party ; sh:path inv:name ;"
                         " sh:minCount 1 .")  # fmt: skip
    found, reference = check_facts(release, tables), validate(graph_of(tables), release.graph)
    assert rows_of(reference) == rows_of(found)
    nodes = [one.focus_node.split("/id/")[1] for one in found.findings]
    assert ["Carrier/k", "Customer/c", "Supplier/t"] == nodes
    assert {"https://w3id.org/evenkeel/rule/r": 4} == dict(found.focus_counts)


def test_a_region_closes_what_ends_outside_of_it() -> None:
    """`within` leads from a shelf over hub and country to the region that a rule names."""
    places = [Location("shelf", part_of="hub"), Location("hub", part_of="lux"),
              Location("lux", part_of="benelux"), Location("nice", part_of="france")]  # fmt: skip
    release = release_of(
        "rule:r a sh:PropertyShape ; sh:targetClass inv:Movement ;"
        " sh:path ( inv:destination inv:within ) ;"
        " sh:hasValue <https://w3id.org/evenkeel/id/Location/benelux> ."
    )
    rows = [Movement("transfer", "i", MONDAY, MONDAY, "monday", "monday", destination=place)
            for place in ("shelf", "nice", "hub")]  # fmt: skip
    tables = {"Location": table_of(places, "Location"), "Movement": table_of(rows, "Movement"),
              "StockPosition": table_of([StockPosition("i", "hub")], "StockPosition"),
              "Offer": table_of([Offer("s", "i", "hub", 1)], "Offer")}  # fmt: skip
    report = check_rules(release.compiled, tables)
    assert rows_of(validate(graph_of(tables), release.graph)) == rows_of(report)
    assert 1 == len(report.findings)
    assert "/nice/" in report.findings[0].focus_node


def test_what_is_inferred_reads_what_it_follows_from() -> None:
    """A rule on an inferred word reads the classes whose facts its statements follow from."""
    text = "rule:r a sh:PropertyShape ; sh:targetClass inv:Item ; sh:path inv:{} ; sh:maxCount 1 ."
    expected = {"replaceableBy": {"Substitute"}, "soleSource": {"Item", "Offer", "Supplier"}}
    found = {word: set(reads(release_of(text.format(word)).compiled[0].shape)) for word in expected}
    assert expected == found


def test_a_property_that_only_some_of_a_class_have_is_refused() -> None:
    """A rule on orders may ask for what all kinds of orders state; else it decides nothing."""
    text = "rule:r a sh:PropertyShape ; sh:targetClass inv:Order ; sh:path inv:{} ; sh:minCount 1 ."
    assert {"PurchaseOrder", "SalesOrder", "TransferOrder"} == {
        one.target for one in release_of(text.format("item")).compiled
    }
    with pytest.raises(InputError, match="is unknown for `PurchaseOrder`"):
        _ = release_of(text.format("customer")).compiled
