"""Queries and mutations made of the schema: never a fault of the service, always a code."""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
import schemathesis
from graphql import (
    ArgumentNode,
    IntValueNode,
    Node,
    NullValueNode,
    ObjectFieldNode,
    StringValueNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from service.house import House
from tests.api.conftest import CHAIN
from tests.api.test_schema import GOLDEN

Case = Any
QUICK, WHOLE = 8, 110
"""Cases of each root field."""
LEAST_CASES = 5_000
FAMILIAR = 0.8
NAMED = {
    "chain": [CHAIN], "className": ["Item", "StockPosition", "Lane", "DemandOutcome"],
    "source": ["wms"], "item": ["widget", "vaccine"], "location": ["north", "south"],
    "key": ["acme", "north", "truck-ns"], "column": ["item", "onHandUnits", "key"],
    "uri": [f"{CHAIN}/Lane/truck-ns", f"{CHAIN}/Item/widget"],
    "id": [f"{CHAIN}/Item/widget", "event/2", f"chain/{CHAIN}"],
    "lane": ["truck-ns"], "of": ["cold-chain", "lane:truck-ns"],
}  # fmt: skip
"""What strings of these names are now and then, so that queries come further than a first look."""

PAGED = {"first": IntValueNode(value="2"), "after": NullValueNode()}
"""So that most lists are answered: a generated size or cursor nearly never is one."""

schemathesis.graphql.scalar("Date", st.dates().map(str).map(nodes.String))
schemathesis.graphql.scalar("DateTime", st.datetimes().map(lambda t: t.isoformat() + "Z").map(
    nodes.String))  # fmt: skip
schemathesis.graphql.scalar("BigInt", st.integers().map(nodes.Int))
schemathesis.graphql.scalar("JSON", st.text(max_size=5).map(nodes.String))
SCHEMA = schemathesis.graphql.from_file(GOLDEN.read_text("utf-8"))
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}


class Naming(Visitor):
    """Puts names that there are in place of generated ones."""

    def __init__(self, chance: random.Random, plan: str) -> None:
        super().__init__()
        self._chance = chance
        self._known = NAMED | {name: [plan] for name in ("plan", "digest", "lines", "before")}

    def leave_argument(self, node: ArgumentNode, *_: Any) -> Node:
        return self._named(node)

    def leave_object_field(self, node: ObjectFieldNode, *_: Any) -> Node:
        return self._named(node)

    def _named(self, node: ArgumentNode | ObjectFieldNode) -> Node:
        known = self._known.get(node.name.value)
        if node.name.value in PAGED and self._chance.random() < FAMILIAR:
            return replace(node, value=PAGED[node.name.value])
        if known and isinstance(node.value, StringValueNode) and self._chance.random() < FAMILIAR:
            return replace(node, value=StringValueNode(value=self._chance.choice(known)))
        return node


@pytest.mark.parametrize("label", OPERATIONS)
def test_queries_of_the_schema(
    address: str, session: requests.Session, plan: str, label: str
) -> None:
    """Some of each root field."""
    assert QUICK == sum(run(address, session, plan, label, QUICK).values())


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many_queries_of_the_schema(address: str, session: requests.Session, plan: str) -> None:
    """Over five thousand, of all root fields alike."""
    codes: Counter[str] = Counter()
    for label in OPERATIONS:
        found = run(address, session, plan, label, max(WHOLE, LEAST_CASES // len(OPERATIONS) + 1))
        codes += found
        print(f"{label}: {dict(found.most_common())}", flush=True)
    print(f"{sum(codes.values()):,} queries: {dict(codes.most_common())}")
    assert sum(codes.values()) >= LEAST_CASES


@pytest.fixture(scope="module")
def plan(house: House) -> str:
    """The digest of a plan."""
    return house.catalog.plans(CHAIN).rows[0].plan.digest


def run(
    address: str, session: requests.Session, plan: str, label: str, count: int
) -> Counter[str]:  # fmt: skip
    """Ask so many queries of a root field; the codes of their first errors by number."""
    codes: Counter[str] = Counter()
    chance = random.Random(label)

    def send(case: Case) -> None:
        document: Node = visit(parse(case.body), Naming(chance, plan))
        answer = session.post(f"{address}/graphql", json={"query": print_ast(document)}, timeout=90)
        codes[code_of(answer)] += 1

    _sending(OPERATIONS[label].as_strategy(), count, send)()
    return codes


def _sending(strategy: Any, count: int, send: Callable[[Case], None]) -> Callable[[], None]:
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])  # fmt: skip
    @given(strategy)
    def each(case: Case) -> None:
        send(case)

    return each


def code_of(answer: requests.Response) -> str:
    """The code of the first error, held to what every error is; empty where there is none."""
    assert answer.status_code < 500, answer.text
    errors = answer.json().get("errors", [])
    for error in errors:
        told = error["extensions"]
        asked = answer.request.body
        assert re.fullmatch(r"[A-Z][A-Z_0-9]+", told["code"]), error
        assert told["code"] != "INTERNAL", (asked, error)
        assert told["hint"], (asked, error)
        assert "Traceback" not in error["message"], asked
    return errors[0]["extensions"]["code"] if errors else ""
