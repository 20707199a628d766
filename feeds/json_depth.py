"""How deep a JSON text is nested, before a parser is trusted with it."""

import re

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def is_deeper(text: str, levels: int) -> bool:
    """Whether more than so many objects and lists stand in each other; no text makes it recurse."""
    depth = 0
    for mark in _STRING_OR_BRACKET.finditer(text):
        if mark[0][0] == '"':
            continue
        depth += 1 if mark[0] in "[{" else -1
        if depth > levels:
            return True
    return False
