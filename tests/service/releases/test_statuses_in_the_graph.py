"""What the graph says of releases is what the ledger says, at every time."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from neo4j import Driver

from governance import releasing as deciding
from governance.releasing import Actor, Proposal
from governance.scopes import Scope
from graph.catalog import PAGE_LIMIT, Catalog
from graph.release_nodes import settled
from graph.settings import Settings
from graph.statements import read
from ontology.canonical import canonical
from ontology.errors import InputError
from ontology.governance import PolicyRelease
from service.backtest.run import release_named
from service.governing import releasing
from service.house import House, house_on
from tests.graph.conftest import empty_the_graph
from tests.service.releases.made import CHAIN, NO_MEDICAL, another

PART = Scope(CHAIN, families=("medical",))


@pytest.fixture
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An empty log."""
    empty_the_graph(database)
    yield house_on(database, Settings(home=tmp_path_factory.mktemp("statuses") / "home"))
    empty_the_graph(database)


def agreed(house: House) -> dict[str, str]:
    """The status of each release by its version; asserts that graph and ledger agree."""
    rows = read(house.driver, "catalog_releases", {"limit": PAGE_LIMIT})
    state, now = house.ledger.present()
    for hours in (0, 1, 2, 3):
        at = now + timedelta(hours=hours, minutes=1)
        cases = state.settled(at).releases.cases
        told = {row["release"]["digest"]: settled(row["release"], at)["status"] for row in rows}
        assert {digest: cases[digest].status for digest in told if digest in cases} == {
            digest: status for digest, status in told.items() if digest in cases
        }
    present = state.settled(now).releases.cases
    found = Catalog(house.driver).releases()
    assert {one.digest: one.status for one in found if one.digest in present}.items() <= {
        digest: case.status for digest, case in present.items()}.items()  # fmt: skip
    return {case.version: case.status for case in present.values()}


def activated(house: House, version: str, hours: int = 0) -> str:
    """Another release for the part, in force now or in so many hours."""
    release = another(version, stays=NO_MEDICAL)
    digest, record = release.digest, asdict(PolicyRelease(
        release.digest, "evenkeel", version, len(release.rules), "proposed"))  # fmt: skip
    house.store.put(canonical(release.to_document()))
    proposal = Proposal(record, digest, "for a test", PART, [], [])
    house.ledger.append(partial(deciding.propose, who=Actor("ada"), proposal=proposal))
    house.ledger.append(partial(deciding.backtested, who=Actor("ada"), digest=digest,
                                result="result", deny_to_allow=[]))  # fmt: skip
    releasing.approve(house, digest, "read it", "ben")
    since = datetime.now(UTC) + timedelta(hours=hours) if hours else None
    releasing.activate(house, digest, "ada", since=since)
    return digest


def test_what_is_replaced_later_stays_active_till_then(house: House) -> None:
    """Then it is retired, with no event; not if what was to replace it is taken back first."""
    activated(house, "a")
    later = activated(house, "b", hours=2)
    assert {"a": "active", "b": "active"} == agreed(house)
    releasing.roll_back(house, later, "not after all", "ada")
    assert {"a": "active", "b": "rolled back"} == agreed(house)
    last = activated(house, "c", hours=2)
    releasing.retire(house, last, "nor this one", "ada")
    assert {"a": "active", "b": "rolled back", "c": "retired"} == agreed(house)


def test_one_that_comes_before_what_was_to_come(house: House) -> None:
    """What waits is passed over; where it is rolled back, what governed before it does again."""
    activated(house, "a")
    activated(house, "b", hours=2)
    sooner = activated(house, "c", hours=1)
    assert {"a": "active", "b": "retired", "c": "active"} == agreed(house)
    releasing.roll_back(house, sooner, "too soon", "ada")
    assert {"a": "active", "b": "retired", "c": "rolled back"} == agreed(house)
    now = activated(house, "d")
    assert agreed(house)["a"] == "retired"
    releasing.roll_back(house, now, "wrong", "ada")
    assert {"a": "active", "d": "rolled back"}.items() <= agreed(house).items()


def test_what_waits_begins_also_if_what_governs_is_taken_back(house: House) -> None:
    activated(house, "a")
    second = activated(house, "b")
    activated(house, "c", hours=2)
    assert {"a": "retired", "b": "active", "c": "active"} == agreed(house)
    releasing.roll_back(house, second, "wrong", "ada")
    assert {"a": "active", "b": "rolled back", "c": "active"} == agreed(house)


def test_the_shipped_release_is_named_where_nobody_has_proposed_it(house: House) -> None:
    """In force, it is no case: who looks for it is told so; a back-test tries it by name."""
    with pytest.raises(InputError, match="came with the code") as refused:
        releasing.find(house, house.shipped.digest[:12])
    assert refused.value.code == "RELEASE_UNKNOWN"
    for name in ("active", "shipped"):
        assert (found := release_named(house, name)) is not None
        assert house.shipped.digest == found.digest
