"""Numbers of GS1 with their check digits."""

COMPANY = "200"
"""A prefix that GS1 leaves to companies for use within their own walls."""


def check_digit(digits: str) -> int:
    """The last digit of a GTIN, GLN or SSCC (GS1 General Specifications, section 7.9)."""
    weighted = (int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return -sum(weighted) % 10


def gtin(item: int, level: int) -> str:
    """The 14 digits of an item's pack; `level` from 1 tells cases from pallets."""
    digits = f"{level}{COMPANY}{item:09d}"
    return f"{digits}{check_digit(digits)}"


def gln(place: int) -> str:
    """The 13 digits of a place."""
    digits = f"{COMPANY}{place:09d}"
    return f"{digits}{check_digit(digits)}"
