"""A question about a table as a JSON document, in the words of the GraphQL inputs."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from ontology.errors import InputError
from service.asking.conditions import DEEPEST, Condition, Is
from service.asking.grouping import As, Key, Measure, Per
from service.asking.ordering import Order
from service.asking.questions import FactsOf, LinesOf, Selection, Source
from service.house import AsOf

_NAMES = frozenset({"facts", "lines", "where", "orderBy", "columns", "by", "measures", "having"})
Word = TypeVar("Word", bound=Enum)
Part = TypeVar("Part")


def question_from(document: object) -> tuple[Source, Selection]:
    """What is asked. Raises InputError `QUESTION_INVALID` with the place of what is wrong."""
    asked = _object(document, "the question", _NAMES)
    if ("facts" in asked) == ("lines" in asked):
        raise _invalid("a table is either `facts` or `lines`")
    selection = Selection(
        _condition(asked["where"], "where") if "where" in asked else None,
        _each(asked, "orderBy", _order), _each(asked, "columns", _text),
        _each(asked, "by", _key), _each(asked, "measures", _measure),
        _condition(asked["having"], "having") if "having" in asked else None,
        grouped="measures" in asked,
    )  # fmt: skip
    if {"by", "having"} & asked.keys() and not selection.grouped:
        raise _invalid("`by` and `having` are for `measures`")
    return _source(asked), selection


def _source(asked: Mapping[str, Any]) -> Source:
    if "lines" in asked:
        return LinesOf(_text(asked["lines"], "lines"))
    facts = _object(asked["facts"], "facts", {"chain", "className", "asOf"})
    as_of = _as_of(facts["asOf"]) if "asOf" in facts else None
    return FactsOf(_word(facts, "chain", "facts"), _word(facts, "className", "facts"), as_of)


def _as_of(value: object) -> AsOf:
    found = _object(value, "asOf", {"effective", "recorded", "recordedEvent"})
    event = found.get("recordedEvent")
    if event is not None and (isinstance(event, bool) or not isinstance(event, int)):
        raise _invalid("asOf: `recordedEvent` is the number of an event")
    times = {name: _time(found[name], name) for name in ("effective", "recorded") if name in found}
    if event is not None and "recorded" in times:
        raise _invalid("asOf: `recorded` and `recordedEvent` say the same in two ways")
    return AsOf(times.get("effective"), event if event is not None else times.get("recorded"))


def _time(value: object, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value, name))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _invalid(f"asOf: `{name}` is a time with its offset, as 2026-03-01T06:00:00Z")
    return found


def _condition(value: object, place: str, depth: int = 1) -> Condition:
    if depth > DEEPEST:
        raise _invalid(f"{place}: conditions stand deeper than {DEEPEST}")
    found = _object(value, place, {"column", "is", "values", "all", "any", "none"})
    joined = (
        tuple(_condition(one, f"{place}.{name}[{at}]", depth + 1)
              for at, one in enumerate(_list(found.get(name, []), f"{place}.{name}")))
        for name in ("all", "any", "none")
    )  # fmt: skip
    compared = _enum(Is, found["is"], f"{place}.is") if "is" in found else None
    column = _text(found.get("column", ""), f"{place}.column")
    values = _list(found.get("values", []), f"{place}.values")
    return Condition(
        column, compared, tuple(_text(one, f"{place}.values") for one in values), *joined
    )


def _order(value: object, place: str) -> Order:
    found = _object(value, place, {"column", "descending"})
    descending = found.get("descending", False)
    if not isinstance(descending, bool):
        raise _invalid(f"{place}: `descending` is true or false")
    return Order(_word(found, "column", place), descending)


def _key(value: object, place: str) -> Key:
    found = _object(value, place, {"column", "per"})
    per = _enum(Per, found["per"], f"{place}.per") if "per" in found else None
    return Key(_word(found, "column", place), per)


def _measure(value: object, place: str) -> Measure:
    found = _object(value, place, {"name", "told", "column"})
    told = _enum(As, found.get("told"), f"{place}.told")
    column = _text(found.get("column", ""), f"{place}.column")
    return Measure(_word(found, "name", place), told, column)


def _each(
    asked: Mapping[str, Any], name: str, read: Callable[[object, str], Part]
) -> tuple[Part, ...]:
    values = _list(asked.get(name, []), name)
    return tuple(read(one, f"{name}[{at}]") for at, one in enumerate(values))


def _object(value: object, place: str, names: frozenset[str] | set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"{place} is an object with {', '.join(sorted(names))}")
    if unknown := sorted(set(value) - names):
        raise _invalid(f"{place}: `{unknown[0][:60]}` means nothing here")
    return {name: part for name, part in value.items() if part is not None}


def _list(value: object, place: str) -> list[object]:
    if not isinstance(value, list):
        raise _invalid(f"{place} is a list")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise _invalid(f"{place} is text")
    return value


def _word(found: Mapping[str, Any], name: str, place: str) -> str:
    if not found.get(name):
        raise _invalid(f"{place}: `{name}` is missing")
    return _text(found[name], f"{place}.{name}")


def _enum(words: type[Word], value: object, place: str) -> Word:
    if not isinstance(value, str) or value not in words.__members__:
        raise _invalid(f"{place} is one of {', '.join(words.__members__)}")
    return words[value]


def _invalid(what: str) -> InputError:
    return InputError(what, code="QUESTION_INVALID", hint="see docs/graphql.md")
