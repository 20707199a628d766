"""Laws of back-tests in the ledger: a proposed release waits for a person, rule by rule."""

import pytest

from governance.release_cases import APPROVED, BACKTESTED
from governance.scopes import Scope
from ontology.errors import InputError, StateError
from service.backtest.ledgered import opening_rules, record, review, reviews_kept
from service.backtest.reviews import unreviewed
from service.backtest.run import Backtested, Window, backtest
from service.governing import releasing
from service.house import House
from tests.service.backtest.releases import RULE, without

CHAINS = ("plain-2", "orders-1")
TRIED = without("approved-supplier.ttl", "hub-share.ttl", "plant-makes-item.ttl")


def found_for(house: House, *chains: str) -> Backtested:
    return backtest(house, TRIED, Window(chains), workers=1)


def test_one_for_a_chain_is_tried_there(house: House) -> None:
    """A release that is proposed for a part of a chain is tried there, and nowhere else."""
    tried = without("approved-supplier.ttl", "residency.ttl")
    whole = backtest(house, tried, Window(CHAINS), workers=1).result
    assert set(CHAINS) == {one["chain"] for one in whole["decisions"]}
    releasing.propose(house, tried, "one chain", "person:0", Scope("plain-2", families=("none",)))
    found = backtest(house, tried, Window(CHAINS), workers=1).result
    assert {"plain-2"} == {one["chain"] for one in found["decisions"]}
    assert whole["opened"] != [] == found["opened"]
    assert Scope("plain-2", families=("none",)).stated() == found["release"]["scope"]


def test_from_proposal_to_approval(house: House) -> None:
    """Nothing is approved before a person answered for each rule that opens; again is no harm."""
    found, narrow = found_for(house, *CHAINS), found_for(house, "orders-1")
    assert not record(house, found, "tester")
    with pytest.raises(StateError, match="not the newest back-test"):
        review(house, found, "person:1", "looked")
    releasing.propose(house, TRIED, "fewer rules", "person:0")
    assert record(house, found, "tester")
    case = house.ledger.state().releases.case(TRIED.digest)
    assert (BACKTESTED, found.digest) == (case.status, case.backtest)
    assert opening_rules(found) == list(case.deny_to_allow)
    assert RULE + "approved-supplier" in case.deny_to_allow
    with pytest.raises(StateError, match="nobody has answered"):
        releasing.approve(house, TRIED.digest, "fine", "person:2")
    review(house, found, "person:1", "looked", ["approved-supplier"])
    assert record(house, found, "tester")  # the same result: what was answered for stands
    assert [("person:1", RULE + "approved-supplier", "looked")] == [
        (each.person, each.rule, each.reason) for each in reviews_kept(house, found)
    ]
    waiting = unreviewed(found.result, reviews_kept(house, found))
    assert {rule for one in waiting for rule in one.waiting} == set(case.deny_to_allow) - {
        RULE + "approved-supplier"
    }
    assert record(house, narrow, "tester")  # another result: nobody has answered for it
    assert [] == reviews_kept(house, narrow) == reviews_kept(house, found)
    assert record(house, found, "tester")
    with pytest.raises(InputError, match="opens nothing"):
        review(house, found, "person:1", "looked", ["cold-chain"])
    review(house, found, "person:1", "looked")
    assert () == unreviewed(found.result, reviews_kept(house, found))
    releasing.approve(house, TRIED.digest, "fine", "person:2")
    assert APPROVED == house.ledger.state().releases.case(TRIED.digest).status
    assert not record(house, narrow, "tester")  # it was decided on
