"""Who governs one chain, or a part of one, decides on no release of another, or of the whole."""

import json
from dataclasses import replace
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from rules.release import default_release
from service.house import House
from tests.access.doors.asking import person
from tests.access.guarded_chain import FULL, OPEN
from tests.api.conftest import Client

PROPOSE = """mutation($input: ProposeReleaseInput!) { result: proposeRelease(input: $input) {
    __typename ... on Refused { code } } }"""
APPROVE = """mutation($input: ReleaseReasonInput!) { result: approveRelease(input: $input) {
    __typename ... on Refused { code } } }"""
WHOLE: dict[str, Any] = {"regions": (), "suppliers": (), "families": (), "classes": ("*",),
                         "zones": ("*",)}  # fmt: skip


@pytest.fixture(scope="module")
def governor(house: House, app: Any, portal: BlockingPortal) -> Client:
    """A governor of one chain, all of it."""
    return Client(portal, app, person(house, "of one", "governor", chain=OPEN, **WHOLE)[0])


@pytest.fixture(scope="module")
def limited(house: House, app: Any, portal: BlockingPortal) -> Client:
    """A governor of a region of that chain."""
    limits = {**WHOLE, "regions": ("north",)}
    return Client(portal, app, person(house, "of a part", "governor", chain=OPEN, **limits)[0])


def codes(client: Client, mutation: str, **given: Any) -> list[str]:
    """The codes of what was refused; empty where something was done."""
    body = {"query": mutation, "variables": {"input": given}}
    answer: dict[str, Any] = client.post("/graphql", json=body).json()
    if "errors" in answer:
        return [one["extensions"]["code"] for one in answer["errors"]]
    refused = answer["data"]["result"].get("code")
    return [refused] if refused else []


def proposed(client: Client, version: str, chain: str) -> list[str]:
    """What comes of proposing a release of its own for a chain."""
    document = json.dumps(replace(default_release(), version=version).to_document())
    return codes(client, PROPOSE, document=document, reason="for a test", scope={"chain": chain})


def test_a_governor_proposes_for_their_chain_alone(governor: Client) -> None:
    assert proposed(governor, "mine", OPEN) == []
    assert proposed(governor, "theirs", FULL) == ["ACCESS_DENIED"]
    assert proposed(governor, "all", "*") == ["ACCESS_DENIED"]


def test_a_governor_of_a_part_proposes_nothing_for_the_whole(limited: Client) -> None:
    assert proposed(limited, "part", OPEN) == ["ACCESS_DENIED"]


def test_a_governor_decides_on_no_release_of_another_chain(
    house: House, governor: Client, app: Any, portal: BlockingPortal
) -> None:
    """The decision itself is refused by its status; what is of another chain, before that."""
    other = Client(portal, app, person(house, "of the other", "governor", chain=FULL, **WHOLE)[0])
    assert proposed(other, "of the other", FULL) == []
    digest = replace(default_release(), version="of the other").digest
    before = house.projection.log.head()
    assert codes(governor, APPROVE, release=digest, reason="mine now") == ["ACCESS_DENIED"]
    assert before == house.projection.log.head()
