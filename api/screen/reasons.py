"""Why a shortfall stays, said from the numbers of its plan: amounts in money, rules by name."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from api.screen.amounts import count, money

Row = Mapping[str, Any]
IRI = "https://w3id.org/evenkeel/"
PREFIXES = {f"{IRI}rule/": "", f"{IRI}knob/": "the knob ", f"{IRI}limit/": "the limit "}
"""What stands before a shipped name, and the words for it in a sentence."""
_MICROS = re.compile(r"(\d+) micros")


def rule_name(iri: str) -> str:
    """A shipped rule, knob or limit by its short name; any other by its IRI."""
    prefix = next((each for each in PREFIXES if iri.startswith(each)), "")
    return iri.removeprefix(prefix)


def reason_of(row: Row, scale: int, currency: str = "", floors: Collection[str] = ()) -> str:
    """Why a shortfall stays, in money and units where the plan states the numbers.

    `floors` are the rules that hold stock back, by their IRIs; the others close ways.
    """
    told = _on_prices(row, scale, currency, floors) or _on_orders(row)
    return told or _as_sealed(row, scale, currency)


def _on_prices(row: Row, scale: int, currency: str, floors: Collection[str]) -> str:
    better, step = row.get("without_rule"), row.get("next_unit")
    saves = row.get("at_these_prices", {}).get("saves_scaled")
    if better:
        return (f"without {rule_name(row['rule'])} {count(better['stock_units'], 'unit')} would be "
                f"here and it would cost {money(better['saved_scaled'], scale, currency)} "
                "less")  # fmt: skip
    if row["kind"] == "not worth it" and step:
        return (f"one more unit would save {money(step['avoids_scaled'], scale, currency)} "
                f"and cost {money(step['costs_scaled'], scale, currency)} to bring, net of "
                "later days")  # fmt: skip
    if not saves or row["kind"] not in ("rule", "shared resource"):
        return ""
    gain = f"at these prices one more unit would save {money(saves, scale, currency)}"
    if row.get("resource"):
        full = str(row["reason"]).partition(", but ")[2] or "what it shares with others is full"
        return f"{gain}; {full}"
    does = "holds back the stock that could go there" if row["rule"] in floors else "closes its way"
    return f"{gain}; {rule_name(row['rule'])} {does}"


def _on_orders(row: Row) -> str:
    """The places for orders that are all taken, from the numbers of the cut."""
    cut = row.get("cut", {})
    if not row.get("order") or not cut.get("locations"):
        return ""
    places = count(len(cut["locations"]), "location")
    without = f"; without {rule_name(row['rule'])} it could be served" if row.get("rule") else ""
    return (f"one of {cut['short']:,} in this cut: {count(cut['orders'], 'order')} can be served "
            f"only from {places} with places for {cut['capacity']:,}{without}"
            f"{' elsewhere' if without else ''}")  # fmt: skip


def _as_sealed(row: Row, scale: int, currency: str) -> str:
    """The plan's own words, with names for IRIs and money for micros."""
    text = str(row["reason"])
    for prefix, words in PREFIXES.items():
        text = text.replace(prefix, words)
    return _MICROS.sub(lambda found: money(int(found[1]), scale, currency), text)
