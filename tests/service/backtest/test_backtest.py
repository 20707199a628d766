"""Laws of a back-test: the same document whoever finds it and how often; nothing found is lost."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.errors import InputError
from rules.release import Release
from service.audit.replay import NOT_MADE, SAME
from service.backtest import pool
from service.backtest.kept import FOLDER
from service.backtest.run import Backtested, Window, backtest, release_named
from service.house import House, house_on
from tests.graph.conftest import empty_the_graph
from tests.service.audit.recorded import recorded
from tests.service.backtest.releases import RELEASE, RULE, with_shapes, without
from tests.service.regimes import FROZEN, REGIMES

TRIED = without("approved-supplier.ttl", "hub-share.ttl")
DECISIONS = 12
SOME = ("plain-2", "orders-1", "coupled-1", "steady-1")
"""Chains of five decisions under two releases."""
OF_SOME, FIRST = 5, 2
MANY = 1_000


@pytest.fixture(autouse=True)
def nothing_kept(house: House) -> None:
    """No answer is kept before a test."""
    shutil.rmtree(house.settings.data_folder / FOLDER, ignore_errors=True)


def run(
    house: House, release: Release | None = TRIED, *, workers: int = 1, anew: bool = False
) -> Backtested:
    return backtest(house, release, Window(SOME), workers=workers, anew=anew)


def test_each_is_made_again_under_its_own(house: House) -> None:
    """Law 4 on a dozen decisions of two releases: the same verdicts and bytes, nothing opens."""
    found = backtest(house, None, Window(), workers=1).result
    assert {FROZEN.digest, RELEASE.digest} == {d["own_release"] for d in found["decisions"]}
    assert DECISIONS == found["counts"]["decisions"] == found["counts"]["same_bytes"]
    assert all(d["own_digest"] == d["new_digest"] == d["plan"] for d in found["decisions"])
    assert ([], [], []) == (found["opened"], found["closed"], found["by_rule"])
    assert {0} == {total for each in found["totals"] for total in each["difference"].values()}


def test_workers_and_kept_answers_are_no_input(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 8: the same digest with one process, with two, and from what was kept."""
    first = run(house, workers=2)
    assert first.digest == run(house, anew=True).digest
    monkeypatch.setattr(pool, "decide", refused)
    assert first.digest == run(house).digest
    assert first.result == house.store.get_document(first.digest)
    assert {RULE + "approved-supplier", RULE + "hub-share"} == {
        rule for group in first.result["opened"] for rule in group["rules"]
    }
    moved = [one["difference"]["cost_cents"] for one in first.result["totals"]]
    assert moved == [sum(part["difference"]["cost_cents"] for part in first.result["by_rule"]
                         if part["currency"] == one["currency"])
                     for one in first.result["totals"]]  # fmt: skip


def refused(*_: object) -> str:
    raise AssertionError("decided again although it is kept")


def test_who_is_interrupted_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before an interruption is not decided again, and nothing else is kept."""
    whole, left = run(house), FIRST
    shutil.rmtree(house.settings.data_folder / FOLDER)
    decide = pool.decide

    def interrupted(place: pool.Place, task: pool.Task) -> str:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return decide(place, task)

    monkeypatch.setattr(pool, "decide", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(house)
    left = OF_SOME - FIRST
    assert whole.digest == run(house).digest
    assert 0 == left


def test_a_lost_artifact_is_told_and_not_kept(house: House) -> None:
    """What cannot be made now is told by name, and made the next time it can be."""
    before = run(house)
    task = before.result["decisions"][3]
    document = next(e.artifact for c in house.catalog.chains()
                    for e in house.catalog.plans(c.chain).rows
                    if e.plan.digest == task["plan"])  # fmt: skip
    name = house.store.get_document(document)["about"]["artifacts"]["snapshot"]
    kept = house.store.get(name)
    path = house.settings.data_folder / "artifacts" / name[:2] / name[2:]
    path.unlink()
    found = run(house, anew=True).result
    told = next(d for d in found["decisions"] if d["plan"] == task["plan"])
    assert (NOT_MADE, True) == (told["own"], name in told["reasons"][0])
    assert 1 == found["counts"]["not_made"] == found["counts"]["undecided"]
    shutil.rmtree(house.settings.data_folder / FOLDER)
    assert NOT_MADE in {d["own"] for d in run(house).result["decisions"]}
    house.store.put(kept)
    assert before.digest == run(house).digest


def test_another_release_or_version_finds_nothing_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found for another release, or by other versions, is no answer."""
    run(house)
    kept = pool.Place("", house.settings.data_folder / FOLDER, TRIED.digest)
    plan = next(iter(house.catalog.plans("plain-2").rows)).plan.digest
    answers = replace(kept, artifacts=str(house.settings.data_folder / "artifacts")).kept
    assert answers.find(plan, TRIED.digest) is not None
    assert answers.find(plan, RELEASE.digest) is None
    monkeypatch.setattr("service.backtest.kept.running_versions", lambda: {"numpy": "0.1"})
    assert answers.find(plan, TRIED.digest) is None


def test_windows(house: House) -> None:
    """Chains and days choose; both days count, and what is unknown or upside down is refused."""
    today, day = datetime.now(UTC).date(), timedelta(days=1)

    def plans(chains: tuple[str, ...], since: date | None = None, until: date | None = None) -> int:
        window = Window(chains, since, until)
        return len(backtest(house, None, window, workers=1).result["decisions"])

    assert [1, 2] == [plans(("plain-1",)), plans(("plain-1", "orders-2"))]
    assert [1, 0, 0] == [plans(("plain-1",), today - day, today + day),
                         plans(("plain-1",), today + day), plans(("plain-1",), None, today - day)
                         ]  # fmt: skip
    with pytest.raises(InputError):
        plans(("nowhere",))
    with pytest.raises(InputError):
        plans((), today, today - day)


def test_a_release_that_cannot_decide_decides_nothing(house: House) -> None:
    """Law 7: every rule outside the fragment is named, and no decision is made under it."""
    text = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:x> a sh:NodeShape ; sh:targetClass <urn:y> ; sh:message "no" .
"""
    found = run(house, with_shapes("bad.ttl", text)).result
    assert ([], ["urn:x"]) == (found["decisions"],
                               [word["rule"] for word in found["missing"]["words"]])  # fmt: skip


def test_how_a_release_is_named(house: House) -> None:
    """A folder, a digest that is kept, the first digits of one in force, or each its own."""
    house.store.put_document(TRIED.to_document())
    assert release_named(house, "own") is None
    for name, digest in ((TRIED.digest, TRIED.digest), (RELEASE.digest[:9], RELEASE.digest),
                         ("rules", RELEASE.digest)):  # fmt: skip
        found = release_named(house, name)
        assert found is not None
        assert digest == found.digest
    for name in ("", "nowhere", "0" * 64, TRIED.digest[:9]):
        with pytest.raises(InputError):
            release_named(house, name)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_thousand_decisions_are_made_again(database: Driver, tmp_path: Path) -> None:
    """A back-test of 1,000 decisions of 14 regimes under their own releases: all the same bytes."""
    empty_the_graph(database)
    house = house_on(database, Settings(home=tmp_path))
    seeds = range(-(-MANY // len(REGIMES)) + 3)
    made = {recorded(house, regime, seed)["plan_digest"] for seed in seeds for regime in REGIMES}
    assert MANY <= len(made)
    found = backtest(house, None, Window(), workers=2).result
    assert made <= {one["plan"] for one in found["decisions"]}
    assert {SAME} == {one["own"] for one in found["decisions"]}
    assert all(one["own_digest"] == one["plan"] for one in found["decisions"])
    assert ([], []) == (found["opened"], found["closed"])
