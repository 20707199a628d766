"""Laws of replay: a recorded decision is made again to the same bytes, or it is said where not."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.settings import Settings
from ontology.canonical import canonical, digest_of
from service.audit.first_difference import FirstDifference, first_difference
from service.audit.reasons_apart import version_differences
from service.audit.replay import DIFFERS, NOT_MADE, SAME, replay, replay_plans
from service.house import House, house_on
from service.versions import running_versions
from tests.graph.conftest import empty_the_graph
from tests.service.audit.recorded import rebuilt, recorded
from tests.service.planned import Planned
from tests.service.regimes import REGIMES, sealed

RECORDED = 200
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text("ab"), part, max_size=3),
    max_leaves=9,
)


@pytest.fixture
def house(database: Driver, tmp_path: Path) -> House:
    """An empty service."""
    empty_the_graph(database)
    return house_on(database, Settings(home=tmp_path / "home"))


def all_replayed(house: House, *, from_log: bool) -> list[str]:
    """What is said of every plan of every chain that is not the same."""
    found = []
    for chain in house.catalog.chains():
        entries = house.catalog.plans(chain.chain, first=500).rows
        found += [str(each) for each in replay_plans(house, entries, from_log=from_log)
                  if each.status != SAME or each.plan != each.digest]  # fmt: skip
    return found


def test_decisions_of_every_regime_are_made_again(house: House, database: Driver) -> None:
    """Law 4: after a rebuild from the log, from kept snapshots and from the log's own fold."""
    plans = {recorded(house, regime, 1)["plan_digest"] for regime in REGIMES}
    again = rebuilt(database, house.settings)
    assert set() == plans - {
        entry.plan.digest
        for chain in again.catalog.chains()
        for entry in again.catalog.plans(chain.chain).rows
    }
    assert [] == all_replayed(again, from_log=False)
    assert [] == all_replayed(again, from_log=True)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_two_hundred_decisions_are_made_again(house: House, database: Driver) -> None:
    """Law 4: 200 recorded decisions of 14 regimes, rebuilt from the log, to the same bytes."""
    seeds = range(-(-RECORDED // len(REGIMES)) + 1)
    plans = {recorded(house, regime, seed)["plan_digest"] for seed in seeds for regime in REGIMES}
    assert RECORDED <= len(plans)
    again = rebuilt(database, house.settings)
    assert [] == all_replayed(again, from_log=True)


@pytest.mark.parametrize("regime", sorted(REGIMES))
def test_a_changed_decision_is_found_with_its_place(regime: str, tmp_path: Path) -> None:
    """A line with other units, sealed anew: the line's place, both values, and a verdict."""
    plan = sealed(REGIMES[regime](3), tmp_path)
    document = deepcopy(plan.document)
    assert SAME == replay(ArtifactStore(tmp_path), document).status
    comparison = document["decision"]["comparison"]["plan"]
    comparison["cost_cents"] += 1
    document["plan_digest"] = digest_of(document["decision"])
    found = replay(ArtifactStore(tmp_path), document)
    was = comparison["cost_cents"]
    expected = FirstDifference("decision.comparison.plan.cost_cents", str(was), str(was - 1))
    assert (DIFFERS, plan.document["plan_digest"]) == (found.status, found.digest)
    assert expected == found.first
    assert any("refuses the plan itself" in reason for reason in found.reasons)


def test_another_flow_is_told_from_another_network(plan: Planned) -> None:
    """The stage that parts first is named: facts, network, flow or what is told of it."""
    store = ArtifactStore(plan.artifacts)
    for place, stage in (
        ("network", "give another network"),
        ("certificate", "and another flow"),
    ):
        document = deepcopy(plan.document)
        column = {"network": "cost", "certificate": "flow"}[place]
        document["decision"][place]["inline"][column][2] += 1
        document["plan_digest"] = digest_of(document["decision"])
        found = replay(store, document)
        assert found.first is not None
        assert f"decision.{place}.inline.{column}[2]" == found.first.place
        assert any(stage in reason for reason in found.reasons)


def test_a_changed_document_under_its_old_digest(plan: Planned) -> None:
    """Where the decision made again is the one that was sealed, the document is what changed."""
    document = deepcopy(plan.document)
    document["decision"]["lines"][0]["quantity_units"] += 7
    found = replay(ArtifactStore(plan.artifacts), document)
    assert (DIFFERS, plan.document["plan_digest"]) == (found.status, found.digest)
    assert "changed after its digest was taken" in found.reasons[0]


@pytest.mark.parametrize("what", ["snapshot", "release"])
def test_what_is_missing_is_named(plan: Planned, tmp_path: Path, what: str) -> None:
    """A lost or damaged artifact is told by its digest; nothing is raised."""
    folder = tmp_path / "artifacts"
    shutil.copytree(plan.artifacts, folder)
    name = plan.document["about"]["artifacts"][what]
    path = folder / name[:2] / name[2:]
    path.write_bytes(path.read_bytes() + b" ")
    damaged = replay(ArtifactStore(folder), plan.document)
    assert (NOT_MADE, True) == (damaged.status, "ARTIFACT_CORRUPT" in damaged.reasons[0])
    path.unlink()
    lost = replay(ArtifactStore(folder), plan.document)
    assert (NOT_MADE, True) == (lost.status, name in lost.reasons[0])


@pytest.mark.parametrize("document", [None, {}, [], {"format": "evenkeel-plan/1"}, 7])
def test_what_is_no_plan_is_no_crash(document: Any, tmp_path: Path) -> None:
    """Whatever is given, the answer is a value."""
    assert NOT_MADE == replay(ArtifactStore(tmp_path), document).status


def test_a_large_plan_is_compared_by_its_columns(
    plan: Planned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where network and certificate are artifacts, the place is a row of a column of them."""
    monkeypatch.setattr("service.decision.INLINE_ARCS", 0)
    made = sealed(REGIMES["coupled"](3), tmp_path)
    store = ArtifactStore(tmp_path)
    for data in made.draft.attachments.values():
        store.put(data)
    assert SAME == replay(store, made.document).status
    document = deepcopy(made.document)
    proof = json.loads(made.draft.attachments["certificate"])
    proof["flow"][1] += 1
    document["decision"]["certificate"]["artifact"] = store.put(canonical(proof))
    document["plan_digest"] = digest_of(document["decision"])
    found = replay(store, document)
    assert found.first is not None
    assert "decision.certificate.artifact.flow[1]" == found.first.place


def test_versions_are_compared_one_by_one() -> None:
    """What differs and what was not recorded is named; else it is said that nothing differs."""
    now = running_versions()
    assert ["the versions and the processor are those that the plan records"] == (
        version_differences(now)
    )
    other = {**now, "numpy": "0.1"}
    del other["processor"]
    found = version_differences(other)
    assert [f"made with numpy 0.1, made again with {now['numpy']}",
            "the plan does not record: processor"] == found  # fmt: skip


@given(JSON, JSON)
def test_documents_differ_where_their_bytes_do(one: Any, other: Any) -> None:
    """None exactly for equal canonical bytes; else both values stand at the place that is told."""
    found = first_difference(one, other, "it")
    assert (found is None) == (canonical(one) == canonical(other))
    if found is not None:
        assert [found.stated, found.made] == [told(at(side, found.place)) for side in (one, other)]


def told(value: Any) -> str:
    return "nothing" if value is ... else json.dumps(value, separators=(",", ":"))


def at(document: Any, place: str) -> Any:
    """What stands at a place, `...` where there is none."""
    for step in place.removeprefix("it").replace("[", ".[").split(".")[1:]:
        if step.startswith("["):
            row = int(step[1:-1])
            if row >= len(document):
                return ...
            document = document[row]
        elif step not in document:
            return ...
        else:
            document = document[step]
    return document
