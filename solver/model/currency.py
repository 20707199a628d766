"""Amounts of several currencies as amounts of one: each converted once, at a dated rate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from ontology.columns import MISSING, Snapshot, Table
from ontology.errors import InputError
from ontology.money import PRICED, Rate, Rates, rates_of, reporting_currency
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from solver.model.movements import Window
from solver.network.columns import IntArray
from solver.network.names import as_column
from solver.network.scaling import SAFE_TOTAL, exact_products, half_up_columns

_KEYED_BY_PRICE = "FreightRate"
"""Its amounts are part of its key: converted, its rows would no longer name their facts."""


@dataclass(frozen=True)
class Conversion:
    """How the amounts of a snapshot become amounts of its reporting currency.

    `rates` holds every other currency that an amount is stated in; an amount without a currency
    is in the reporting one. `stated_in` gives the currency of each fact (`Class/key`) with a rate.
    """

    currency: str
    rates: dict[str, Rate] = field(default_factory=dict)
    stated_in: dict[str, str] = field(default_factory=dict)

    def applied(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with every amount in the reporting currency, and its currency so named.

        An amount is rounded once, half up, to the unit of its own column (cents or micros): here
        and nowhere else. A snapshot of one currency is returned as it is. Raises SolverError
        `COST_RANGE` for an amount beyond 2^62.
        """
        own = {self.currency, "", None}
        mixed = [name for name in PRICED if set(snapshot.table(name)["currency"]) - own]
        if not mixed:
            return snapshot
        changed = {name: self._table(snapshot.table(name)) for name in mixed}
        return replace(snapshot, tables={**snapshot.tables, **changed})

    def rates_behind(self, facts: Iterable[str]) -> list[str]:
        """The ExchangeRate facts that the amounts of the given facts were converted by, sorted."""
        codes = {self.stated_in[fact] for fact in facts if fact in self.stated_in}
        return sorted({name for code in codes for name in self.rates[code].facts})

    def _table(self, table: Table) -> Table:
        columns = dict(table.columns)
        for code, rate in self.rates.items():
            rows = np.flatnonzero(table["currency"] == code)
            for name in _amounts(table.name) if len(rows) else ():
                converted = columns[name].copy()
                converted[rows] = _times(converted[rows], rate)
                columns[name] = converted
        named = [self.currency if code else code for code in table["currency"]]
        return Table(table.name, {**columns, "currency": as_column(named)})


def conversion_of(snapshot: Snapshot, on: date) -> Conversion:
    """The conversion to a snapshot's reporting currency at the rates of a day.

    Raises InputError `RATE_MISSING` for a currency in which an amount other than zero is stated
    and that no rate leads from, `BAD_RATE`, and `MIXED_CURRENCY` for freight rates in another
    currency than the reporting one.
    """
    to, rates = reporting_currency(snapshot), rates_of(snapshot)
    foreign = {name: _stated_elsewhere(snapshot.table(name), to) for name in PRICED}
    if foreign[_KEYED_BY_PRICE]:
        raise InputError(
            f"freight rates are not stated in `{to}`, the chain's currency",
            hint="state freight rates in the currency of the chain's policies and items",
            code="MIXED_CURRENCY",
        )
    named = {fact: code for facts in foreign.values() for fact, code in facts.items()}
    found = {code: _rate_for(named, rates, code, to, on) for code in sorted(set(named.values()))}
    return Conversion(to, found, named)


def _rate_for(named: Mapping[str, str], rates: Rates, code: str, to: str, on: date) -> Rate:
    """The rate from a currency; where there is none, the error names the facts that want it."""
    try:
        return rates.rate(code, to, on)
    except InputError as error:
        facts = sorted(fact for fact, its in named.items() if its == code)
        more = f" and {len(facts) - 3:,} more" if len(facts) > 3 else ""
        raise InputError(
            f"{error.what}, for {', '.join(facts[:3])}{more}", hint=error.hint, code=error.code
        ) from error


def rates_used(snapshot: Snapshot, window: Window, currency: str) -> list[str]:
    """The facts by which an amount of a currency becomes one of the reporting currency.

    None where it is that currency already, or is not stated. Raises InputError `RATE_MISSING`.
    """
    to = reporting_currency(snapshot)
    if not currency or currency == to:
        return []
    return sorted(rates_of(snapshot).rate(currency, to, window.starts_on).facts)


def _amounts(name: str) -> list[str]:
    """The columns of a class that hold money."""
    fields = field_kinds(RECORDS[name])
    return [field for field in fields if field.endswith(("_cents", "_micros"))]


def _stated_elsewhere(table: Table, to: str) -> dict[str, str]:
    """The currency of each fact that states an amount other than zero in another than `to`."""
    own = {to, "", None}
    rows = np.array([n for n, code in enumerate(table["currency"]) if code not in own], np.intp)
    if not len(rows):
        return {}
    amounts = np.stack([table[name][rows] for name in _amounts(table.name)])
    priced = table.take(rows[((amounts != 0) & (amounts != MISSING)).any(axis=0)])
    names = (f"{table.name}/{key}" for key in priced.keys)
    return dict(zip(names, priced["currency"], strict=True))


def _times(amounts: IntArray, rate: Rate) -> IntArray:
    """Each amount times the rate, MISSING where none is stated."""
    known = amounts != MISSING
    upper, lower = rate.factor.numerator, rate.factor.denominator
    values = np.where(known, amounts, 0)
    if upper < SAFE_TOTAL:
        exact = exact_products(values, np.array([upper], np.int64))
    else:
        exact = values.astype(object) * upper
    return np.where(known, half_up_columns(exact, lower), MISSING)
