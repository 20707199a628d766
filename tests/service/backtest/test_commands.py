"""Laws of `policy backtest` and `policy price`: exit statuses, what is told, and who answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.login import Connection
from service.backtest.run import Window, backtest
from service.governing import releasing
from service.house import House
from tests.api.test_command_line import Run, run
from tests.service.backtest.releases import RELEASE, RULE, without

__all__ = ["run"]

CHAIN = ("--chain", "plain-2")
TRIED = without("approved-supplier.ttl", "fresh-lot.ttl")


@pytest.fixture(scope="module")
def home(house: House, connection: Connection) -> Iterator[Path]:
    """The data folder of the shared service, named by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENKEEL_HOME", str(house.settings.data_folder))
        patch.setenv("NEO4J_URI", connection.uri)
        patch.setenv("NEO4J_USER", connection.user)
        patch.setenv("NEO4J_PASSWORD", connection.password)
        patch.setenv("COLUMNS", "120")
        yield house.settings.data_folder


def kept(house: House) -> str:
    """The digest of the release that is tried, its document in the store."""
    return house.store.put_document(TRIED.to_document())


def test_nothing_opens_under_its_own(home: Path, run: Run) -> None:
    """Each under its own release: exit 0, and so many of so many to the same bytes."""
    ran = run("policy", "backtest", "own", *CHAIN)
    assert (0, True) == (ran.status, "1 of 1 to the same bytes" in ran.out), ran.err


def test_what_opens_waits_for_a_person(house: House, home: Path, run: Run) -> None:
    """Exit 1 while nobody answers, with the rules by name; then 0, and the ledger has both."""
    asked = ("policy", "backtest", kept(house), *CHAIN, "--workers", "1")
    ran = run(*asked)
    assert (1, True, True) == (ran.status, "DENY -> ALLOW" in ran.out,
                               "approved-supplier" in ran.out), ran.err  # fmt: skip
    found = run(*asked, "--json").document
    assert [[RULE + "approved-supplier"]] == [one["waiting"] for one in found["unreviewed"]]
    same = backtest(house, TRIED, Window(("plain-2",)), workers=1)
    assert found["digest"] == same.digest
    answered = (*asked, "--reviewed-by", "Ada Example", "--reason", "the supplier is checked")
    assert 1 == run(*answered).status  # nobody proposed it
    releasing.propose(house, TRIED, "fewer rules", "person:0")
    assert 1 == run(*asked).status
    ran = run(*answered, "--json")
    assert (0, []) == (ran.status, ran.document["unreviewed"])
    assert 0 == run(*asked).status
    case = house.ledger.state().releases.case(TRIED.digest)
    assert (same.digest, ()) == (case.backtest, case.unreviewed)


def test_what_rules_cost(home: Path, run: Run) -> None:
    """Each rule that acts with its price, pairs on request; a document that names both plans."""
    ran = run("policy", "price", *CHAIN, "--pairs")
    assert (0, True) == (ran.status, "approved-supplier" in ran.out), ran.err
    (plan,) = run("policy", "price", *CHAIN, "--json").document["plans"]
    assert [[RULE + "approved-supplier"]] == [cost["rules"] for cost in plan["costs"]]
    assert 0 == run("policy", "price", "--chain", "steady-1", "--since", "2026-01-01",
                    "--workers", "1").status  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("backtest", "nowhere"), "RELEASE_UNKNOWN"),
        (("backtest", "own", "--since", "monday"), "BAD_DAY"),
        (("backtest", "own", "--since", "2026-03-02", "--until", "2026-03-01"), "BAD_WINDOW"),
        (("backtest", "own", "--reason", "why"), "USAGE"),
        (("backtest", "own", "--chain", "nowhere"), "CHAIN_UNKNOWN"),
        (("backtest", RELEASE.digest, *CHAIN, "--reviewed-by", "A", "--reason", "b"),
         "RELEASE_NOT_OPEN"),
        (("price", "--until", "2026-03-01"), "USAGE"),
        (("price", "--chain", "nowhere"), "CHAIN_UNKNOWN"),
    ],
)  # fmt: skip
def test_what_is_refused(home: Path, run: Run, arguments: tuple[str, ...], code: str) -> None:
    """One error with its code, and no traceback."""
    ran = run("policy", *arguments, "--json")
    assert code == ran.document["error"]["code"]
    assert ran.status in {1, 2}
