"""Records found by several fields at once: a join of what is asked with what is stated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING
from rules.pairs import IntArray, Pairs, distinct, places


@dataclass(frozen=True, slots=True)
class Condition:
    """`stated`: (record, value), at most one value each; `asked`: (subject, value), any number.

    `word` and `open` are those of `rules.properties.Match`; values are codes of one space.
    """

    word: str
    open: bool
    asked: tuple[Pairs, ...]
    stated: Pairs


def meeting(subject_count: int, record_count: int, conditions: tuple[Condition, ...]) -> Pairs:
    """The (subject, record) pairs that meet every condition, ascending, each once."""
    stated = [_values(c.stated, record_count) for c in conditions]
    subject, asked = _alternatives(subject_count, [_united(c.asked) for c in conditions])
    first, alike = _alike(asked, len(subject))
    asked = [values[first] for values in asked]
    found = [_joined(asked, stated, rows, conditions) for rows in _patterns(conditions, stated)]
    at = np.concatenate([pair[0] for pair in found] or [np.zeros(0, np.int64)])
    record = np.concatenate([pair[1] for pair in found] or [np.zeros(0, np.int64)])
    by_question = distinct(Pairs("", at, record))
    starts = np.searchsorted(by_question.owner, np.arange(len(first) + 1))
    counts = np.diff(starts)[alike]
    code = by_question.code[places(starts[alike], counts)]
    return distinct(Pairs("", np.repeat(subject, counts), code))


def _united(several: tuple[Pairs, ...]) -> Pairs:
    owner = np.concatenate([pairs.owner for pairs in several])
    code = np.concatenate([pairs.code for pairs in several])
    return distinct(Pairs(several[0].space, owner, code))


def _values(pairs: Pairs, count: int) -> IntArray:
    values = np.full(count, MISSING, np.int64)
    values[pairs.owner] = pairs.code
    return values


def _alternatives(count: int, asked: list[Pairs]) -> tuple[IntArray, list[IntArray]]:
    """Every subject once for each combination of its values; MISSING where it has none."""
    subject = np.arange(count, dtype=np.int64)
    columns: list[IntArray] = []
    for pairs in asked:
        starts = np.searchsorted(pairs.owner, np.arange(count))
        stops = np.searchsorted(pairs.owner, np.arange(count), "right")
        # One more place at the end holds what stands for "has none".
        starts, counts = np.where(stops > starts, starts, len(pairs)), np.maximum(stops - starts, 1)
        code = np.append(pairs.code, MISSING)[places(starts[subject], counts[subject])]
        columns = [np.repeat(column, counts[subject]) for column in columns]
        subject = np.repeat(subject, counts[subject])
        columns.append(code)
    return subject, columns


def _alike(columns: list[IntArray], count: int) -> tuple[IntArray, IntArray]:
    ids = _identities(columns, count)
    _, first, alike = np.unique(ids, return_index=True, return_inverse=True)
    return first.astype(np.int64), alike.astype(np.int64)


def _identities(columns: list[IntArray], count: int) -> IntArray:
    ids = np.zeros(count, np.int64)
    for column in columns:
        values, rank = np.unique(column, return_inverse=True)
        ids = np.unique(ids * len(values) + rank, return_inverse=True)[1].astype(np.int64)
    return ids


def _patterns(conditions: tuple[Condition, ...], stated: list[IntArray]) -> list[IntArray]:
    """The records that can be met, in groups that leave the same fields empty."""
    empty = [values == MISSING for values in stated]
    usable = np.ones(len(stated[0]), np.bool_)
    for condition, missing in zip(conditions, empty, strict=True):
        if not condition.open:
            usable &= ~missing
    pattern = np.zeros(len(stated[0]), np.int64)
    for missing in empty:
        pattern = pattern * 2 + missing
    return [np.flatnonzero(usable & (pattern == kind)) for kind in np.unique(pattern[usable])]


def _joined(
    asked: list[IntArray],
    stated: list[IntArray],
    rows: IntArray,
    conditions: tuple[Condition, ...],
) -> tuple[IntArray, IntArray]:
    """(question, record) pairs among records that leave the same fields empty."""
    binding = [n for n, values in enumerate(stated) if values[rows[0]] != MISSING]
    keys = [n for n in binding if conditions[n].word == "equals"]
    count = len(asked[0])
    both = [np.concatenate([asked[n], stated[n][rows]]) for n in keys]
    ids = _identities(both, count + len(rows))
    order = np.argsort(ids[count:], kind="stable")
    sorted_ids = ids[count:][order]
    starts = np.searchsorted(sorted_ids, ids[:count])
    counts = np.searchsorted(sorted_ids, ids[:count], "right") - starts
    question = np.repeat(np.arange(count, dtype=np.int64), counts)
    record = rows[order[places(starts, counts)]]
    kept = np.ones(len(question), np.bool_)
    for n in binding:
        if conditions[n].word != "equals":
            kept &= _holds(conditions[n].word, stated[n][record], asked[n][question])
    return question[kept], record[kept]


def _holds(word: str, stated: IntArray, asked: IntArray) -> npt.NDArray[np.bool_]:
    known = asked != MISSING
    compared = {"differs": np.not_equal, "notAfter": np.less_equal, "notBefore": np.greater_equal}
    held: npt.NDArray[np.bool_] = known & compared[word](stated, asked)
    return held
