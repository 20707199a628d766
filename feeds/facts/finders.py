"""From the cells of a row to the value of one field."""

from collections.abc import Mapping, Sequence
from datetime import date

from feeds.facts.cells import Value
from feeds.facts.record_fields import FieldSpec
from feeds.limits import Limits
from feeds.mapping import FieldRule
from feeds.refusals import refusal, shown
from feeds.row_links import TEMPLATE_COLUMN, Link
from ontology.errors import InputError, Place
from ontology.ranges import Range
from ontology.word_lists import TextRule


def field_value(
    texts: tuple[str, ...], rule: FieldRule, spec: FieldSpec, limits: Limits
) -> Value | None:
    """What the cells of a field's columns say. Raises InputError with code and column."""
    try:
        return _value(texts, rule, spec, limits)
    except InputError as error:
        error.place = Place(column=error.place.column or rule.columns[0])
        raise


def _value(
    texts: tuple[str, ...], rule: FieldRule, spec: FieldSpec, limits: Limits
) -> Value | None:
    trimmed = [text.strip() for text in texts]
    for column, text in zip(rule.columns, texts, strict=True):
        if len(text) > limits.cell_characters:
            raise faulty(column, "CELL_TOO_LONG", f"the cell has {len(text)} characters, "
                      f"more than {limits.cell_characters}")  # fmt: skip
    if rule.link is not None:
        said = rule.link.read(trimmed[0])
        if said is not None or rule.field == rule.link.field:
            return _linked(rule, rule.link, said, trimmed[1:])
    for column, text in zip(rule.columns, trimmed, strict=True):
        if not text or text in rule.missing:
            return _blank(column, rule, spec)
    text = _filled(rule, trimmed) if rule.template else (trimmed if rule.trim else texts)[0]
    if rule.convert is None:
        raise ValueError(f"field `{rule.field}` has neither constant nor converter")
    value = rule.convert(text)
    _check(text, value, spec, limits)
    return value


def _check(text: str, value: Value, spec: FieldSpec, limits: Limits) -> None:
    """Raise InputError for a value of the right kind that the field cannot have."""
    if spec.kind.scalar is int and isinstance(value, int):
        _check_range(text, value, spec.range)
    if spec.words is not None:
        check_words(value, spec.words)
    if spec.past and limits.last_day is not None and isinstance(value, date):
        _check_past(value, limits.last_day)


def check_words(value: Value, words: TextRule) -> None:
    """Raise InputError where a text, or one of a list of texts, is none that its field allows."""
    for word in value if isinstance(value, tuple) else (value,):
        if isinstance(word, str) and not words.allows(word):
            raise refusal(words.code, f"{shown(word)} {words.against(word)}")


def _check_past(day: date, last: date) -> None:
    if day > last:
        raise refusal("DATE_FUTURE", f"`{day}` is after `{last}`, the last day that can have been")


def _check_range(text: str, value: int, allowed: Range) -> None:
    complaint = allowed.complaint(value)
    if complaint:
        low = {0: "NEGATIVE_QUANTITY", 1: "NOT_POSITIVE"}.get(allowed.least or 0, "OUT_OF_RANGE")
        below = allowed.least is not None and value < allowed.least
        raise refusal(low if below else "OUT_OF_RANGE", f"{shown(text)} {complaint}")


def _linked(
    rule: FieldRule, link: Link, said: Mapping[str, str] | None, shared: Sequence[str]
) -> Value | None:
    """What a reference makes of the three fields that its cell stands for."""
    if rule.field == link.word:
        return link.says
    if rule.field == link.number or said is None or rule.convert is None:
        return None
    return rule.convert(link.target(said, shared))


def _blank(column: str, rule: FieldRule, spec: FieldSpec) -> Value | None:
    if rule.blank == "refuse":
        raise faulty(column, "BLANK_CELL", "the cell is blank")
    default: Value | None = spec.default if rule.blank == "default" else None
    return default


def _filled(rule: FieldRule, texts: Sequence[str]) -> str:
    # A part that holds the separator could make one name of two different pairs.
    between = {part for part in TEMPLATE_COLUMN.split(rule.template)[2:-1:2] if part}
    for column, text in zip(rule.columns, texts, strict=True):
        for part in between:
            if part in text:
                raise faulty(column, "AMBIGUOUS_TEMPLATE", f"{shown(text)} holds the "
                          f"template's separator {shown(part)}")  # fmt: skip
    parts = iter(texts)
    return TEMPLATE_COLUMN.sub(lambda _match: next(parts), rule.template)


def faulty(column: str, code: str, what: str) -> InputError:
    """An error that sets a row aside, at one of its columns."""
    error = refusal(code, what)
    error.place = Place(column=column)
    return error
