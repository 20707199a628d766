"""The regional example as shipped, generated once, and a small one of another size."""

from collections.abc import Mapping

import pytest

from examples.regional_network import generate
from ontology.columns import Table

Tables = Mapping[str, Table]
SMALL = {"items": 120, "seed": 7, "days": 56, "pairs_per_item": 3}


@pytest.fixture(scope="session")
def shipped() -> Tables:
    """The example at its own size."""
    return generate()


@pytest.fixture(scope="session")
def small() -> Tables:
    """A small one, of another seed."""
    return generate(**SMALL)


@pytest.fixture(scope="session", params=["shipped", "small"])
def tables(request: pytest.FixtureRequest) -> Tables:
    """Both in turn: for laws that hold at any size."""
    found: Tables = request.getfixturevalue(request.param)
    return found
