"""A plan as a person asks to read it: amounts in another currency, units also as packs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from api.screen.amounts import exact
from graph.manifests import read_snapshot
from ontology.columns import Snapshot
from ontology.errors import InputError
from ontology.money import Rate, rates_of, rounded
from ontology.units import Packs, packs_of

if TYPE_CHECKING:
    from service.house import House

OF_NETWORK = ("cost", "bound", "gap", "do_nothing", "given_cost", "line_cost")
"""The amounts of a certificate; what else it states is no money."""


@dataclass(frozen=True)
class Restated:
    """A plan's document to draw: its currency, the packs to show, and how it was converted."""

    document: Mapping[str, Any]
    currency: str
    packs: Mapping[str, Packs] = field(default_factory=dict)
    note: str = ""


def restated(
    house: "House", document: Mapping[str, Any], own: str, *, packs: bool, currency: str
) -> Restated:
    """The document with its amounts in `currency`, and the packs of its items if they are asked.

    `own` is the currency that it is stated in. Rates and packs are facts of the plan's own
    snapshot; the rate is that of the plan's first day. Raises InputError `RATE_MISSING`,
    `CURRENCY_UNSTATED`, `CURRENCY_UNREADABLE`, and as `ontology.units.packs_of` does.
    """
    if not packs and not currency:
        return Restated(document, own)
    snapshot = read_snapshot(house.store, document["about"]["artifacts"]["snapshot"])
    found = in_currency(document, snapshot, own, currency) if currency else Restated(document, own)
    return Restated(found.document, found.currency, _packs(document, snapshot) if packs else {},
                    found.note)  # fmt: skip


def in_currency(
    document: Mapping[str, Any], snapshot: Snapshot, own: str, currency: str
) -> Restated:
    """The document with every amount in another currency, at the scale that it had.

    Each is rounded once, half up; the gap is rounded up, so that none is shown as closed.
    """
    to = currency.upper()
    if not to.isalpha() or not to.isascii():
        raise InputError(f"`{currency}` is no currency", code="CURRENCY_UNREADABLE",
                         hint="give an ISO 4217 code, such as GBP")  # fmt: skip
    if not own:
        raise InputError("the facts of the plan state no currency", code="CURRENCY_UNSTATED",
                         hint="state the currency of policies, items or prices")  # fmt: skip
    decision = document["decision"]
    rate = rates_of(snapshot).rate(own, to, date.fromisoformat(decision["starts_on"]))
    changed = _walk(decision, rate.factor)
    certificate = decision["certificate"]
    for name in OF_NETWORK:
        amount = certificate.get(name)
        if amount is not None:
            changed["certificate"][name] = rounded(amount * rate.factor)
    changed["certificate"]["gap"] = -(-certificate["gap"] * rate.factor // 1)
    return Restated({**document, "decision": changed}, to, {}, note_of(own, to, rate))


def note_of(own: str, to: str, rate: Rate) -> str:
    """The rate of a conversion in words: the exact rate, its day and the facts it is from."""
    if rate.on is None:
        return f"amounts are in {own}"
    facts = ", ".join(rate.facts)
    return f"amounts are converted at 1 {own} = {exact(rate.factor)} {to} of {rate.on} ({facts})"


def _walk(part: Any, factor: Fraction, name: str = "") -> Any:
    if isinstance(part, Mapping):
        return {key: _walk(value, factor, key) for key, value in part.items()}
    if isinstance(part, list):
        return [_walk(value, factor, name) for value in part]
    if isinstance(part, int) and name.endswith(("_scaled", "_cents", "_micros")):
        return rounded(part * factor)
    return part


def _packs(document: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Packs]:
    decision = document["decision"]
    rows = (*decision["lines"], *decision["shortfalls"])
    return packs_of(snapshot, sorted({row["item"] for row in rows}))
