"""Persons with grants and tokens, and what they are told."""

from datetime import UTC, datetime
from typing import Any

from service.access import Access, Caller
from service.doors.outbound import Change, Outbound, Position, Wanted
from service.house import House
from service.permits.service_tokens import issue
from tests.access.guarded_chain import CLASS, ZONE, give
from tests.api.conftest import Client

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
CLEARED = {"classes": (CLASS,), "zones": (ZONE,)}
EVERYTHING = 10_000


def person(house: House, name: str, role: str, **limits: Any) -> tuple[str, str]:
    """A person with a service token for everything, and the pseudonym."""
    pseudonym = house.persons.pseudonym_of(name)
    give(house, pseudonym, role, **limits)
    scopes = ["read", "deliver", "plan", "decide", "audit"]
    return issue(house, name, scopes, 1, "local")[1], pseudonym


def told(client: Client, query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/graphql", json={"query": query}).json()
    return found


def follow(house: House, caller: Caller, wanted: Wanted) -> list[Change]:
    sight = Access(house).sight(caller)
    found: list[Change] = []
    outbound = Outbound(house, Position(0), wanted, sight)
    while some := outbound.take(EVERYTHING):
        found += some
    return found
