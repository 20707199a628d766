"""Amounts as a person reads them: money, units and shares, from exact integers."""

MICRO_UNITS = 1_000_000


def money(scaled: int, scale: int = 1, currency: str = "") -> str:
    """`1,531.00 EUR` from an amount in 1/`scale` cents; what is finer than a cent stays visible."""
    whole = 100 * scale
    units, rest = divmod(abs(scaled), whole)
    places = len(str(whole)) - 1
    decimals = f"{rest:0{places}d}".rstrip("0").ljust(2, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{units:,}.{decimals}{' ' if currency else ''}{currency}"


def millionths(count: int, places: int = 2) -> str:
    """Millionths of a unit as units: `15.5`, with as many decimals as needed up to `places`."""
    text = f"{count / MICRO_UNITS:,.{places}f}"
    return text.rstrip("0").rstrip(".")


def share(per_million: int) -> str:
    """A share in millionths as per cent: `91.2 %`."""
    return f"{per_million / 10_000:.1f} %"


def count(number: int, one: str, many: str = "") -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
