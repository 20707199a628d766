"""Releases for parts, on the real log and with real plans; as files; what processes serve."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from governance.ledger import Governed
from governance.releasing import Actor, backtested
from governance.scopes import EVERYWHERE, Scope
from graph.governance_events import governance_events
from graph.settings import Settings
from graph.transparency.log_verifier import Refused, Unreadable
from ontology.canonical import canonical
from ontology.errors import InputError, StateError
from ontology.events import KEY_ACTIVATED, NewEvent
from rules.parts import Part
from rules.release import composed
from service.audit.replay import SAME, replay
from service.backtest.ledgered import opening_rules
from service.backtest.run import Window, backtest
from service.bundle import export_plan
from service.decision import PlanRequest
from service.examples import load_example
from service.governing import releasing
from service.governing.signed_releases import signed_release, verify_release
from service.house import House, artifacts_folder, house_on
from service.planning import draft_plan, make_plan
from service.serving import Heartbeat, processes, remarks
from service.transparency import named_keys_of
from service.verify import verify
from tests.graph.conftest import empty_the_graph
from tests.service.releases.made import (
    CHAIN,
    HARDWARE,
    MEDICAL,
    NO_MEDICAL,
    SHIPPED,
    STAYS,
    another,
    approved,
)


@pytest.fixture(scope="module")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two hubs, a part of which is governed otherwise: no transfer of hardware."""
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("releasing") / "home"))
    load_example(found, CHAIN)
    digest = approved(found, STAYS, HARDWARE)
    releasing.activate(found, digest, "ada")
    return found


def lines(decision: dict[str, object]) -> Sequence[object]:
    """What moves, without the words."""
    found: Sequence[object] = decision["lines"]  # type: ignore[assignment]
    return found


def test_a_plan_of_parts_is_the_one_that_is_made_by_hand(house: House) -> None:
    """The rule with its part written into the shape gives the same lines, and the same cost."""
    by_hand = NO_MEDICAL.replace("sh:property [", "sh:or ( [ sh:property [", 1).rstrip()
    by_hand = (
        by_hand.removesuffix(".")
        + """ ]
        [ sh:property [ sh:path ( inv:item inv:family ) ; sh:not [ sh:in ( "hardware" ) ] ] ] ) ."""
    )
    made = make_plan(house, PlanRequest(CHAIN)).document["decision"]
    facts, request = house.facts(CHAIN), PlanRequest(CHAIN)
    hand = draft_plan(facts, another("hand", stays=by_hand), request).decision
    plain = draft_plan(facts, SHIPPED, request).decision
    assert lines(made) == lines(hand) != lines(plain)
    assert made["certificate"] == hand["certificate"]
    assert made["suppressed"]["by_rule"] == hand["suppressed"]["by_rule"]
    release = house.release_for(CHAIN)
    assert made["release"] == release.digest not in (SHIPPED.digest, STAYS.digest)


def test_it_is_replayed_and_verified_from_what_it_names(house: House, tmp_path: Path) -> None:
    document = make_plan(house, PlanRequest(CHAIN)).document
    assert replay(house.store, document).status == SAME
    export_plan(house.store, document, tmp_path)
    assert verify(document, artifacts=tmp_path / "artifacts").accepted
    assert verify(document, artifacts=artifacts_folder(house.settings)).accepted
    digest = document["decision"]["release"]
    assert composed(SHIPPED, [Part(STAYS, families=("hardware",))]).digest == digest
    assert house.release_at(digest).named == house.release_for(CHAIN).named
    with house.driver.session() as session:
        parts = session.run("MATCH (:Plan)<-[]-()-[:USED]->(r {digest: $d})-[:HAS_PART]->(p) "
                            "RETURN DISTINCT p.digest AS d", d=digest)  # fmt: skip
        found = {row["d"] for row in parts}
        whole = session.run(
            "MATCH (r:PolicyRelease {digest: $d})-[:HAS_PART]->(p) RETURN collect(p.digest) AS d",
            d=digest,
        ).single()
    assert found <= {SHIPPED.digest, STAYS.digest}
    assert whole is not None
    assert sorted(whole["d"]) == sorted([SHIPPED.digest, STAYS.digest])


def test_a_part_changes_nothing_that_only_the_whole_decides(house: House) -> None:
    fewer = {name: text for name, text in SHIPPED.shapes.items() if name != "location-limits.ttl"}
    wrong = replace(SHIPPED, version="strays", shapes=fewer)
    with pytest.raises(InputError) as refused:
        releasing.propose(house, wrong, "for a part", "ada", MEDICAL)
    assert refused.value.code == "PART_STRAYS"
    releasing.propose(house, wrong, "for all", "ada")


def test_a_back_test_tries_a_part_on_its_part_and_leaves_the_others(house: House) -> None:
    """What is tried for hardware opens what its part denied; elsewhere, and whole, nothing."""
    make_plan(house, PlanRequest(CHAIN))
    own = backtest(house, None, Window(), workers=1).result["counts"]
    assert own["same_bytes"] == own["decisions"] > 0
    opened = {}
    for version, scope in (("whole", EVERYWHERE), ("hardware", HARDWARE), ("medical", MEDICAL),
                           ("other", Scope("elsewhere"))):  # fmt: skip
        release = another(version)
        releasing.propose(house, release, "looser", "ada", scope)
        found = backtest(house, release, Window(), workers=1)
        assert found.result["release"]["digest"] == release.digest
        opened[version] = opening_rules(found)
    stays = "https://w3id.org/evenkeel/rule/stays"
    assert opened == {"whole": [], "hardware": [stays], "medical": [], "other": []}


def test_a_release_is_checked_without_database(house: House) -> None:
    """Offline, by the log's key: no changed letter passes, nor another release's proofs."""
    data = signed_release(house, STAYS.digest[:12], "ada")
    keys = [key for _, _, key in named_keys_of(house)]
    found = verify_release(data, keys)
    kinds = [each["kind"] for each in found["events"]]
    assert (STAYS.digest, "stays") == (found["digest"], found["version"])
    assert kinds == ["release.proposed", "release.approved", "release.activated"]
    shipped = signed_release(house, SHIPPED.digest, "ada")
    assert verify_release(shipped, keys)["digest"] == SHIPPED.digest
    for changed in (data.replace(b"it stays where", b"it moves where"),
                    data.replace(b'"version":"stays"', b'"version":"goes"'),
                    data.replace(STAYS.digest.encode(), b"0" * 64)):  # fmt: skip
        assert changed != data
        with pytest.raises(Refused):
            verify_release(changed, keys)
    theirs = {**json.loads(shipped), "release": json.loads(data)["release"]}
    with pytest.raises(Refused):
        verify_release(canonical(theirs) + b"\n", keys)
    for other in (data + b"\n", b" " + data, b'{"release":null,' + data[1:]):
        with pytest.raises(Unreadable, match="changed"):  # the same to a reader of JSON
            verify_release(other, keys)
    with pytest.raises(Refused):
        verify_release(data, [])


def test_every_process_says_what_it_serves(house: House) -> None:
    folder, now = house.settings.data_folder, datetime.now(UTC)
    hearts = [Heartbeat(house, name) for name in ("one", "two", "gone")]
    told = [heart.beat(now) for heart in hearts]
    assert processes(folder, now) == sorted(told, key=lambda each: each.process)
    assert told[0].in_force == {"everywhere": SHIPPED.digest,
                                "everywhere: family hardware": STAYS.digest}  # fmt: skip
    assert remarks(told) == []
    hearts[2].end()
    late = replace(told[1], sequence=0, in_force={"everywhere": "older"})
    assert ["behind: two" in each for each in remarks([told[0], late])] == [True, False]
    assert remarks([replace(told[0], shipped="newer")]) != []
    assert processes(folder, now + timedelta(minutes=2)) == []
    assert processes(folder, now) == []  # and their files are gone


def test_a_part_that_comes_meanwhile_supersedes_and_goes_again(house: House) -> None:
    """A plan that was made without the part is not saved; retired, what was before governs."""
    before = house.release_for(CHAIN)
    guard = house.still_governs(before, CHAIN)
    digest = approved(house, another("meanwhile", stays=NO_MEDICAL), MEDICAL)
    releasing.activate(house, digest, "ada")
    assert len(house.release_for(CHAIN).parts) == 2
    new = NewEvent(KEY_ACTIVATED, "test", "ada", datetime.now(UTC), "", {})
    with pytest.raises(StateError) as refused:
        house.projection.append(new, guard=guard)
    assert refused.value.code == "RELEASE_SUPERSEDED"
    releasing.retire(house, digest, "over", "ada")
    assert house.release_for(CHAIN).named == before.named


def test_the_log_alone_has_all_of_it(house: House) -> None:
    """Law 4: the state folded anew is the state that was followed."""
    assert Governed().after_all(governance_events(house.driver)) == house.ledger.state()


def test_regions_meet_where_a_place_lies_in_both(house: House) -> None:
    """Names alone tell nothing of the valley that the north is part of."""
    north, south, valley = (Scope(CHAIN, (name,)) for name in ("north", "south", "valley"))
    assert releasing.lie_together(house, north, valley)
    assert not releasing.lie_together(house, north, south)
    medical = Scope(CHAIN, ("valley",), ("medical",))
    assert not releasing.lie_together(house, Scope(CHAIN, ("north",), ("hardware",)), medical)
    assert releasing.lie_together(house, Scope(families=("medical",)), medical)


def test_a_back_test_of_no_decision_is_outgrown_by_the_first(house: House) -> None:
    """Nothing was recorded when it was made; now something is, and nobody saw what changes."""
    make_plan(house, PlanRequest(CHAIN))
    made = another("of nothing")
    releasing.propose(house, made, "for a test", "ada")
    tested = {"decisions": 0, "same_bytes": 0, "undecided": 0, "has_recorded": False}
    house.ledger.append(lambda state, now: backtested(
        state, now, Actor("evenkeel", is_person=False), made.digest, "result", [], tested
    ))  # fmt: skip
    with pytest.raises(StateError) as refused:
        releasing.approve(house, made.digest, "read it", "ben")
    assert refused.value.code == "RELEASE_UNTESTED"
