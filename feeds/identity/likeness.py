"""How alike two names or two numbers are, and in which way they are not the same."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from ontology.gs1 import check_digit

LEGAL_FORMS = frozenset({
    "ab", "ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "kg",
    "limited", "llc", "llp", "ltd", "nv", "oy", "plc", "private", "pty", "pvt", "sa", "sarl",
    "spa", "srl",
})  # fmt: skip
"""Words that say how a company is owned, not which it is."""

_GTIN_DIGITS = frozenset({8, 12, 13, 14})
_ROMAN = re.compile("(?=.)x{0,3}(ix|iv|v?i{0,3})")
_PIECES = re.compile(r"\d+|[^\W\d_]+")


@lru_cache(maxsize=1 << 16)
def words_of(name: str) -> tuple[str, ...]:
    """The words and numbers of a name in order: no accents, capitals, marks or legal forms."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    found = _PIECES.findall(plain)
    return tuple(word for word in found if word not in LEGAL_FORMS) or tuple(found)


@lru_cache(maxsize=1 << 16)
def _trigrams(name: str) -> frozenset[str]:
    padded = [f"  {word} " for word in words_of(name)]
    return frozenset(text[at : at + 3] for text in padded for at in range(len(text) - 2))


def name_percent(one: str, other: str) -> int:
    """How alike two names are, 0 to 100: Dice's share of the trigrams that both have."""
    mine, yours = _trigrams(one), _trigrams(other)
    if not mine or not yours:
        return 0
    return 200 * len(mine & yours) // (len(mine) + len(yours))


def numbers_of(name: str) -> Counter[str]:
    """The numbers in a name, Roman ones too: plant 3 is not plant 7, however alike the names."""
    return Counter(
        word.lstrip("0") or "0" if word.isdigit() else word
        for word in words_of(name)
        if word.isdigit() or (_ROMAN.fullmatch(word) and word not in {"i", "x", "v"})
    )


def gs1_number(text: str) -> str:
    """A GTIN or GLN with a right check digit in its form of 14 digits, else nothing."""
    digits = text.strip()
    if len(digits) not in _GTIN_DIGITS or not (digits.isascii() and digits.isdigit()):
        return ""
    return digits.zfill(14) if int(digits[-1]) == check_digit(digits[:-1]) else ""


def right_number(text: str) -> str:
    """A number as long as a GTIN or GLN with the check digit that it should have, else nothing."""
    digits = text.strip()
    if len(digits) not in _GTIN_DIGITS - {8} or not (digits.isascii() and digits.isdigit()):
        return ""
    return digits[:-1] + str(check_digit(digits[:-1]))


def look_alike(one: str, other: str) -> str:
    """In which way two unequal numbers look the same; nothing where they do not.

    They are never taken for equal: the words are for the person who decides.
    """
    if one == other or not (_is_number(one) and _is_number(other)):
        return ""
    short, long = sorted((one, other), key=len)
    if one.lstrip("0") == other.lstrip("0"):
        return f"`{one}` and `{other}` differ in leading zeros"
    if len(long) == len(short) + 1 and long[:-1] == short and _checks(long):
        return f"`{long}` is `{short}` with a check digit"
    if one[:-1] == other[:-1] and _checks(one) != _checks(other):
        wrong = other if _checks(one) else one
        right = check_digit(wrong[:-1])
        return f"the check digit of `{wrong}` would be {right}: it may be a slip of the pen"
    return ""


def _is_number(text: str) -> bool:
    return len(text) > 2 and text.isascii() and text.isdigit()


def _checks(number: str) -> bool:
    return int(number[-1]) == check_digit(number[:-1])
