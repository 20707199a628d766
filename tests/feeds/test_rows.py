"""Rows are read a column at a time; reading them one by one is the other way to the same."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.facts.encoded import encoded
from feeds.facts.identities import name_identities
from feeds.facts.ledger import Ledger, Refusal, Statement
from feeds.facts.rows import add_page, row_key
from feeds.formats import blocks
from feeds.formats.blocks import Block
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.result import FeedResult
from ontology.columns import Snapshot
from tests.feeds.small_feed import HEADER, ORDER, read_small, small_mapping

NAMES = HEADER.strip().split(",")
SOUND = ORDER.strip().split(",")
CELLS = [
    st.sampled_from([good, good, good, " ", "=1", "x" * 12, "-3", "never", "1/1/9999", "\x07"])
    for good in SOUND
]
LIMITS = Limits(cell_characters=10)
Said = Refusal | list[Statement]


def orders() -> FileRule:
    """The rule of a file whose rows state an order, and most of them a customer."""
    return next(rule for rule in small_mapping().files if rule.file == "orders.csv")


def said_of(blocks: Sequence[list[list[str]]], rule: FileRule) -> list[Said]:
    """What each row states, or why it is refused."""
    ledger, number = Ledger(), 1
    made = []
    for rows in blocks:
        made.append(Block(tuple(NAMES), rows, list(range(number, number + len(rows)))))
        number += len(rows)
    add_page(ledger, encoded(made, rule, LIMITS), rule, 0, LIMITS)
    name_identities(ledger)
    return [
        ledger.refusals.get(row)
        or [ledger.statement(stated, at) for stated, at in ledger.stated_by(row)]
        for row in range(ledger.rows)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(*CELLS).map(list) | st.just(["x"]) | st.just([]), max_size=6))
def test_rows_together_and_one_by_one_agree(rows: list[list[str]]) -> None:
    """Law: a row states, or is refused for, the same among others as by itself."""
    rule = orders()
    alone = [said for row in rows for said in said_of([[row]], rule)]
    assert alone == said_of([rows], rule)
    assert alone == said_of([rows[:2], rows[2:]], rule)


@settings(deadline=None)
@given(st.tuples(*CELLS).map(list))
def test_the_key_of_one_row(row: list[str]) -> None:
    """Law: a row has the key of what it states; one whose key cannot be read has none."""
    rule = orders()
    [said] = said_of([[row]], rule)
    key = row_key(rule.principal, NAMES, row, LIMITS)
    is_readable = row[0] not in {" ", "=1", "x" * 12, "-3", "\x07"}
    assert ((row[0],) if is_readable else None) == key
    assert isinstance(said, Refusal) or said[0].key == key


FAULTY = st.lists(
    st.builds(
        "{},{},{},{},{},5/26/13,,1,{}\n".format,
        st.sampled_from(["O1", "O2", "O3", "O4", "O5", "O6", "=x", ""]),
        st.sampled_from(["widget", "widget", "gizmo"]),
        st.sampled_from(["ACME", "BOLT", ""]),
        st.sampled_from(["DE", "DE", "FR", ""]),
        st.sampled_from(["1", "1", "2", "-1"]),
        st.sampled_from(["FAST", "FAST", "ODD"]),
    )
    | st.sampled_from(["\n", "ragged,row\n", '"two\nlines",x,y\n']),
    max_size=12,
)


def everything(result: FeedResult) -> list[object]:
    """All that a reading says, the order of quarantined rows included."""
    quarantined = [column.tolist() for column in result.quarantined.columns.values()]
    sources = {name: places.tolist() for name, places in result.sources.items()}
    return [
        Snapshot(0, result.tables).digest, sources, result.files, quarantined,
        dict(result.counts), result.digest,
    ]  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=FAULTY, size=st.integers(1, 4))
def test_the_size_of_blocks_is_no_input(rows: list[str], size: int, tmp_path: Path) -> None:
    """Law: blocks of a few rows give the same facts, accounts and refused rows as one block."""
    files: dict[str, str | bytes] = {"orders.csv": HEADER + "".join(rows)}
    whole = everything(read_small(tmp_path, files))
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(blocks, "BLOCK_ROWS", size)
        assert whole == everything(read_small(tmp_path, files))
