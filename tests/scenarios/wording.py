"""Lines and shortfalls as short sentences, with amounts in cents."""

from fractions import Fraction
from typing import Any

RULE = "https://w3id.org/evenkeel/rule/"
KNOB = "https://w3id.org/evenkeel/knob/"


def line_of(line: dict[str, Any], scale: int) -> str:
    """What moves, from where to where, when it is there, and what it costs."""
    says = _WHAT[line["kind"]](line)
    costs = f"{_cents(line['cost_scaled'], scale)} cents"
    if "line_cost_scaled" in line:
        costs += f" + {_cents(line['line_cost_scaled'], scale)} for the line"
    people = ", ".join(rule.removeprefix(RULE) for rule in line.get("attention", ()))
    return f"{says}: {costs}" + (f"; a person looks: {people}" if people else "")


def _transfer(line: dict[str, Any]) -> str:
    lot = f" of lot {line['lot']}" if line.get("lot") else ""
    return (
        f"{line['quantity_units']} {line['item']}{lot} from {line['origin']} to "
        f"{line['destination']} by {line['lane']}, there on {line['arrives_on']}"
    )


def _purchase(line: dict[str, Any]) -> str:
    return (
        f"buy {line['quantity_units']} {line['item']} from {line['supplier']} for "
        f"{line['destination']}, there on {line['arrives_on']}"
    )


def _substitution(line: dict[str, Any]) -> str:
    return (
        f"{line['quantity_units']} {line['item']} stand in for {line['replaces']} "
        f"at {line['origin']}"
    )


def _assignment(line: dict[str, Any]) -> str:
    return (
        f"order {line['order']}: {line['quantity_units']} {line['item']} from {line['origin']} "
        f"through {line['origin_port']} by {line['carrier']}"
    )


_WHAT = {
    "transfer": _transfer,
    "purchase": _purchase,
    "substitution": _substitution,
    "assignment": _assignment,
}


def waste_of(row: dict[str, Any], scale: int) -> str:
    """What of which lots is expected to be lost when they expire, and what that costs."""
    lost = Fraction(row["expected_waste_millionths"], 10**6)
    return (
        f"{lost} of {row['quantity_units']} {row['item']} of {', '.join(row['lots'])} in "
        f"{row['location']}, good until {row['expires_on']}: {_cents(row['cost_scaled'], scale)} "
        "cents"
    )


def shortfall_of(row: dict[str, Any], scale: int) -> str:
    """What stays open, its kind, and the numbers that the kind rests on.

    What a closed way would save "at these prices" is left out: prices are not worked out by hand.
    """
    where = f"at {row['location']} on {row['on']}" if "location" in row else row["order"]
    says = f"{row['quantity_units']} {row['item']} {where}: {row['kind']}"
    if row.get("rule"):
        says += f" {row['rule'].removeprefix(RULE)}"
    return says + "".join(f" ({part})" for part in _numbers(row, scale))


def _numbers(row: dict[str, Any], scale: int) -> list[str]:
    found = []
    if "without_rule" in row:
        without = row["without_rule"]
        saved = _cents(without["saved_scaled"], scale)
        found.append(f"without it {without['stock_units']} there, {saved} cents less")
    elif "at_these_prices" in row:
        found.append(row["reason"].rpartition(KNOB)[2] if KNOB in row["reason"] else "a closed way")
    elif "cut" in row and "location" in row:
        cut = row["cut"]
        found.append(f"{cut['supply']} + {cut['into']} in - {cut['out']} out = {cut['units']}")
    elif "cut" in row and row["cut"]["locations"]:
        cut = row["cut"]
        places = " and ".join(cut["locations"])
        found.append(f"{cut['orders']} orders for {places}, places for {cut['capacity']}")
        found.append(f"in the place of {row['took_its_place']}: "
                     f"{_cents(row['price_difference_scaled'], scale)} more")  # fmt: skip
    elif "next_unit" in row:
        unit = row["next_unit"]
        found.append(f"one more avoids {_cents(unit['avoids_scaled'], scale)}, "
                     f"costs {_cents(unit['costs_scaled'], scale)}")  # fmt: skip
    return found


def _cents(amount: int, scale: int) -> str:
    cents = Fraction(amount, scale)
    return str(cents.numerator) if cents.denominator == 1 else f"{float(cents):g}"
