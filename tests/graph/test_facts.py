"""Laws of a fact's parameters: column by column they are what each cell says, in order."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from graph import facts
from graph.facts import fact_rows, kinds_of
from graph.feed_nodes import Batch, made_ahead
from ontology.columns import Table, cell, column_of
from ontology.terms import FieldKind
from ontology.vocabulary import FACTS

VALUES: dict[type, list[Any]] = {
    str: ["a", None, "b/ü", "", "a"], int: [1, None, -(2**53), 0, 7], bool: [True, False] * 3,
    date: [date(2026, 2, 28), None, date(1970, 1, 1), date(9999, 12, 31), None],
    datetime: [datetime(2026, 2, 28, 7, 1, 2, 3, UTC), None] * 3,
}  # fmt: skip


def sampled(name: str) -> Table:
    """Five rows of a class that state, miss and repeat values of every kind of field."""

    def column(kind: FieldKind) -> Any:
        values = [(), ("x",), ("x", "y/z"), (), ("ü",)] if kind.many else VALUES[kind.scalar][:5]
        return column_of(values, kind)

    return Table(name, {field: column(kind) for field, kind in kinds_of(name).items()})


@pytest.mark.parametrize("name", sorted(FACTS))
def test_whole_columns_say_what_each_cell_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters are made from columns, some rows at once: values and row numbers stay."""
    monkeypatch.setattr(facts, "ROWS_AT_ONCE", 2)
    table, kinds = sampled(name), kinds_of(name)
    origins = np.array([[0, 2], [-1, -1], [0, 3], [1, 2], [0, 4]])
    rows = list(fact_rows("c", table, np.arange(len(table)), origins, ("one.csv", "two.csv")))
    said = [
        {field: cell(table[field][row], kind) for field, kind in kinds.items()} for row in range(5)
    ]
    assert [facts.node_fields(stated) for stated in said] == [row["fields"] for row in rows]
    assert [facts.content_of(name, stated) for stated in said] == [row["content"] for row in rows]
    assert [0, 1, 2, 3, 4] == [row["row"] for row in rows]
    assert table.keys.tolist() == [row["key"] for row in rows]
    assert [("one.csv", 2), ("", 0), ("one.csv", 3), ("two.csv", 2), ("one.csv", 4)] == [
        (row["source_file"], row["source_row"]) for row in rows
    ]


def test_batches_made_ahead_are_the_same_in_the_same_order() -> None:
    """Nothing is lost, doubled or swapped, and an error arrives where its batch would have."""

    def made(upto: int) -> Iterator[Batch]:
        for number in range(upto):
            yield "Item", [{"row": number}]
        raise LookupError

    batches = made_ahead(made(5))
    assert [("Item", [{"row": number}]) for number in range(5)] == [next(batches) for _ in range(5)]
    with pytest.raises(LookupError):
        next(batches)
