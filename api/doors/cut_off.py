"""What becomes of a request that is not done when the service has ended: one plain answer."""

import asyncio
from threading import Event

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.doors.statuses import refusal
from service.doors.inbox import service_ending


class CutOff:
    """Answers requests that are cancelled once `ending` is set; 503, and nothing was taken.

    What was handed over to a queue before is finished all the same: sent again, it gets its
    first answer.
    """

    def __init__(self, app: ASGIApp, ending: Event) -> None:
        self._app = app
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; a cancellation that has another cause is not ours to answer."""
        has_begun = False

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if not self._ending.is_set():
                raise
            if not has_begun and scope["type"] == "http":
                await refusal(service_ending())(scope, receive, send)
