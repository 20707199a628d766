"""Connections of the service's socket: taken from the first moment, and sent to at once."""

import socket

from uvicorn import Config

from api.serving import listening


async def _application(*_: object) -> None:
    """Never called."""


def test_connections_send_at_once() -> None:
    """One is taken before the server runs; what it is given to send, it sends (TCP_NODELAY)."""
    with (
        listening(Config(_application, port=0, log_level="warning")) as found,
        socket.create_connection(found.getsockname()),
        found.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
