"""What is inferred: as an independent reasoner infers it, kept current, and with its proof."""

from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from owlrl import DeductiveClosure, OWLRL_Semantics

from ontology.axioms import AXIOMS, CLOSED_WORLD, INVERSE, SUB_PROPERTY, SYMMETRIC, TYPE, Axiom
from ontology.columns import table_of
from ontology.goods import Item, Substitute
from ontology.partners import Offer, Supplier
from ontology.places import Location
from reasoning.entailment import Entailment
from reasoning.inferences import ENTAILMENT, WORDS, Inferences
from reasoning.materialized import Materialized
from reasoning.proofs import Proof
from reasoning.stated import all_said
from reasoning.statements import Statement
from tests.reasoning.worlds import (
    change_one,
    random_records,
    rdf_of,
    statements_in,
    tables_of,
)

SEEDS = st.integers(min_value=0, max_value=2**32)
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=150, deadline=None)
OTHER_AXIOMS = (*AXIOMS, Axiom(SYMMETRIC, "knows"), Axiom(INVERSE, "holds", "within"),
                Axiom(SUB_PROPERTY, "knows", "within"))  # fmt: skip


def sole_sources(records: dict) -> set[Statement]:
    """Counted by hand: items with a record and exactly one approved supplier that offers them."""
    approved = {key[0] for key, one in records["Supplier"].items() if one.status == "approved"}
    found = set()
    tables = tables_of(records)
    for named in tables["Item"].keys.tolist() if "Item" in tables else ():
        item = f"Item/{named}"
        offers = {o.supplier for o in records["Offer"].values()
                  if str(table_of([Item(o.item)], "Item").keys[0]) == named}  # fmt: skip
        if len(offers & approved) == 1:
            (only,) = offers & approved
            key = table_of([Supplier(only)], "Supplier").keys[0]
            found |= {Statement(item, "soleSource", f"Supplier/{key}"),
                      Statement(item, TYPE, "SoleSourcedItem")}  # fmt: skip
    return found


@SLOW
@given(SEEDS)
def test_an_independent_reasoner_infers_the_same(seed: int) -> None:
    """OWL 2 RL by another implementation, from the same statements and axioms as RDF."""
    records = random_records(Random(seed))
    tables = tables_of(records)
    stated = {statement for statement, _ in all_said(tables, WORDS, ENTAILMENT)}
    graph = rdf_of(stated | sole_sources(records))
    DeductiveClosure(OWLRL_Semantics).expand(graph)
    expected = {one for one in statements_in(graph) - stated
                if one.object in WORDS or one.predicate in WORDS}  # fmt: skip
    assert expected == Inferences(tables).inferred()


@SLOW
@given(SEEDS)
def test_every_rule_agrees_with_the_reasoner(seed: int) -> None:
    """Also under axioms that the vocabulary does not use: symmetry and inverses."""
    random = Random(seed)
    nodes = [f"Location/{n}" for n in range(4)]
    words = ("partOf", "within", "knows", "holds")
    stated = {Statement(random.choice(nodes), random.choice(words), random.choice(nodes))
              for _ in range(5)}  # fmt: skip
    graph = rdf_of(stated, OTHER_AXIOMS)
    DeductiveClosure(OWLRL_Semantics).expand(graph)
    found = Materialized(Entailment(OTHER_AXIOMS), stated)
    assert statements_in(graph) == set(found.known)


@MANY
@given(SEEDS)
@example(0)
def test_what_is_kept_current_equals_what_is_made_anew(seed: int) -> None:
    """After every change, in statements and in what it said had changed."""
    random = Random(seed)
    records = random_records(random)
    kept = Inferences(tables_of(records))
    for _ in range(6):
        before = kept.inferred()
        for _ in range(random.randint(1, 3)):
            change_one(random, records)
        tables = tables_of(records)
        told = kept.follow(tables)
        anew = Inferences(tables)
        assert anew.inferred() == kept.inferred()
        assert (kept.inferred() - before, before - kept.inferred()) == (told.added, told.removed)
        for statement in kept.inferred():
            assert anew.proof(statement) == kept.proof(statement)


@MANY
@given(SEEDS)
def test_deleting_and_rederiving_under_every_rule(seed: int) -> None:
    """Random statements come and go under symmetric, inverse and transitive properties."""
    random = Random(seed)
    entailment = Entailment(OTHER_AXIOMS)
    nodes = [f"Location/{n}" for n in range(4)]
    pool = [Statement(a, word, b) for a in nodes for b in nodes
            for word in ("partOf", "within", "knows", "holds")]  # fmt: skip
    kept = Materialized(entailment)
    given_now: set[Statement] = set()
    for _ in range(8):
        more, less = set(random.sample(pool, 3)), set(random.sample(pool, 8))
        given_now = (given_now - less) | more
        kept.change(more, less)
        assert set(Materialized(entailment, given_now).known) == set(kept.known)


@MANY
@given(SEEDS)
def test_every_proof_holds(seed: int) -> None:
    """Each step is one of its rule, each leaf is stated by its facts, none rests on itself."""
    tables = tables_of(random_records(Random(seed)))
    found = Inferences(tables)
    said = all_said(tables, WORDS, ENTAILMENT)
    for statement in found.inferred():
        proof = found.proof(statement)
        assert proof.is_inferred
        for part in proof.steps():
            assert bool(part.facts) != bool(part.rule)
            assert all((part.statement, fact) in said for fact in part.facts)
            assert part.statement not in {one.statement for p in part.premises for one in p.steps()}
            if part.rule and part.rule != CLOSED_WORLD:
                closure = Materialized(ENTAILMENT, [p.statement for p in part.premises])
                assert part.statement in closure.known


def places(*pairs: tuple[str, str | None]) -> dict:
    return {"Location": table_of([Location(a, part_of=b) for a, b in pairs], "Location")}


def test_a_place_is_within_all_that_it_is_part_of() -> None:
    """By a chain of steps, each with the rows that state it; nothing is within itself unasked."""
    found = Inferences(places(("shelf", "hub"), ("hub", "lux"), ("lux", "benelux")))
    within = {(s.subject, s.object) for s in found.statements("within")}
    expected = {("shelf", "hub"), ("shelf", "lux"), ("shelf", "benelux"), ("hub", "lux"),
                ("hub", "benelux"), ("lux", "benelux")}  # fmt: skip
    assert {(f"Location/{a}", f"Location/{b}") for a, b in expected} == within
    proof = found.proof(Statement("Location/shelf", "within", "Location/lux"))
    expected_proof = Proof(
        Statement("Location/shelf", "within", "Location/lux"), (), "prp-trp",
        "within is an owl:TransitiveProperty", (
            Proof(Statement("Location/shelf", "within", "Location/hub"), (), "prp-spo1",
                  "partOf rdfs:subPropertyOf within", (
                      Proof(Statement("Location/shelf", "partOf", "Location/hub"),
                            ("Location/shelf",)),)),
            Proof(Statement("Location/hub", "within", "Location/lux"), (), "prp-spo1",
                  "partOf rdfs:subPropertyOf within", (
                      Proof(Statement("Location/hub", "partOf", "Location/lux"),
                            ("Location/hub",)),)),
        ),
    )  # fmt: skip
    assert expected_proof == proof


def test_a_place_that_nobody_loaded_is_no_location() -> None:
    """A range types nothing: what a rule asks of a record is asked of a record."""
    found = Inferences(places(("hub", "ghost")))
    assert Statement("Location/hub", "within", "Location/ghost") in found
    assert Statement("Location/ghost", TYPE, "Location") not in found


def test_replacements_follow_approvals_one_way() -> None:
    """Only approved pairs count, a chain of them counts, and it does not work backwards."""
    rows = [Substitute("milk", "oat", approved_by="ann"), Substitute("oat", "soy", approved_by="b"),
            Substitute("soy", "water")]  # fmt: skip
    found = Inferences({"Substitute": table_of(rows, "Substitute")})
    pairs = {(s.subject, s.object) for s in found.statements("replaceableBy")}
    expected = {("Item/milk", "Item/oat"), ("Item/oat", "Item/soy"), ("Item/milk", "Item/soy")}
    assert expected == pairs
    assert {("Item/milk", "Item/oat"), ("Item/oat", "Item/soy")} == {
        (s.subject, s.object) for s in found.statements("approvedReplacement")
    }


def test_a_sole_source_is_counted_over_what_is_stated() -> None:
    """One approved supplier makes it; a second takes it away; the first gone, it is hers."""
    item = table_of([Item("milk")], "Item")
    offers = [Offer("acme", "milk", "hub", 1), Offer("blocked", "milk", "hub", 1)]
    statuses = {"acme": "approved", "blocked": "blocked"}

    def tables() -> dict:
        suppliers = [Supplier(name, status=status) for name, status in statuses.items()]
        return {"Item": item, "Offer": table_of(offers, "Offer").sorted(),
                "Supplier": table_of(suppliers, "Supplier").sorted()}  # fmt: skip

    found = Inferences(tables())
    sole = Statement("Item/milk", "soleSource", "Supplier/acme")
    assert [sole] == list(found.statements("soleSource"))
    told = found.proof(sole)
    assert CLOSED_WORLD == told.rule
    expected = ["Item/milk", "Offer/acme/milk/hub", "Offer/blocked/milk/hub", "Supplier/acme"]
    assert expected == list(told.leaves())
    statuses["blocked"] = "approved"
    assert sole in found.follow(tables()).removed
    statuses["acme"] = "blocked"
    assert Statement("Item/milk", "soleSource", "Supplier/blocked") in found.follow(tables()).added


def test_a_proof_is_the_smallest() -> None:
    """Of a long way and a short one the short one is told, though it comes later in order."""
    pairs = [("a", "b"), ("b", "x"), ("x", "z"), ("a", "c"), ("c", "z")]
    rows = [Substitute(*pair, approved_by="ann") for pair in pairs]
    found = Inferences({"Substitute": table_of(rows, "Substitute")})
    proof = found.proof(Statement("Item/a", "replaceableBy", "Item/z"))
    assert ["Substitute/a/c", "Substitute/c/z"] == list(proof.leaves())


def test_a_statement_stays_as_long_as_a_fact_makes_it() -> None:
    """Two offers make one statement: it goes with the second, and not when one takes its place."""
    tables = {"Item": table_of([Item("i")], "Item"),
              "Supplier": table_of([Supplier("s")], "Supplier")}  # fmt: skip
    places = [("hub", "mart"), ("mart",), ("hub",), ()]
    found = Inferences()
    for at in places:
        offers = [Offer("s", "i", place, 1) for place in at]
        found.follow(tables | {"Offer": table_of(offers, "Offer")})
        assert bool(at) == (Statement("Item/i", "soleSource", "Supplier/s") in found)


def test_nothing_rests_on_itself() -> None:
    """In a circle of approvals every statement leads down to rows, and goes when a row goes."""
    rows = [Substitute("a", "b", approved_by="x"), Substitute("b", "a", approved_by="x")]
    found = Inferences({"Substitute": table_of(rows, "Substitute")})
    itself = Statement("Item/a", "replaceableBy", "Item/a")
    assert {"Substitute/a/b", "Substitute/b/a"} == set(found.proof(itself).leaves())
    found.follow({"Substitute": table_of(rows[:1], "Substitute")})
    assert {Statement("Item/a", "replaceableBy", "Item/b")} == set(
        found.statements("replaceableBy")
    )
    with pytest.raises(ValueError, match="does not follow"):
        found.proof(itself)
