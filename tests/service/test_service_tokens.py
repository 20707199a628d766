"""Laws of service tokens: shown once, kept as digests, for a time, for scopes, until revoked."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.recovery.traces import files_that_say
from graph.settings import Settings
from ontology.errors import AccessError, EvenkeelError
from ontology.events import TOKEN_ISSUED, TOKEN_REVOKED
from service.access import Access, Caller
from service.house import House, house_on
from service.permits.service_tokens import FILE, ServiceToken, ServiceTokens, issue, revoke
from service.permits.verbs import SCOPES
from tests.access.guarded_chain import give


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    return house_on(empty_database, Settings(home=tmp_path / "home"))


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as refused:
        work()
    assert refused.value.hint
    return refused.value.code


def test_a_token_is_shown_once_and_lets_in_until_it_is_revoked(house: House) -> None:
    """The file holds a digest and is its owner's alone; the log says who, for what, until when."""
    home = house.settings.data_folder
    made, secret = issue(house, "robot", ["read", "plan", "read"], 3, "local")
    tokens = ServiceTokens(home)
    caller = tokens.caller_of(secret)
    assert caller is not None
    assert (made.person, frozenset({"read", "plan"}), False) == (
        caller.person, caller.scopes, caller.is_owner)  # fmt: skip
    assert 0o600 == stat.S_IMODE((home / FILE).stat().st_mode)
    assert [] == list(files_that_say(home, secret))
    for other in (secret + "x", secret[:-1], secret.upper(), "", "evk_", made.digest, made.id):
        assert tokens.caller_of(other) is None
    revoke(house, made.id, "local")
    assert tokens.caller_of(secret) is None
    assert not caller.still()
    again = revoke(house, made.id, "local")
    events = {event.kind: event for event in house.projection.log.events()}
    assert {"token": made.id, "person": made.person, "scopes": ["plan", "read"],
            "expires": made.expires} == events[TOKEN_ISSUED].payload  # fmt: skip
    assert {"token": made.id, "person": again.person} == events[TOKEN_REVOKED].payload
    assert made.digest not in str(events)


def test_no_token_that_plans_decides(house: House) -> None:
    """Whatever its name was granted: to decide is a person's act, and a scope of its own."""
    acts = ("approvals.decide", "rules.approve", "rules.activate", "stops.lift", "autonomy.raise")
    name = house.persons.pseudonym_of("robot")
    for role in ("approver", "governor"):
        give(house, name, role)
    machine, deciding = (
        Access(house).sight(Caller(name, scopes=frozenset(scopes)))
        for scopes in (set(SCOPES) - {"decide"}, SCOPES)
    )
    for verb in acts:
        with pytest.raises(AccessError):
            machine.permit(verb)
        deciding.permit(verb)


def test_a_token_ends_by_itself(tmp_path: Path) -> None:
    """After its last day it is nobody's; another one is found among many."""
    now = datetime.now(UTC)
    tokens = ServiceTokens(tmp_path)
    for number, hours in enumerate((-1, 1)):
        digest = f"{number}" * 64
        tokens.add(ServiceToken(f"t{number}", digest, "p", ("read",), now.isoformat(),
                                (now + timedelta(hours=hours)).isoformat()))  # fmt: skip
    assert [False, True] == [one.holds(now) for one in tokens.known()]


def test_scopes_are_the_most_that_a_token_may_do(house: House) -> None:
    """What a grant lets a person do, a token of it does only within its scopes."""
    _, secret = issue(house, "robot", ["read"], 1, "local")
    caller = ServiceTokens(house.settings.data_folder).caller_of(secret)
    assert caller is not None
    give(house, caller.person, "planner")
    sight = Access(house).sight(caller)
    sight.permit("facts.read")
    assert "ACCESS_DENIED" == code_of(lambda: sight.permit("plans.make"))


def test_what_cannot_be_issued(house: House) -> None:
    """No scope, an unknown one, no days or too many: refused, and nothing is logged."""
    before = house.projection.log.head().sequence
    assert "SCOPE_UNKNOWN" == code_of(lambda: issue(house, "a", [], 1, "local"))
    assert "SCOPE_UNKNOWN" == code_of(lambda: issue(house, "a", ["all"], 1, "local"))
    assert "TOKEN_DAYS" == code_of(lambda: issue(house, "a", ["read"], 0, "local"))
    assert "TOKEN_DAYS" == code_of(lambda: issue(house, "a", ["read"], 367, "local"))
    assert "BAD_PERSON" == code_of(lambda: issue(house, " ", ["read"], 1, "local"))
    assert "TOKEN_UNKNOWN" == code_of(lambda: revoke(house, "token-1", "local"))
    assert before == house.projection.log.head().sequence


def test_a_file_that_others_may_touch_lets_nobody_in(house: House) -> None:
    """Exposed, or of something else: one plain error, and nobody comes in."""
    _, secret = issue(house, "robot", ["read"], 1, "local")
    tokens = ServiceTokens(house.settings.data_folder)
    tokens.path.chmod(0o620)
    assert "TOKEN_EXPOSED" == code_of(lambda: tokens.caller_of(secret))
    tokens.path.chmod(0o600)
    assert tokens.caller_of(secret) is not None
    for content in (b"", b"[]", b"{}", b'{"format": "other", "tokens": []}', b"\xff"):
        tokens.path.write_bytes(content)
        assert "TOKEN_FILE" == code_of(lambda: tokens.caller_of(secret))
