"""The two chains, each with a plan, and one service over them, for the whole package."""

from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import Driver

from api.app import create_app
from api.issuers import Issuer
from graph.settings import Settings
from service.decision import PlanRequest
from service.house import House, house_on
from service.permits.issuer_settings import IssuerSettings
from service.permits.service_tokens import ServiceTokens
from service.planning import make_plan
from tests.access.guarded_chain import FULL, OPEN, load_chains
from tests.api.conftest import TOKEN
from tests.api.issuing import AUDIENCE, IssuerAtWork, issuing
from tests.graph.conftest import empty_the_graph


@pytest.fixture(scope="package")
def house(database: Driver, tmp_path_factory: pytest.TempPathFactory) -> House:
    empty_the_graph(database)
    found = house_on(database, Settings(home=tmp_path_factory.mktemp("doors")))
    load_chains(found)
    for chain in (FULL, OPEN):
        make_plan(found, PlanRequest(chain))
    return found


@pytest.fixture(scope="package")
def at_work() -> Iterator[IssuerAtWork]:
    with issuing() as found:
        found.new_key("k1")
        yield found


@pytest.fixture(scope="package")
def known(house: House, at_work: IssuerAtWork) -> tuple[Any, ...]:
    """The ways in beside the local token."""
    settings = IssuerSettings(issuer=at_work.address, audience=AUDIENCE, jwks=at_work.address)
    issuer = Issuer(settings, lambda: house.persons)
    return ServiceTokens(house.settings.data_folder).caller_of, issuer.caller_of


@pytest.fixture(scope="package")
def app(house: House, known: tuple[Any, ...]) -> Any:
    return create_app(house, TOKEN, knows=known)
