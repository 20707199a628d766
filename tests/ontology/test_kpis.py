"""The definitions of key figures: versioned, and never changed under the same version."""

import hashlib

from ontology.kpis import DECIMALS, DEFINITIONS
from ontology.terms import key_of

STATED = {
    "carrying-cost/1": "f7dfef1fc40e9c2b",
    "cycle-service-level/1": "93d71f19b91cedb9",
    "days-of-cover/1": "bce38f2ae94fd365",
    "expected-waste-value/1": "39c23333bb0ea7d9",
    "expected-waste/1": "0278b675f694dd8f",
    "expired-stock/1": "86a17c3ead3dd8f9",
    "expired-value/1": "0c7dacbe32a68d07",
    "fill-rate/1": "97fea45262a8f35a",
    "landed-cost/2": "f961d8f124790302",
    "on-time-in-full/1": "835bab87ae47d2e7",
    "plan-adherence/2": "cf2d0ae04fec5451",
    "stockout-days/1": "17503b2ef502999f",
    "transfer-latency/1": "af5c49f386f478e5",
    "transfers/1": "ffaa4bda97b9f155",
    "turns/1": "7ce40f118abd144a",
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_definition_keeps_its_words_within_a_version() -> None:
    """Words, formula and unit of a version are fixed: a change of them is a new version."""
    found = {
        key_of(d): digest(f"{d.title}\n{d.formula}\n{d.unit}") for d in DEFINITIONS
    }  # fmt: skip
    assert STATED == found


def test_every_unit_is_written_with_stated_decimals() -> None:
    """Each definition's unit says how many decimals its value is written with."""
    assert set() == {d.unit for d in DEFINITIONS} - DECIMALS.keys()


def test_each_figure_is_defined_once() -> None:
    """No two definitions in force share an id."""
    assert len(DEFINITIONS) == len({d.id for d in DEFINITIONS})
