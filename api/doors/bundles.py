"""The door of proofs for partners: GET /plans/{digest}/partners/{class}/{name}."""

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.answers import internal_error
from api.callers import caller_of
from api.doors.statuses import refusal
from ontology.errors import EvenkeelError
from service.access import Access, Caller
from service.budgets import Budgets
from service.doors.concerns import Partner
from service.doors.own_lines import bundle_of
from service.house import House

PATH = "/plans/{digest}/partners/{kind}/{name:path}"
COST = 5_000
"""So many fields does a bundle count as: all lines of the plan are hashed for it."""
MOST_AT_ONCE = 2
MEDIA_TYPE = "application/json"


class BundlesDoor:
    """Gives a partner its own lines of a plan, with the proof that they are all of them."""

    def __init__(self, house: House, access: Access, budgets: Budgets) -> None:
        self._house, self._access, self._budgets = house, access, budgets
        self._threads = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def fetch(self, request: Request) -> Response:
        """The file that `evenkeel log partner` writes; a verifier needs it and the log's key."""
        try:
            caller, asked = caller_of(request), request.path_params
            partner = Partner.of(f"{asked['kind']}/{asked['name']}")
            self._budgets.spend(caller.person, COST)
            made = await to_thread.run_sync(
                self._made, caller, str(asked["digest"]), partner, limiter=self._threads
            )
        except EvenkeelError as error:
            return refusal(error)
        except Exception as error:  # noqa: BLE001 - the last line of defence: logged, not shown
            return refusal(internal_error(error))
        return Response(made, media_type=MEDIA_TYPE)

    def _made(self, caller: Caller, digest: str, partner: Partner) -> bytes:
        return bundle_of(self._house, self._access.sight(caller), digest, partner)
