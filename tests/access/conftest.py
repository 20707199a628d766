"""One event loop for the services under test."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal


@pytest.fixture(scope="package")
def portal() -> Iterator[BlockingPortal]:
    """One event loop in a thread of its own."""
    with start_blocking_portal() as found:
        yield found
