"""Names that a caller makes up cost the service nothing that stays."""

import gc
import tracemalloc
from typing import Any

from anyio.from_thread import BlockingPortal

from service.house import House
from tests.access.doors.asking import person
from tests.api.conftest import Client

LONG = 50_000
"""Characters of a made-up name; a request may hold four times as many."""
ASKED = (
    "query($c: String!) { items(chain: $c) { edges { node { key } } } }",
    "query($c: String!) { plans(chain: $c) { edges { node { digest } } } }",
    'query($c: String!) { rows(of: {facts: {chain: $c, className: "Item"}}) { totalCount } }',
    'query($c: String!) { kpis(chain: $c, ids: ["stock-units"]) { __typename } }',
    "query($c: String!) { fact(uri: $c) { __typename } }",
)  # fmt: skip


def test_nothing_is_kept_of_chains_that_no_feed_has_named(
    house: House, app: Any, portal: BlockingPortal
) -> None:
    """However many names a caller with a grant on all chains asks for; by GraphQL and exports."""
    client = Client(portal, app, person(house, "curious", "analyst")[0])

    def ask(name: str) -> None:
        for query in ASKED:
            said = {"query": query, "variables": {"c": name}}
            answer = client.post("/graphql", json=said)
            assert "INTERNAL" not in answer.text, query
        asked = {"facts": {"chain": name, "className": "Item"}}
        assert client.post("/exports/csv", json=asked).status_code < 500
        assert client.send("GET", f"/changes?chain={name[:1_000]}").status_code == 404

    def kept(names: range) -> int:
        for number in names:
            ask(f"{number:_>{LONG}}")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = kept(range(3))
        assert kept(range(3, 9)) - before < 2 * LONG
    finally:
        tracemalloc.stop()
