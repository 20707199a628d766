"""The plan that the service's tests look at, made once."""

import pytest

from tests.service.planned import TWO_HUBS, Planned, planned


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """The plan of the shipped example."""
    return planned(TWO_HUBS, tmp_path_factory.mktemp("artifacts"))
