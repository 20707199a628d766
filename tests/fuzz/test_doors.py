"""Requests made of the OpenAPI document: every answer is described there, and none is a fault."""

import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.doors import openapi
from service.house import House
from tests.api.conftest import TOKEN
from tests.service.doors.served import rows

Case = Any
CHECKS = [content_type_conformance, response_headers_conformance, response_schema_conformance,
          status_code_conformance]  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(openapi.document())
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
QUICK, WHOLE = 60, 1_300
FAMILIAR = 0.7
KNOWN = {"chain": "two_hubs", "className": "StockPosition", "source": "wms", "file": "stock.csv"}
"""What generated requests name now and then, so that they come further than the first check."""


def test_the_document_names_every_door(house: House) -> None:
    """All that is routed is described, but GraphQL and the document; nothing else is."""
    routed = {
        (path, method.lower())
        for route in create_app(house, TOKEN, development=True).routes
        for path in [getattr(route, "path", "").replace(":path}", "}")]
        for method in getattr(route, "methods", ())
        if path not in {"/graphql", openapi.PATH}
    }
    described = {
        (path, method) for path, methods in openapi.document()["paths"].items()
        for method in methods
    }  # fmt: skip
    assert routed == described


def test_the_document_is_for_development(
    house: House, address: str, session: requests.Session
) -> None:
    """It is served there, and nowhere else."""
    assert openapi.document() == session.get(f"{address}{openapi.PATH}").json()
    routes = create_app(house, TOKEN).routes
    assert openapi.PATH not in {getattr(route, "path", "") for route in routes}


@pytest.mark.parametrize("label", OPERATIONS)
def test_requests_of_the_document(address: str, session: requests.Session, label: str) -> None:
    """Some hundreds of each door."""
    found = run(address, session, label, QUICK)
    assert found, "no request was sent"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("label", OPERATIONS)
def test_many_requests_of_the_document(address: str, session: requests.Session, label: str) -> None:
    """Together over five thousand."""
    found = run(address, session, label, WHOLE)
    print(f"{label}: {sum(found.values()):,} requests, {dict(sorted(found.items()))}")


def run(address: str, session: requests.Session, label: str, count: int) -> Counter[int]:
    """Send requests that follow the document, and as many that break it; statuses by number."""
    statuses: Counter[int] = Counter()
    chance = random.Random(label)

    def send(case: Case) -> None:
        if chance.random() < FAMILIAR:
            name_the_known(case)
        statuses[sent(address, session, case).status_code] += 1

    for mode in schemathesis.GenerationMode:
        with suppress(Unsatisfiable):  # a request without any input cannot break the document
            _sending(OPERATIONS[label].as_strategy(generation_mode=mode), count // 2, send)()
    return statuses


def name_the_known(case: Case) -> None:
    """Where a request names a thing, let it be one that there is; a file may be one that fits."""
    if isinstance(case.body, bytes) and len(case.body) % 2:
        case.body, case.media_type, case.headers = rows(len(case.body)), "text/csv", {}
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part |= {name: KNOWN[name] for name in part.keys() & KNOWN.keys()}
    if isinstance(case.body, dict) and isinstance(case.body.get("facts"), dict):
        facts = case.body["facts"]
        facts |= {name: KNOWN[name] for name in facts.keys() & KNOWN.keys()}


def _sending(strategy: Any, count: int, send: Callable[[Case], None]) -> Callable[[], None]:
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.generate])  # fmt: skip
    @given(strategy)
    def each(case: Case) -> None:
        send(case)

    return each


def sent(address: str, session: requests.Session, case: Case) -> requests.Response:
    """The answer to a request, held to the document and to what every answer is."""
    called = case.as_transport_kwargs(base_url=address)
    called["headers"] = {**called.get("headers", {}), **dict(session.headers)}
    with session.request(**called, stream=True, timeout=60) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            assert 200 == answer.status_code
            return answer
        answer.content  # noqa: B018 - reads it
    case.validate_response(answer, checks=CHECKS)
    refusal_is_told(answer)
    return answer


def refusal_is_told(answer: requests.Response) -> None:
    """No fault of ours, and a code, a hint and no traceback where it is a refusal."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    for error in answer.json()["errors"]:
        told = error["extensions"]
        assert re.fullmatch(r"[A-Z][A-Z_0-9]+", told["code"]), error
        assert told["hint"], error
        assert "Traceback" not in error["message"]
