"""Currencies and what they cost in euro, month by month; plans are reckoned in euro."""

from datetime import date

from ontology.governance import Currency, ExchangeRate

MONEY = {"GB": "GBP", "CH": "CHF"}
"""The currency of the suppliers of a country; all others ask for euro."""
CURRENCIES = (
    Currency("EUR", "Euro"), Currency("GBP", "Pound sterling"), Currency("CHF", "Swiss franc"),
)  # fmt: skip
_PARTS = 10_000
_MONTHS = (
    *(date(2025, month, 1) for month in range(3, 13)),
    date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 27),
)  # fmt: skip
_EURO_FOR_A_POUND = (12_110, 11_940, 11_760, 11_880, 11_650, 11_560, 11_540, 11_460, 11_380,
                     11_410, 11_470, 11_500, 11_480)  # fmt: skip
_FRANCS_FOR_A_EURO = (9_400, 9_560, 9_370, 9_350, 9_345, 9_300, 9_370, 9_350, 9_280, 9_330,
                      9_310, 9_290, 9_320)  # fmt: skip


def exchange_rates() -> list[ExchangeRate]:
    """Made-up but likely rates, dated: pounds are stated in euro, the euro in francs."""
    pounds = [
        ExchangeRate("GBP", "EUR", day, rate, _PARTS)
        for day, rate in zip(_MONTHS, _EURO_FOR_A_POUND, strict=True)
    ]
    francs = [
        ExchangeRate("EUR", "CHF", day, rate, _PARTS)
        for day, rate in zip(_MONTHS, _FRANCS_FOR_A_EURO, strict=True)
    ]
    return pounds + francs


def in_currency(micros: int, currency: str) -> int:
    """Euro in another currency at the latest rate, rounded up to whole cents (10,000 micros)."""
    if currency == "GBP":
        micros = micros * _PARTS // _EURO_FOR_A_POUND[-1]
    elif currency == "CHF":
        micros = micros * _FRANCS_FOR_A_EURO[-1] // _PARTS
    return -(-micros // 10_000) * 10_000
