"""Single points of failure and pairs that only strike together: tried one by one, and by hand."""

from itertools import combinations
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.demand import DemandForecast
from ontology.failures import Subject
from ontology.partners import Offer, Supplier
from ontology.places import Location
from ontology.transport import Lane
from service.impact.failure import subjects_of
from service.impact.single_points import CriticalFailures, joint_failures, single_points
from tests.service.small_chains import MONDAY, REGIONS, Naive, forecast, random_chain, snapshot_of

chains = st.integers(0, 2**32).map(lambda seed: [*random_chain(Random(seed)), forecast("Z", "p0")])
KINDS = ("supplier", "contract", "lane", "location", "region")
Cut = set[tuple[str, str]]


def naive_cut(records: list[Any], *failures: Subject) -> Cut:
    """Demanded pairs that had a source and have none, but those at a place that is down."""
    before, after = Naive(records), Naive(records, failures)
    down = {f.key for f in failures if f.kind == "location"}
    down |= {p for f in failures if f.kind == "region" for p in REGIONS if REGIONS[p] == f.key}
    return {
        (r.item, r.location) for r in records if isinstance(r, DemandForecast)
        and r.item != "Z" and r.location not in down and before.roots(r.item, r.location)
        and not after.roots(r.item, r.location)
    }  # fmt: skip


def counted(found: CriticalFailures) -> dict[tuple[Subject, ...], int]:
    return {failure.subjects: failure.pairs for failure in found.found}


@settings(deadline=None, max_examples=20)
@given(chains)
def test_every_single_point_is_found_and_no_other(records: list[Any]) -> None:
    """The subjects whose loss alone cuts something, with how much, equal a naive search of all."""
    snapshot = snapshot_of(records)
    subjects = [subject for kind in KINDS for subject in subjects_of(snapshot, kind)]
    expected = {(s,): len(naive_cut(records, s)) for s in subjects}
    found = single_points(snapshot, MONDAY)
    assert {key: pairs for key, pairs in expected.items() if pairs} == counted(found)
    assert (len(subjects), len(subjects)) == (found.tried, found.possible)


@settings(deadline=None, max_examples=5)
@given(chains)
def test_every_joint_failure_is_found_and_no_other(records: list[Any]) -> None:
    """Pairs cut what neither cuts alone, and all such pairs are there."""
    snapshot = snapshot_of(records)
    subjects = sorted(s for kind in KINDS[:4] for s in subjects_of(snapshot, kind))
    alone = {s: naive_cut(records, s) for s in subjects}
    expected = {
        (one, other): len(naive_cut(records, one, other) - alone[one] - alone[other])
        for one, other in combinations(subjects, 2)
    }
    assert {key: n for key, n in expected.items() if n} == counted(joint_failures(snapshot, MONDAY))


def two_ways() -> list[Any]:
    """One supplier into two hubs, each with a lane to the one store; a cheap and a dear item."""
    return [
        Supplier("sole"), Location("a"), Location("b"), Location("store"),
        *(Offer("sole", item, hub, 1) for item in ("cheap", "dear") for hub in "ab"),
        Lane("a-store", "a", "store"), Lane("b-store", "b", "store"),
        forecast("cheap", "store", 9_000_000), forecast("dear", "store", 1_000_000),
    ]  # fmt: skip


def test_the_store_has_one_supplier_and_two_ways() -> None:
    """Only the supplier is a single point; either hub or lane with either of the other side."""
    snapshot = snapshot_of(two_ways())
    found = single_points(snapshot, MONDAY)
    assert [((Subject("supplier", "sole"),), 2, 10_000_000)] == [
        (f.subjects, f.pairs, f.per_day_millionths) for f in found.found
    ]
    pairs = {tuple(map(str, f.subjects)) for f in joint_failures(snapshot, MONDAY).found}
    assert {("lane:a-store", "lane:b-store"), ("lane:a-store", "location:b"),
            ("lane:b-store", "location:a"), ("location:a", "location:b")} == pairs  # fmt: skip


def test_the_limit_is_stated() -> None:
    """With room for three subjects, three pairs of the fifteen are tried."""
    found = joint_failures(snapshot_of(two_ways()), MONDAY, most_subjects=3)
    assert (3, 15) == (found.tried, found.possible)
