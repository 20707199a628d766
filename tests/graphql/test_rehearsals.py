"""A dry run changes nothing, whatever is asked: sound or wrong, one after another."""

from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.conftest import Client
from tests.graphql.test_mutations import NAMES, stands
from tests.graphql.world import World

WORDS = ("", "widget", "X1", "wms", "erp", "two_hubs", "north", "nothing like it", "a\nb", "é")


def bent(draw: Any, value: Any) -> Any:
    """An input of the same form, some of it another."""
    if isinstance(value, dict):
        return {name: bent(draw, part) for name, part in value.items()}
    if isinstance(value, list):
        kept = [bent(draw, part) for part in value]
        return kept[: draw(st.integers(0, len(kept)))] if draw(st.integers(0, 4)) == 0 else kept
    if draw(st.integers(0, 3)):
        return value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return draw(st.integers(-1, 12))
    return draw(st.sampled_from(WORDS)) if isinstance(value, str) and value not in KEPT else value


@cache
def _known() -> dict[int, dict[str, dict[str, Any]]]:
    return {}


def prepared(world: World) -> dict[str, dict[str, Any]]:
    """The input of each mutation, made once: to make some of them something has to happen."""
    if id(world) not in _known():
        _known()[id(world)] = {one.name: dict(one.input()) for one in world.mutations()}
    return _known()[id(world)]


KEPT = ("CAP",)
"""Words of enums: another one is refused before anything runs."""


@settings(max_examples=25)
@given(data=st.data())
def test_no_rehearsal_leaves_a_trace(world: World, services: list[Client], data: Any) -> None:
    """Up to four dry runs of any mutations, bent or not: log, states, graph and files are equal."""
    mutations = {one.name: one for one in world.mutations()}
    inputs = prepared(world)
    services[0].post("/graphql", json={"query": "{ chains { name } }"})
    before = stands(world)
    for name in data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)):
        asked = mutations[name]
        given_now = bent(data.draw, inputs[name]) | {"dryRun": True}
        body = {"query": asked.document, "variables": {"input": given_now}}
        answer = services[0].post("/graphql", json=body).json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert "INTERNAL" not in codes, (name, given_now, answer)
        if not codes:
            assert answer["data"]["result"].get("event") is None
    assert before == stands(world)
