"""Strategies: any record of any class, within the ranges that columns hold."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from ontology.terms import FieldKind, field_kinds
from ontology.vocabulary import RECORDS

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=4)
SCALARS: dict[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(-(2**63) + 1, 2**63 - 1),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def values_of(kind: FieldKind) -> st.SearchStrategy[Any]:
    """Values that one field may hold."""
    if kind.many:
        return st.lists(TEXTS, max_size=3).map(tuple)
    return st.none() | SCALARS[kind.scalar] if kind.optional else SCALARS[kind.scalar]


def records_of(name: str) -> st.SearchStrategy[Any]:
    """Records of one class."""
    kinds = field_kinds(RECORDS[name])
    return st.builds(RECORDS[name], **{k: values_of(kind) for k, kind in kinds.items()})
