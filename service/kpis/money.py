"""Amounts of a chain in its reporting currency, exactly, with the exchange rates they rest on."""

from datetime import date
from fractions import Fraction

import numpy as np

from ontology.columns import MISSING, Column, Snapshot
from ontology.money import Rates, most_frequent, rates_of, reporting_currency
from service.kpis.value import Used

CENTS = 100
MICROS = 10**6


class Pricing:
    """Turns amounts into whole money of the reporting currency, without rounding.

    Rates are those of the day `on`, by default the latest day that states one. Where a currency
    has no rate, the methods raise InputError `RATE_MISSING`, and `BAD_RATE` for one below zero.
    """

    def __init__(self, snapshot: Snapshot, on: date | None = None) -> None:
        delivered = snapshot.table("DeliveryLine")["currency"]
        self.currency = reporting_currency(snapshot) or most_frequent(delivered)
        self._table = snapshot.table("ExchangeRate")
        latest = self._table["on"].max().astype(object) if len(self._table) else date.min
        self._on: date = on or latest
        self._rates: Rates | None = None
        self._snapshot = snapshot
        self._factors: dict[str, Fraction] = {}
        self._facts: set[str] = set()

    def micros(self, amounts: Column, currencies: Column) -> list[Fraction]:
        """Money of a column of micros, each in its row's currency."""
        return self._whole(amounts, currencies, MICROS)

    def cents(self, amounts: Column, currencies: Column) -> list[Fraction]:
        """Money of a column of cents, each in its row's currency; MISSING counts as none."""
        return self._whole(np.where(amounts == MISSING, 0, amounts), currencies, CENTS)

    def used(self) -> tuple[Used, ...]:
        """The exchange rates that the amounts so far rest on."""
        rows = [self._table.row_of[fact.partition("/")[2]] for fact in sorted(self._facts)]
        return (Used("ExchangeRate", np.array(rows, np.int64), self._table),) if rows else ()

    def _whole(self, amounts: Column, currencies: Column, parts: int) -> list[Fraction]:
        known: dict[tuple[int, str], Fraction] = {}
        found = []
        for key in zip(amounts.tolist(), currencies.tolist(), strict=True):
            if key not in known:
                known[key] = Fraction(key[0], parts) * self._factor(key[1])
            found.append(known[key])
        return found

    def _factor(self, currency: str) -> Fraction:
        if not currency or currency == self.currency:
            return Fraction(1)
        if currency not in self._factors:
            self._rates = self._rates or rates_of(self._snapshot)
            rate = self._rates.rate(currency, self.currency, self._on)
            self._factors[currency] = rate.factor
            self._facts.update(rate.facts)
        return self._factors[currency]


def item_values(snapshot: Snapshot, pricing: Pricing) -> dict[str, Fraction]:
    """What a unit is worth, of the items that state a value."""
    items = snapshot.table("Item")
    stated = items.take(np.flatnonzero(items["value_cents"] != MISSING))
    return dict(zip(stated["id"], pricing.cents(stated["value_cents"], stated["currency"]),
                    strict=True))  # fmt: skip
