"""Laws of deciding again: as it was then, and every movement that opens is told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.artifacts import ArtifactStore
from ontology.columns import Snapshot, Table
from ontology.stock_now import with_movements
from rules.decide import decide
from rules.parts import Part
from rules.release import Release, composed, for_part
from service.audit.replay import DIFFERS, NOT_MADE, SAME
from service.backtest.again import DECIDED, UNDECIDED, decided_again
from service.backtest.lacking import missing_words
from solver.model.movements import candidates, stock_after, window_of
from tests.service.backtest.releases import RELEASE, RULE, with_shapes, with_text, without
from tests.service.planned import TWO_HUBS, Planned, planned
from tests.service.regimes import FROZEN, REGIMES, sealed

PREFIXES = """
@prefix inv:  <https://w3id.org/evenkeel/inventory#> .
@prefix rule: <https://w3id.org/evenkeel/rule/> .
@prefix sh:   <http://www.w3.org/ns/shacl#> .
"""
SMALL_LINES = """
rule:small-lines a sh:PropertyShape ;
    sh:targetClass inv:PlannedLine ; sh:severity sh:Violation ; sh:message "too large" ;
    sh:path inv:quantityUnits ; sh:maxInclusive 1 .
"""
FILES = ("approved-supplier.ttl", "cold-chain.ttl", "fresh-lot.ttl", "hub-share.ttl",
         "open-lane.ttl", "residency.ttl", "safety-floor.ttl", "stock-buckets.ttl")  # fmt: skip


def again(plan: Planned, release: Release) -> dict[str, Any]:
    return decided_again(ArtifactStore(plan.artifacts), plan.document, release)


@pytest.mark.parametrize("regime", sorted(REGIMES))
def test_under_its_own_release_it_is_the_same(regime: str, tmp_path: Path) -> None:
    """Law 4 in every regime: the same bytes, and under one more name of its release no change."""
    plan = sealed(REGIMES[regime](1), tmp_path)
    store, own = ArtifactStore(tmp_path), plan.asked.release
    found = decided_again(store, plan.document)
    assert (SAME, plan.document["plan_digest"]) == (found["own"]["status"], found["own"]["digest"])
    renamed = decided_again(store, plan.document, replace(own, version="another"))
    assert DECIDED == renamed["new"]["status"]
    assert plan.document["plan_digest"] != renamed["new"]["digest"]  # a decision names its release
    for account in (found, renamed):
        assert [] == account["lines"] == account["opened"]["rows"] == account["closed"]["rows"]
        assert account["figures"][0] == account["figures"][1]


@pytest.mark.parametrize(
    ("file", "saved"), [("cold-chain", 404), ("open-lane", 136), ("approved-supplier", 100)]
)
def test_what_a_rule_costs_on_paper(plan: Planned, file: str, saved: int) -> None:
    """The two hubs, solved with a pencil: without the rule the plan costs so many cents less."""
    found = again(plan, without(f"{file}.ttl"))
    before, after = found["figures"]
    assert saved == before["cost_cents"] - after["cost_cents"]
    assert [-saved] == [part["figures"]["cost_cents"] for part in found["by_part"]]
    assert [[RULE + file]] == [part["rules"] for part in found["by_part"]]
    assert [1] == [group["used"] for group in found["opened"]["groups"]]


@pytest.mark.parametrize("file", FILES)
def test_all_that_opens_is_told(plan: Planned, file: str) -> None:
    """DENY -> ALLOW is what rules close one by one before and none does after, used or not."""
    release = without(file)
    told = [row for row in again(plan, release)["opened"]["rows"] if row["denied"] == "movement"]
    before, after = (closures(plan.snapshot, one) for one in (RELEASE, release))
    movements = candidates(plan.snapshot, window_of(plan.snapshot, None))
    expected = [
        (str(movements["item"][row]), str(movements["lane"][row] or ""), before.rules_of(row))
        for row in range(len(movements)) if before.rules_of(row) and not after.rules_of(row)
    ]  # fmt: skip
    found = [(row["movement"]["item"], row["movement"].get("lane", ""), tuple(row["rules"]))
             for row in told]  # fmt: skip
    assert sorted(expected) == sorted(found)
    assert found == [] or file in {"approved-supplier.ttl", "cold-chain.ttl", "fresh-lot.ttl",
                                   "open-lane.ttl"}  # fmt: skip


def closures(snapshot: Snapshot, release: Release) -> Any:
    facts, window = with_movements(snapshot), window_of(snapshot, None)
    return decide(release, facts, candidates(facts, window), stock_after(facts, window))


def test_what_opens_unused_is_still_told(plan: Planned) -> None:
    """The lot that expires could leave, and the plan has no use for it: it is listed, as unused."""
    found = again(plan, without("fresh-lot.ttl"))
    assert [] == found["lines"]
    (row,) = found["opened"]["rows"]
    assert ([RULE + "fresh-lot"], 0) == (row["rules"], row["units_used"])
    assert "V-OLD" == row["movement"]["lot"]


def test_what_closes_is_told_the_other_way(plan: Planned, tmp_path: Path) -> None:
    """ALLOW -> DENY from a release to the shipped one is DENY -> ALLOW the way back."""
    release = without("cold-chain.ttl", "fresh-lot.ttl")
    there = again(plan, release)
    store = ArtifactStore(plan.artifacts)
    about = plan.document["about"]
    from service.decision import seal
    from service.planning import draft_plan

    kept = {**about["artifacts"], "release": store.put_document(release.to_document())}
    decision = draft_plan(plan.snapshot, release, plan.request).decision
    back = decided_again(store, seal(decision, {**about, "artifacts": kept}), RELEASE)
    assert SAME == back["own"]["status"]
    assert there["opened"]["groups"] == back["closed"]["groups"] != []
    assert [] == back["opened"]["rows"]
    assert there["figures"] == back["figures"][::-1]


def test_floors_that_sink_and_limits_that_go(plan: Planned) -> None:
    """What may leave now is told per position; a sum without its limit by the sum's name."""
    floor = again(plan, without("safety-floor.ttl"))["opened"]
    assert {"floor"} == {row["denied"] for row in floor["rows"]}
    assert 4 == sum(row["units_kept"][0] - row["units_kept"][1] for row in floor["rows"])
    limit = again(plan, without("possession-limit.ttl"))["opened"]["rows"]
    assert [("limit", [0, None])] == [(row["denied"], row["most"]) for row in limit]


def test_rules_on_the_finished_plan(tmp_path: Path) -> None:
    """What such a rule closed after a flow opens with the rule, and not by the flow alone."""
    text = PREFIXES + SMALL_LINES
    asked = replace(REGIMES["plain"](3), release=with_shapes("small-lines.ttl", text))
    plan, store = sealed(asked, tmp_path), ArtifactStore(tmp_path)
    closed = plan.document["decision"]["suppressed"]["after_flow"]
    assert [RULE + "small-lines"] == list(closed)
    found = decided_again(store, plan.document, RELEASE)
    (group,) = found["opened"]["groups"]
    assert ("finished plan", len(closed[RULE + "small-lines"])) == (group["kind"], group["count"])
    kept = replace(asked.release, version="x", knobs={**RELEASE.knobs, "work_limit": 1})
    assert [] == decided_again(store, plan.document, kept)["opened"]["rows"]


def test_a_rule_on_the_whole_that_stays_opens_nothing(tmp_path: Path) -> None:
    """Where another rule leaves it nothing to close, it still would: that is no permission."""
    text = PREFIXES + SMALL_LINES
    asked = replace(REGIMES["plain"](3), release=with_shapes("small-lines.ttl", text))
    plan, store = sealed(asked, tmp_path), ArtifactStore(tmp_path)
    stays = """
rule:all-stays a sh:PropertyShape ;
    sh:targetClass inv:StockAfterMoves ; sh:severity sh:Violation ; sh:message "it stays" ;
    sh:path inv:keptPercent ; sh:minInclusive 100 .
"""
    shapes = {**asked.release.shapes, "all-stays.ttl": PREFIXES + stays}
    found = decided_again(store, plan.document, replace(asked.release, shapes=shapes))
    assert DECIDED == found["new"]["status"]
    assert [] == found["opened"]["rows"]
    assert {"floor"} == {row["denied"] for row in found["closed"]["rows"]}


def test_a_floor_is_of_what_is_there(tmp_path: Path) -> None:
    """More than what is there never stayed: what may leave now is no more than the stock."""
    text = """
rule:hoard a sh:PropertyShape ;
    sh:targetClass inv:StockAfterMoves ; sh:severity sh:Violation ; sh:message "hoard" ;
    sh:path inv:quantityAfterMovesUnits ; sh:minInclusive 1000000 .
"""
    own = planned(TWO_HUBS, tmp_path, with_shapes("hoard.ttl", PREFIXES + text))
    found = again(own, RELEASE)["opened"]["rows"]
    stock = own.snapshot.table("StockPosition")
    there = {
        (item, place): int(stock["on_hand_units"][(stock["item"] == item)
                                                  & (stock["location"] == place)].sum())
        for item, place in zip(stock["item"], stock["location"], strict=True)
    }  # fmt: skip
    assert found
    for row in found:
        place = row["movement"]
        assert row["units_kept"][0] <= there.get((place["item"], place["location"]), 0)


def test_for_a_part_of_a_chain(plan: Planned, tmp_path: Path) -> None:
    """A release for one place opens nothing elsewhere; all else stays, and parts add up."""
    store = ArtifactStore(plan.artifacts)
    release = without("cold-chain.ttl", "open-lane.ttl")
    everywhere = again(plan, release)["opened"]["rows"]
    for place in ("north", "south"):
        found = decided_again(store, plan.document, for_part(release, (place,), ()))
        assert [row for row in everywhere if row["movement"]["destination"] == place] == sorted(
            found["opened"]["rows"], key=everywhere.index
        )
        before, after = found["figures"]
        assert after["cost_cents"] - before["cost_cents"] == sum(
            part["figures"]["cost_cents"] for part in found["by_part"]
        )
        assert (RELEASE.digest, release.digest) == (found["own_release"], found["release"])
    nowhere = decided_again(store, plan.document, for_part(release, (), ("none",)))
    assert ([], []) == (nowhere["opened"]["rows"], nowhere["lines"])


def test_where_parts_were_in_force(tmp_path: Path) -> None:
    """One for the whole leaves the parts as they are, one for a part takes that one's place."""
    part = Part(without("cold-chain.ttl"), regions=("south",))
    own = planned(TWO_HUBS, tmp_path, composed(RELEASE, [part]))
    store = ArtifactStore(tmp_path)
    back = decided_again(store, own.document, for_part(RELEASE, ("south",), ()))
    assert SAME == back["own"]["status"]
    closes = back["closed"]["rows"]
    assert {"south"} == {row["movement"]["destination"] for row in closes}
    assert [[RULE + "cold-chain"]] == [part["rules"] for part in back["by_part"]]
    whole = decided_again(store, own.document, without("cold-chain.ttl"))
    assert {"north"} == {row["movement"]["destination"] for row in whole["opened"]["rows"]}
    assert [] == whole["closed"]["rows"]


def test_facts_of_another_day_are_found_out(plan: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    """A back-test that reads today's facts gives other bytes under the own release, and says so."""
    table = plan.snapshot.table("StockPosition")
    columns = {**table.columns, "on_hand_units": table["on_hand_units"] + 1,
               "total_units": table["total_units"] + 1}  # fmt: skip
    today = Snapshot(2, {**plan.snapshot.tables, table.name: Table(table.name, columns)})
    monkeypatch.setattr("service.audit.replay.read_snapshot", lambda *_: today)
    assert DIFFERS == again(plan, RELEASE)["own"]["status"]


def test_parts_add_up(plan: Planned) -> None:
    """What the parts did sums to the whole difference, whatever they do to each other."""
    files = ("approved-supplier.ttl", "cold-chain.ttl", "fresh-lot.ttl", "safety-floor.ttl")
    release = replace(without(*files), knobs={**RELEASE.knobs, "shortfall_service_percent": 10})
    found = again(plan, release)
    assert [*files, "knobs"] == [part["name"] for part in found["by_part"]]
    before, after = found["figures"]
    for name in before:
        assert after[name] - before[name] == sum(p["figures"][name] for p in found["by_part"])
    assert after["cost_cents"] < before["cost_cents"]


def test_a_part_is_what_its_file_does(plan: Planned) -> None:
    """A file that changes, and does not go, does in the first part what it does alone."""
    alone = with_text("cold-chain.ttl", "sh:severity sh:Violation", "sh:severity sh:Warning")
    shapes = {name: text for name, text in alone.shapes.items() if name != "open-lane.ttl"}
    found = again(plan, replace(alone, shapes=shapes))["by_part"]
    assert ["cold-chain.ttl", "open-lane.ttl"] == [part["name"] for part in found]
    (only,) = again(plan, alone)["by_part"]
    assert found[0] == only
    assert -404 == only["figures"]["cost_cents"]


def test_rules_of_facts_are_no_part(plan: Planned) -> None:
    """A plan is decided on facts as they were loaded: a rule about them changes no decision."""
    found = again(plan, without("stock-buckets.ttl"))
    assert ([], []) == (found["by_part"], found["lines"])


def test_missing_facts_are_named(plan: Planned) -> None:
    """A rule that reads what no fact states is told by class and field, if it is a new one."""
    text = (
        PREFIXES
        + """
rule:insured-port a sh:NodeShape ;
    sh:targetClass inv:Movement ; sh:severity sh:Violation ; sh:message "no" ;
    sh:property [ sh:path ( inv:destination inv:shipsThrough inv:name ) ; sh:maxCount 9 ] ;
    sh:property [ sh:path ( inv:item inv:shelfLifeDays ) ; sh:maxCount 9 ] .
"""
    )
    found = again(plan, with_shapes("insured.ttl", text))["missing"]
    stated = plan.snapshot.table("Item")["shelf_life_days"]
    assert {("PortAccess", "")} <= {(one["class"], one["field"]) for one in found}
    assert {RULE + "insured-port"} == {one["rule"] for one in found}
    is_missing = ("Item", "shelfLifeDays") in {(one["class"], one["field"]) for one in found}
    assert is_missing == bool((stated == np.iinfo(np.int64).min).all())
    assert [] == again(plan, without("cool-down.ttl"))["missing"]


def test_missing_words_are_named_for_every_rule(plan: Planned) -> None:
    """All rules that cannot be evaluated, not the first alone; the release decides nothing."""
    release = with_shapes("words.ttl", PREFIXES + """
rule:one a sh:NodeShape ; sh:targetClass inv:Unicorn ; sh:message "no" .
rule:two a sh:PropertyShape ; sh:targetClass inv:Movement ; sh:message "no" ;
    sh:path inv:horn ; sh:maxCount 1 .
""")  # fmt: skip
    found = missing_words(release)
    assert [RULE + "one", RULE + "two"] == [one["rule"] for one in found]
    assert ["Unicorn" in found[0]["why"], "horn" in found[1]["why"]] == [True, True]
    assert UNDECIDED == again(plan, release)["new"]["status"]


def test_a_looser_bound_is_told(plan: Planned) -> None:
    """A rule that stays and says less opens what it closed; its own IRI is named."""
    release = with_text("fresh-lot.ttl", "sh:minInclusive 1", "sh:minInclusive -30")
    release = replace(
        release,
        shapes={
            **release.shapes,
            "fresh-lot.ttl": release.shapes["fresh-lot.ttl"].replace(
                "rule:fresh-lot-expiry , rule:fresh-lot-life", "rule:fresh-lot-expiry"
            ),
        },
    )
    found = again(plan, release)
    assert [[RULE + "fresh-lot"]] == [row["rules"] for row in found["opened"]["rows"]]
    assert [["fresh-lot.ttl", [RULE + "fresh-lot"]]] == [
        [part["name"], part["rules"]] for part in found["by_part"]
    ]


def test_the_lines_of_the_plan_before_stay(tmp_path: Path) -> None:
    """A wish to change little is kept under another release: its frozen days are its own."""
    plan = sealed(replace(REGIMES["steady"](3), release=FROZEN), tmp_path)
    found = decided_again(ArtifactStore(tmp_path), plan.document, RELEASE)
    assert (SAME, DECIDED) == (found["own"]["status"], found["new"]["status"])
    assert ["knobs"] == [part["name"] for part in found["by_part"]]


@pytest.mark.parametrize("document", [None, {}, [], {"format": "evenkeel-plan/1"}, 7])
def test_what_is_no_plan_is_no_crash(document: Any, tmp_path: Path) -> None:
    """Whatever is given, the answer is a value."""
    assert NOT_MADE == decided_again(ArtifactStore(tmp_path), document, RELEASE)["own"]["status"]
