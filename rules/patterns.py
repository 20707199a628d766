"""What can be said of a regular expression without running it: a text for it, and what it costs."""

import re
from re import _constants as known  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MOST_REPEATS = 8
_UNBOUNDED = int(known.MAXREPEAT)
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


def can_blow_up(regex: re.Pattern[str]) -> bool:
    """Whether something that repeats without end is itself repeated without end: `(a+)+`.

    On a text that does not match, such a pattern may try exponentially many ways.
    """
    return _nested(_parser.parse(regex.pattern, regex.flags), within=False)


class _UnknownError(Exception):
    pass


def _nested(parsed: Any, *, within: bool) -> bool:
    for op, argument in parsed:
        repeats = str(op) in ("MAX_REPEAT", "MIN_REPEAT")
        endless = repeats and int(argument[1]) == _UNBOUNDED
        if endless and within:
            return True
        if any(_nested(part, within=within or endless) for part in _parts(str(op), argument)):
            return True
    return False


def _parts(op: str, argument: Any) -> list[Any]:
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
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
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
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
