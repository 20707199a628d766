"""Names of facts as a plan states them: `Class/natural key`, the chain left out."""

from collections.abc import Iterable
from typing import Any

from ontology.terms import join_key


def fact(name: str, *key: Any) -> str:
    """The address of one fact: `StockPosition/widget/north/L1`."""
    return f"{name}/{join_key(key)}"


def stated(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is missing."""
    return {name: value for name, value in row.items() if value is not None}


def numbered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in order, each with its `number`, from 1."""
    return [{"number": number, **stated(row)} for number, row in enumerate(rows, 1)]
