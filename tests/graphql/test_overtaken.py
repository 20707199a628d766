"""Over GraphQL a plan says whether facts came after those that it was made from."""

from pathlib import Path

from tests.graphql.conftest import Ask
from tests.graphql.test_killed import deliver
from tests.graphql.world import CHAIN, World


def test_a_made_plan_says_whether_it_is_overtaken(ask: Ask, world: World, tmp_path: Path) -> None:
    """The same plan asked for again after a delivery, by the key of the request, says so."""
    query = """mutation($input: PlanInput!) { makePlan(input: $input) {
        ... on PlanMade { overtaken plan { digest } } } }"""
    asked = {"chain": CHAIN, "startsOn": "2026-03-02", "idempotencyKey": "overtaken"}
    first = ask(query, input=asked)["makePlan"]
    deliver(world.house, tmp_path, "LATE")
    again = ask(query, input=asked)["makePlan"]
    assert first["plan"] == again["plan"]
    assert (False, True) == (first["overtaken"], again["overtaken"])
