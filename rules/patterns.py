"""What can be said of a regular expression without running it: a text for it, and what it costs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MOST_REPEATS = 8
OFTEN = 10
"""What is repeated so many times may be read in two to the power of so many ways."""
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
_CLASSES = {
    "CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a",
}  # fmt: skip


def sample_of(regex: re.Pattern[str]) -> str | None:
    """A text that the pattern matches; None where none was found, which proves nothing."""
    try:
        text = _text(_parser.parse(regex.pattern, regex.flags))
    except (_UnknownError, re.error):
        return None
    return text if regex.search(text) else None


class Supposed(str):
    """A text of which only is known which patterns it matches; there may be none such."""

    __slots__ = ("_matches",)
    _matches: Mapping[re.Pattern[str], bool]

    @classmethod
    def of(cls, text: str, matches: Mapping[re.Pattern[str], bool]) -> "Supposed":
        """The text, supposed to match so."""
        found = cls(text)
        found._matches = matches
        return found

    def is_matched(self, regex: re.Pattern[str]) -> bool:
        """Whether the pattern is supposed to match; one of which nothing is supposed is not."""
        return self._matches.get(regex, False)


def is_matched(regex: re.Pattern[str], value: object) -> bool:
    """Whether a pattern matches somewhere in a value's text."""
    if isinstance(value, Supposed):
        return value.is_matched(regex)
    return regex.search(str(value)) is not None


def texts(
    constants: Sequence[str], stem: str, fresh: int, patterns: Sequence[re.Pattern[str]]
) -> tuple[str, ...]:
    """The constants, and so many other texts for each way in which patterns may match.

    Where no text was found that matches in one of these ways, one is supposed: what holds for
    no such text holds for none, and what holds for it alone proves nothing.
    """
    found: dict[tuple[bool, ...], list[str]] = {}
    for text in _candidates(stem, fresh + len(constants), patterns):
        same = found.setdefault(tuple(is_matched(each, text) for each in patterns), [])
        if len(same) < fresh and text not in constants and text not in same:
            same.append(text)
    for way in product((True, False), repeat=len(patterns)):
        same = found.setdefault(way, [])
        matches = dict(zip(patterns, way, strict=True))
        for number in range(len(same), fresh):
            same.append(Supposed.of(f"{stem} like {way} {number}", matches))
    return (*constants, *(text for same in found.values() for text in same))


def _candidates(stem: str, count: int, patterns: Sequence[re.Pattern[str]]) -> Iterator[str]:
    samples = [text for text in map(sample_of, patterns) if text is not None]
    yield from (f"{stem} {number}" for number in range(1, count + 1))
    yield from samples
    for one in (*samples, ""):
        for other in (*samples, "0", "-"):
            yield one + other
            yield from (f"{one}{other}{number}" for number in range(1, count + 1))


def can_blow_up(regex: re.Pattern[str]) -> bool:
    """Whether what is repeated often can itself be read in several ways: `(a+)+`, `(a|aa)*`.

    It varies in how often it repeats, or two of its choices may begin alike. On a text that does
    not match, such a pattern may try exponentially many ways. Where that cannot be told, it can.
    """
    return _nested(_parser.parse(regex.pattern, regex.flags), within=False)


class _UnknownError(Exception):
    pass


def _nested(parsed: Any, *, within: bool) -> bool:
    for op, argument in parsed:
        often = False
        if str(op) in _REPEATS:
            least, most = int(argument[0]), int(argument[1])
            if within and least != most and most > 1:
                return True
            often = most >= OFTEN
        if within and str(op) == "BRANCH" and _begin_alike(argument[1]):
            return True
        if any(_nested(part, within=within or often) for part in _parts(str(op), argument)):
            return True
    return False


def _begin_alike(choices: Any) -> bool:
    """Whether two choices may begin with the same character."""
    seen: set[int] = set()
    for begins in (_in_lower_case(_beginnings(each)) for each in choices):
        if begins is None or seen & begins:
            return True
        seen |= begins
    return False


def _beginnings(parsed: Any) -> set[int] | None:
    """The characters with which a text begins that this matches; None where that is not told."""
    for op, argument in parsed:
        if str(op) == "LITERAL":
            return {argument}
        if str(op) == "IN":
            return _members(argument)
        if str(op) == "SUBPATTERN":
            return _beginnings(argument[3])
        if str(op) in _REPEATS and argument[0] > 0:
            return _beginnings(argument[2])
        return None
    return None


def _in_lower_case(codes: set[int] | None) -> set[int] | None:
    """A pattern may be told to ignore case."""
    return codes and {ord(chr(code).lower()[0]) for code in codes}


def _members(stated: Any) -> set[int] | None:
    found: set[int] = set()
    for op, argument in stated:
        if str(op) == "LITERAL":
            found.add(argument)
        elif str(op) == "RANGE" and argument[1] - argument[0] < 1_000:
            found |= set(range(argument[0], argument[1] + 1))
        else:
            return None
    return found


def _parts(op: str, argument: Any) -> list[Any]:
    if op in _REPEATS:
        return [argument[2]]
    if op == "SUBPATTERN":
        return [argument[3]]
    if op == "BRANCH":
        return list(argument[1])
    return [argument[1]] if op in ("ASSERT", "ASSERT_NOT") else []


def _text(parsed: Any) -> str:
    return "".join(_piece(str(op), argument) for op, argument in parsed)


def _piece(op: str, argument: Any) -> str:
    if op == "LITERAL":
        return chr(argument)
    if op == "NOT_LITERAL":
        return "a" if argument != ord("a") else "b"
    if op == "ANY":
        return "a"
    if op == "AT":
        return ""
    if op in _REPEATS:
        if argument[0] > MOST_REPEATS:
            raise _UnknownError
        return _text(argument[2]) * int(argument[0])
    if op == "SUBPATTERN":
        return _text(argument[3])
    if op == "BRANCH":
        return _text(argument[1][0])
    if op == "IN":
        return _member(argument)
    raise _UnknownError


def _member(members: Any) -> str:
    """A character of a class such as `[a-z]`; those that exclude are tried against a few."""
    (first, argument), rest = members[0], members[1:]
    if str(first) == "NEGATE":
        taken = {_member([each]) for each in rest}
        return next((text for text in "a0 -z" if text not in taken), "~")
    if str(first) == "LITERAL":
        return chr(argument)
    if str(first) == "RANGE":
        return chr(argument[0])
    return _CLASSES.get(str(argument), "a")
