"""A chain on which people overrode, exposed and discarded, with hostile texts in their reasons."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from neo4j import Driver

from graph.settings import Settings
from ontology.edits import Edit
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.permits.exposures import Exposures
from service.planning import make_plan
from service.reporting.period import Period
from service.stewardship.quarantine import discard
from tests.graph.conftest import empty_the_graph

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u202eevil"
MAPPING = """
format: evenkeel-mapping/1
chain: other
source: erp
version: 1
known: []
files: [{file: items.csv, principal: {class: Item, fields: by_header}}]
"""


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two chains, a plan, an edited one, a row discarded, and an answer that took a clearance."""
    empty_the_graph(database)
    home = tmp_path_factory.mktemp("reports")
    found = house_on(database, Settings(home=home))
    load_example(found, "two_hubs")
    first = make_plan(found, PlanRequest("two_hubs")).document
    edit = Edit("widget", lane="truck-ns", kind="cap", units=2, reason=HOSTILE)
    make_plan(found, PlanRequest("two_hubs", edits=(edit,), previous=first["plan_digest"]))
    (home / "m.yaml").write_text(MAPPING)
    (home / "items.csv").write_text("id,shelf_life_days\ntea,3\nrice,many\n")
    loaded = sync(found, [home / "items.csv"], home / "m.yaml", Delivery("local", "first"))
    assert loaded.event is not None
    discard(found, loaded.event.sequence, [], reason=HOSTILE, agent="local")
    seen = Exposures()
    seen.note("two_hubs", "Supplier", ["acme"], ["name"])
    seen.log(found, "local", "graphql")
    return found


@pytest.fixture
def period() -> Period:
    """Yesterday and today, so that midnight may pass."""
    today = datetime.now(UTC).date()
    return Period(today - timedelta(days=1), today)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a page goes."""
    return tmp_path / "report.html"
