"""What who delivers is told of what comes of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from service.doors.registered import register
from service.house import House
from service.permits.exposures import every_exposure
from tests.access.doors.asking import CLEARED, EPOCH, person, told
from tests.access.guarded_chain import FULL, OPEN
from tests.api.conftest import Client
from tests.service.doors.served import MAPPING

LESS = b"item,location,lot,units\nwidget,north,N1,1\n"
DRY = ('mutation { syncFeed(input: {source: "SOURCE", dryRun: true, text: "item,location,lot,units'
       '\\nwidget,north,N1,1\\n"}) { ... on FeedSynced { plan { plan } account } } }')  # fmt: skip


def _source(house: House, folder: Path, name: str, chain: str) -> None:
    path = folder / "mapping.yaml"
    path.write_text(MAPPING.replace("SOURCE", name).replace("two_hubs", chain))
    register(house.settings.data_folder, path)


@pytest.mark.parametrize("roles", [("integrator",), ("integrator", "partner"),
                                   ("integrator", "analyst")])  # fmt: skip
def test_what_becomes_of_plans_is_told_to_who_may_see_it(
    house: House, app: Any, portal: BlockingPortal, tmp_path: Path, roles: tuple[str, ...]
) -> None:
    """A rehearsed delivery: the plan only with `plans.read` and `plans.explain` of the whole."""
    _source(house, tmp_path, "tries", OPEN)
    name = "tries as " + " and ".join(roles)
    secret, _ = [person(house, name, role) for role in roles][-1]
    client, media = Client(portal, app, secret), {"Content-Type": "text/csv"}
    by_http = client.post("/feeds/tries?dry_run=1", content=LESS, headers=media).json()
    by_graphql = told(client, DRY.replace("SOURCE", "tries"))["data"]["syncFeed"]
    assert by_http["differences"]
    is_shown = "analyst" in roles
    assert [is_shown] * 3 == [plan is not None for plan in (
        by_http["plan"], by_graphql["plan"], by_graphql["account"]["plan"])]  # fmt: skip
    digest = house.catalog.plans(OPEN).rows[0].plan.digest
    assert is_shown == (digest in json.dumps([by_http, by_graphql]))


def test_an_account_that_took_a_clearance_is_in_the_log(
    house: House, app: Any, portal: BlockingPortal, tmp_path: Path
) -> None:
    """Of a delivery to a labelled chain; by HTTP as by GraphQL, before it is sent."""
    _source(house, tmp_path, "cleared", FULL)
    secret, who = person(house, "cleared to deliver", "integrator", **CLEARED)
    client, media = Client(portal, app, secret), {"Content-Type": "text/csv"}
    doors = ["/feeds", "/graphql"]
    assert 200 == client.post("/feeds/cleared?dry_run=1", content=LESS, headers=media).status_code
    told(client, DRY.replace("SOURCE", "cleared"))
    shown = [event.payload for event in every_exposure(house, EPOCH) if event.agent == who]
    assert doors == [one["door"] for one in shown]
    assert {FULL} == {one["chain"] for event in shown for one in event["shown"]}
