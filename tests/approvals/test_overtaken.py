"""Facts that come while a plan is made: it is saved and told, and promises nothing that is gone."""

from collections.abc import Iterator
from typing import Any

import pytest

from governance.plan_cases import APPROVED
from service import planning
from service.drift import drift
from service.governing import approving
from service.governing.approval_features import plan_document
from service.house import House
from service.plan_notices import notices_of_plan
from tests.approvals.conftest import (
    CHAIN,
    code,
    counted,
    pallet_plan,
    status,
    submitted,
    taking,
)


@pytest.fixture
def alone(house: House) -> Iterator[House]:
    """The world, whose pallet has eight widgets before and after."""
    yield house
    counted(house, 8)


def meanwhile(monkeypatch: pytest.MonkeyPatch, house: House, units: int) -> None:
    """While the next plans are made, the pallet is counted."""
    solved = planning.answer

    def late(*asked: Any) -> Any:
        counted(house, units)
        return solved(*asked)

    monkeypatch.setattr(planning, "answer", late)


def is_told(house: House, plan: str) -> bool:
    """Whether the plan comes with the word that it was overtaken, and with what to do."""
    notices = notices_of_plan(house, plan_document(house, plan))
    return any(f"`evenkeel drift {plan[:12]}`" in each for each in notices)


def test_a_plan_whose_stock_went_meanwhile_is_never_approved(
    alone: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, alone, units=2)
    plan = pallet_plan(alone)
    document = plan_document(alone, plan)
    assert taking(alone, plan)
    assert is_told(alone, plan)
    assert not drift(alone.store, document, alone.facts(CHAIN), alone.shipped).holds
    refused = code(lambda: approving.submit(alone, plan, "pia"))
    refused = refused or code(lambda: approving.approve(alone, plan, "fine", "ann"))
    assert refused
    assert not alone.reserved(CHAIN)


def test_a_plan_that_holds_on_what_came_meanwhile_is_approved(
    alone: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, alone, units=8)
    plan = submitted(alone)
    assert is_told(alone, plan)
    approving.approve(alone, plan, "fine", "ann")
    assert status(alone, plan) == APPROVED


def test_nothing_came_meanwhile(alone: House) -> None:
    assert not is_told(alone, pallet_plan(alone))
