"""Numbers in plain digits: no exponent, and zero has no sign."""

from decimal import Decimal

_LARGEST_SHIFT = 40


def number_text(text: str) -> str:
    """A number without an exponent, unless that takes more than 40 digits; zero has no sign."""
    if "e" in text or "E" in text:
        number = Decimal(text)
        if abs(number.adjusted()) < _LARGEST_SHIFT:
            text = format(number, "f")
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
