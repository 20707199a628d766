"""The door of proofs for partners: each its own lines, and nobody learns of others'."""

import json
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal

from graph.transparency.log_verifier import verify
from service.decision import PlanRequest
from service.house import House
from service.permits.exposures import every_exposure
from service.planning import make_plan
from service.transparency import checkpoint, event_of_plan, keys_of, partners_of, signed_bundle
from tests.access.doors.asking import CLEARED, EPOCH, person
from tests.access.guarded_chain import BASE, FULL, SECRET_SUPPLIER, planted
from tests.api.conftest import TOKEN, Client
from tests.api.test_limits import code_of


@pytest.fixture(scope="module")
def digest(house: House) -> str:
    """A plan that acme has lines of, under a signed checkpoint."""
    found = make_plan(house, PlanRequest(BASE)).saved.digest
    checkpoint(house, "local")
    assert "Supplier/acme" in partners_of(house, event_of_plan(house, found))
    return found


Fetch = Any


@pytest.fixture(scope="module")
def fetch(house: House, app: Any, portal: BlockingPortal) -> Fetch:
    """Asks for a partner's lines of a plan, as a person of a role, or as the owner."""

    def asked(plan: str, partner: str, role: str = "", **limits: Any) -> httpx.Response:
        name = f"{role} {json.dumps(limits)}"
        token = person(house, name, role, **limits)[0] if role else TOKEN
        return Client(portal, app, token).send("GET", f"/plans/{plan}/partners/{partner}")

    return asked


def test_a_partner_fetches_its_own_lines_and_can_check_them(
    house: House, fetch: Fetch, digest: str
) -> None:
    """What the command writes, byte for byte: all lines of the partner, proved in the log."""
    answer = fetch(digest, "Supplier/acme", "partner", suppliers=("acme", "other"))
    assert 200 == answer.status_code, answer.text
    assert signed_bundle(house, event_of_plan(house, digest), "Supplier/acme") == answer.content
    found = verify(answer.content, [text for *_, text in keys_of(house, "local")[1]])
    assert ("partner", "Supplier/acme") == (found["proves"], found["partner"])
    assert found["lines"]


@pytest.mark.parametrize(("role", "limits"), [
    ("partner", {"suppliers": ("other",)}),
    ("partner", {"suppliers": ("acme",), "regions": ("north",)}),
    ("partner", {"suppliers": ("acme",), "families": ("hardware",)}),
    ("analyst", {"suppliers": ("acme",)}), ("analyst", {}), ("integrator", {}), ("operator", {}),
    ("approver", {"regions": ("north",)}), ("partner", {"suppliers": ("acme",), "chain": FULL}),
])  # fmt: skip
def test_nobody_fetches_what_is_not_its_own(
    fetch: Fetch, digest: str, role: str, limits: dict[str, Any]
) -> None:
    """The same words whether or not there is such a plan, or such a partner."""
    asked = ((digest, "Supplier/acme"), ("0" * 64, "Supplier/acme"), (digest, "Supplier/nobody"),
             (digest, "Carrier/acme"))  # fmt: skip
    found = [fetch(*one, role, **limits) for one in asked]
    assert [403] * 4 == [one.status_code for one in found]
    assert 1 == len({one.content for one in found})


def test_who_sees_the_whole_plan_fetches_any(fetch: Fetch, digest: str) -> None:
    """Who may prove the log, and sees all; what there is not is said so."""
    for role in ("approver", "governor", ""):
        assert 200 == fetch(digest, "Supplier/acme", role).status_code
        refused = [fetch(digest, name, role) for name in ("Supplier/nobody", "Nobody/acme")]
        codes = [(one.status_code, code_of(one)) for one in refused]
        assert [(404, "PARTNER_UNKNOWN"), (400, "QUERY_PARAMETER")] == codes
    assert 404 == fetch("0" * 64, "Supplier/acme").status_code


def test_a_line_that_is_hidden_is_in_no_bundle(house: House, fetch: Fetch) -> None:
    """Who is limited to a labelled supplier needs its clearance, too; it is noted, then shown."""
    checkpoint(house, "local")
    plan, partner = house.catalog.plans(FULL).rows[-1].plan.digest, f"Supplier/{SECRET_SUPPLIER}"
    limits = {"suppliers": (SECRET_SUPPLIER,), "chain": FULL}
    assert 403 == fetch(plan, partner, "partner", **limits).status_code
    before = len(list(every_exposure(house, EPOCH)))
    assert planted(fetch(plan, partner, "partner", **limits, **CLEARED).content)
    (shown,) = list(every_exposure(house, EPOCH))[before:]
    assert ("/plans", "Purchase") == (shown.payload["door"], shown.payload["shown"][0]["class"])
