"""Plans, verdicts, feeds and provenance as tables and trees that read well without colour."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from api import recall
from api.output import plain
from api.screen.acting_tables import acting_tables
from api.screen.amounts import count, in_packs, millionths, money, share, total
from api.screen.cost_names import FAR_DAYS, LINE_COST, LOADS, MOVEMENTS, PREMIUM, WASTE
from api.screen.reasons import reason_of, rule_name
from api.screen.tables import Table

if TYPE_CHECKING:
    from api.screen.restated import Restated
    from graph.provenance import Trace
    from ontology.units import Packs
    from service.verify import Verdict

Row = Mapping[str, Any]
DIGITS = recall.DIGITS
_DIGEST = re.compile("[0-9a-f]{64}")
_RELATIONS = {
    "WAS_DERIVED_FROM": "from", "RECORDED_IN": "recorded in", "IN_FILE": "in file",
    "USED": "using", "WAS_ATTRIBUTED_TO": "by", "NAMES": "kept as", "STATES": "states",
    "WAS_GENERATED_BY": "made by", "HAS_LINE": "in", "HAS_SHORTFALL": "in",
    "JUDGED_BY": "judged by", "READS": "which reads", "BY_AXIOM": "because",
}  # fmt: skip


def table(*columns: str, numbers: Iterable[str] = (), spare: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in `numbers` are right-aligned and never broken.

    Those named in `spare` are left out first where the screen is too narrow.
    """
    return Table(columns, numbers, spare)


def add(made: Table, *cells: Any) -> None:
    """A row of any values, shown plainly."""
    made.add(plain(cell) for cell in cells)


_WHAT_THE_NETWORK_COUNTS = {
    "risk": "(The network leaves out the expected shortage that no plan could change.)",
    "orders": "(The network adds a penalty per open order, so that serving one more comes first.)",
}


def show_plan(
    screen: Console, document: Row, rows: int = 20, currency: str = "",
    packs: "Mapping[str, Packs] | None" = None,
) -> None:  # fmt: skip
    """All of a plan: heading, certificate, comparison, lines, shortfalls, suppressed.

    Amounts are in `currency`, by default the decision's own.
    """
    decision = document["decision"]
    currency = currency or decision.get("currency") or ""
    scale = decision["network"]["cost_scale"]
    screen.print(Text(recall.title_of(document), style="bold"))
    screen.print(f"under the policy release {decision['release'][:DIGITS]}")
    for remark in decision.get("remarks", ()):
        screen.print(f"note: {plain(remark['what'])}; {plain(remark['hint'])}", soft_wrap=True)
    screen.print(certificate_table(decision["certificate"], scale, currency))
    screen.print(_WHAT_THE_NETWORK_COUNTS[decision["regime"]])
    if decision.get("edits"):
        screen.print(edits_table(decision["edits"]))
    if shared := decision["certificate"].get("resources"):
        screen.print(resources_table(shared[:rows], scale, currency))
        screen.print(_PRICES, style="dim")
    if loads := decision["certificate"].get("loads"):
        screen.print(loads_table(loads[:rows], scale, currency))
    screen.print(comparison_table(decision["comparison"], currency))
    floors = decision["suppressed"].get("floors", ())
    _section(screen, "line", decision["lines"], rows,
             lambda part: lines_table(part, scale, packs, currency), lines_legend)  # fmt: skip
    _section(
        screen,
        "shortfall",
        decision["shortfalls"],
        rows,
        lambda part: shortfalls_table(part, scale, packs, floors),
        shortfalls_legend,
    )
    if lost := decision.get("waste"):
        lose = "loses" if len(lost) == 1 else "lose"
        screen.print(Text(f"lots that expire: {len(lost):,} {lose} units", style="bold"))
        screen.print(waste_table(lost[:rows], scale, currency))
        screen.print(_LOST, style="dim")
    for made in acting_tables(decision["suppressed"]):
        screen.print(made)


MICROS_PER_SHARE, SHARES_OF_ONE = 100, 10_000
"""Budgets are counted in hundredths of a cent: micros in one, and how many are one of money."""

_PRICES = "A price is what one more would save at most, at the prices that prove the bound."


def resources_table(shared: Sequence[Row], scale: int, currency: str = "") -> Table:
    """The shared capacities that are full or have a price, and what one more of each is worth."""
    made = table("shared capacity", "counted in", "day", "used", "of", "price",
                 numbers=["used", "of", "price"])  # fmt: skip
    for row in shared:
        if row["kind"] == "budget":
            add(made, plain(f"budget {row['subject']}"), "money", "all",
                money(row["used"] * MICROS_PER_SHARE, scale, currency),
                money(row["capacity"] * MICROS_PER_SHARE, scale, currency),
                f"{money(row['price_scaled'] * SHARES_OF_ONE, scale, '')} for 1")  # fmt: skip
            continue
        item = f", {row['item']}" if row["item"] else ""
        add(made, plain(f"{row['kind']} {row['subject']}{item}"), row["measure"], row["day"],
            f"{row['used']:,}", f"{row['capacity']:,}",
            money(row["price_scaled"], scale, currency, 6))  # fmt: skip
    return made


def loads_table(loads: Sequence[Row], scale: int, currency: str = "") -> Table:
    """The loads that a plan pays for: how many, how full they are together, and what they cost."""
    made = table("load", "counted in", "day", "loads", "carry", "of", "cost",
                 numbers=["loads", "carry", "of", "cost"])  # fmt: skip
    for row in loads:
        add(made, plain(f"{row['kind']} by {row['subject']}"), row["measure"], row["day"],
            f"{row['loads']:,}", f"{row['used']:,}", f"{row['loads'] * row['capacity']:,}",
            money(row["cost_scaled"], scale, currency))  # fmt: skip
    return made


def edits_table(edits: Sequence[Row]) -> Table:
    """What persons asked for, line by line."""
    made = table("asked for", "of", "by", "because")
    for row in edits:
        units = "" if row["kind"] == "forbid" else f" {row['units']:,}"
        by = row["lane"] or f"{row['supplier']} to {row['destination']}"
        add(made, f"{row['kind']}{units}", plain(row["item"]), plain(by), plain(row["reason"]))
    return made


def show_restated(screen: Console, shown: "Restated", rows: int = 20) -> None:
    """A plan in the currency and packs that were asked for, and the rate of its amounts."""
    show_plan(screen, shown.document, rows, shown.currency, shown.packs)
    if shown.note:
        screen.print(Text(plain(shown.note)))


def _section(
    screen: Console, name: str, all_rows: Sequence[Row], most: int, draw: Any, legend: Any = None
) -> None:
    kinds = f": {kinds_of(all_rows)}" if all_rows else ""
    screen.print(Text(count(len(all_rows), name) + kinds, style="bold"), soft_wrap=True)
    if all_rows:
        screen.print(draw(all_rows[:most]))
    for text in legend(all_rows[:most]) if legend else ():
        screen.print(text, style="dim")
    if len(all_rows) > most:
        screen.print(f"... and {len(all_rows) - most:,} more: --rows {len(all_rows)} shows all\n")


def certificate_table(certificate: Row, scale: int, currency: str = "") -> Table:
    """Cost, bound, gap and label; what the plan would be worth against doing nothing."""
    made = table("certificate", "amount", numbers=["amount"])
    add(made, "cost of the network", total(certificate["cost"], scale, currency))
    if certificate.get("line_cost"):
        add(made, f"  {LINE_COST}", total(certificate["line_cost"], scale, currency))
    # rounded away from each other: what the screen claims is never better than what is proved
    bound = certificate["bound"]
    down = (bound // scale, 1) if certificate["gap"] else (bound, scale)
    add(made, "proved lower bound", total(*down, currency))
    add(made, "gap", total(-(-certificate["gap"] // scale), 1, currency))
    if certificate.get("gap_of_gain"):
        add(made, "  of what the plan gains", share(round(1_000_000 * certificate["gap_of_gain"])))
    add(made, "label", certificate["label"])
    return made


_FIGURES = (
    ("expected cost", "cost_cents", "stock_cost_cents", money),
    ("  stock and shortage", "stock_cost_cents", "stock_cost_cents", money),
    (f"  {MOVEMENTS}", "movement_cost_cents", "stock_cost_cents", money),
    (f"  {LOADS}", "load_cost_cents", "stock_cost_cents", money),
    (f"  {LINE_COST}", "line_cost_cents", "stock_cost_cents", money),
    (f"  {PREMIUM}", "purchase_premium_cents", "stock_cost_cents", money),
    (f"  {FAR_DAYS}", "far_cost_cents", "stock_cost_cents", money),
    (f"  {WASTE}", "waste_cost_cents", "stock_cost_cents", money),
    ("expected demand, units", "expected_demand_millionths", "", millionths),
    ("expected short, units", "expected_short_millionths", "", millionths),
    ("expected loss, units", "expected_waste_millionths", "", millionths),
    ("served by the end", "fill_per_million", "", share),
    ("orders", "orders", "", "{:,}".format),
    ("orders served", "orders_served", "", "{:,}".format),
    ("units served", "units_served", "", "{:,}".format),
    ("orders without a rate", "orders_without_rate", "", "{:,}".format),
    ("orders above a day's capacity", "orders_over_capacity", "", "{:,}".format),
    ("cost", "cost_cents", "warehouse_cents", money),
    ("  of warehouses", "warehouse_cents", "warehouse_cents", money),
    ("  of freight", "freight_cents", "freight_cents", money),
)


def comparison_table(comparison: Row, currency: str = "") -> Table:
    """The plan beside doing nothing and, where it is known, what was done."""
    sides = [name for name in ("plan", "do_nothing", "as_done") if name in comparison]
    titles = [name.replace("_", " ") for name in sides]
    heading = f"comparison ({currency})" if currency else "comparison"
    made = table(heading, *titles, numbers=titles)
    for title, key, needed, text in _FIGURES:
        if not any(key in comparison[s] and (needed or key) in comparison[s] for s in sides):
            continue
        cells = [text(comparison[s][key]) if key in comparison[s] else "" for s in sides]
        add(made, title, *cells)
    return made


def lines_table(
    lines: Sequence[Row],
    scale: int,
    packs: "Mapping[str, Packs] | None" = None,
    currency: str = "",
) -> Table:
    """What moves, from where to where, by what, when and for how much; in packs if asked."""
    day = "arrives" if any("arrives_on" in line for line in lines) else "leaves"
    paid = any("paid_scaled" in line for line in lines)
    money_titles = [in_money("cost", currency), *([in_money("paid", currency)] if paid else [])]
    made = table("no", "units", *(["in packs"] if packs else []), "item", "from", "to", "by", day,
                 *money_titles, numbers=["no", "units", *money_titles], spare=["by"])  # fmt: skip
    for line in lines:
        item = ", ".join(str(line[key]) for key in ("item", "lot") if line.get(key))
        item += " (!)" if line.get("attention") else ""
        packed = [in_packs(line["quantity_units"], line["item"], packs)] if packs else []
        add(made, line["number"], f"{line['quantity_units']:,}", *packed, item, start_of(line),
            end_of(line), way_of(line), line.get("arrives_on", line["departs_on"]),
            total(cost_of(line), scale),
            *([total(line["paid_scaled"], scale) if "paid_scaled" in line else ""] if paid else []),
            )  # fmt: skip
    return made


def in_money(title: str, currency: str) -> str:
    """The title of a column of amounts: `cost, EUR`."""
    return f"{title}, {currency}" if currency else title


def lines_legend(lines: Sequence[Row]) -> list[str]:
    """What the columns and marks of the lines table mean, as far as these lines have them."""
    found = []
    if any(line.get("line_cost_scaled") for line in lines):
        found.append("cost of a transfer: with the fixed cost of its line, at its first lot; what "
                     "moves on later days is in no line")  # fmt: skip
    if any("paid_scaled" in line for line in lines):
        found.append("cost of a purchase: price less what stays in stock (its value; on a "
                     "forecast the lowest price of its offers); paid: units x price")  # fmt: skip
    if any(line.get("attention") for line in lines):
        found.append("(!) a rule sends the line to a person: evenkeel why NUMBER names it")
    return found


def cost_of(line: Row) -> int:
    """What a line costs in cost units, whatever it costs to have it at all included."""
    return int(line["cost_scaled"]) + int(line.get("line_cost_scaled") or 0)


def kinds_of(rows: Sequence[Row]) -> str:
    """How many rows there are of each kind: `transfer 641, purchase 215`."""
    kinds = Counter(str(row["kind"]) for row in rows)
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(kinds.items()))


def start_of(line: Row) -> str:
    """Where a line begins: a location or a supplier."""
    return str(line.get("origin") or line.get("supplier") or "")


def end_of(line: Row) -> str:
    """Where a line ends: a location, or the order that it serves."""
    if line["kind"] == "substitution":
        return f"instead of {line['replaces']}"
    return str(line.get("destination") or f"order {line.get('order', '')}")


def way_of(line: Row) -> str:
    """The lane, or the carrier from its port, or that it is bought."""
    if line["kind"] == "assignment":
        return " ".join(str(line[k]) for k in ("origin_port", "carrier") if line.get(k))
    return str(line.get("lane") or ("set aside" if line["kind"] == "substitution" else "bought"))


def shortfalls_table(
    rows: Sequence[Row], scale: int, packs: "Mapping[str, Packs] | None" = None,
    floors: Collection[str] = (),
) -> Table:  # fmt: skip
    """What stays open, of which kind, and why; whole units in packs if asked."""
    is_expected = any("expected_short_millionths" in row for row in rows)
    units = ["expected short", "lacking"] if is_expected else ["units"]
    made = table("no", *units, *(["in packs"] if packs else []), "of", "where, when", "kind",
                 "why", numbers=["no", *units])  # fmt: skip
    for row in rows:
        expected = row.get("expected_short_millionths")
        mean = ["" if expected is None else millionths(expected)] if is_expected else []
        what = f"order {row['order']}" if row.get("order") else row["item"]
        where = ", ".join(str(row[k]) for k in ("location", "on") if row.get(k))
        packed = [in_packs(row["quantity_units"], row["item"], packs)] if packs else []
        add(made, row["number"], *mean, f"{row['quantity_units']:,}", *packed, what, where,
            row["kind"], reason_of(row, scale, floors=floors))  # fmt: skip
    return made


def shortfalls_legend(rows: Sequence[Row]) -> list[str]:
    """What the two numbers of units mean where demand is uncertain."""
    if not any("expected_short_millionths" in row for row in rows):
        return []
    lacking = ("units that would reach the service level"
               if any("service_percent" in row for row in rows)
               else "the most units that can be owed")  # fmt: skip
    return [f"expected short: mean units owed at the end of that day; lacking: {lacking}"]


_LOST = "lots that may be sold up to a day of the plan, and the mean units left of them then"


def waste_table(rows: Sequence[Row], scale: int, currency: str = "") -> Table:
    """What lots are expected to lose that expire, where they lie, and what it costs."""
    cost = in_money("cost", currency)
    numbers = ["no", "units", "expected loss", cost]
    made = table("no", "units", "of", "lots", "where, until", "expected loss", cost,
                 numbers=numbers)  # fmt: skip
    for row in rows:
        add(made, row["number"], f"{row['quantity_units']:,}", row["item"], ", ".join(row["lots"]),
            f"{row['location']}, {row['expires_on']}",
            millionths(row["expected_waste_millionths"]),
            total(row["cost_scaled"], scale))  # fmt: skip
    return made


def show_verdict(screen: Console, verdict: "Verdict") -> None:
    """The three checks, each with what it refuses and notes."""
    for check in verdict.checks:
        screen.print(f"{check.name:<11} {check.status}")
        for text in (*check.refusals, *check.notes):
            screen.print(f"  {plain(text)}", soft_wrap=True)
    screen.print("accepted" if verdict.accepted else "refused", style="bold")


def feed_table(summary: Row) -> Table:
    """What became of every row of every file."""
    numbers = ["rows", "loaded", "duplicates", "quarantined"]
    made = table("file", *numbers, numbers=numbers)
    for file in summary["files"]:
        if file["rows"]:
            add(made, file["file"], *(f"{file[name]:,}" for name in numbers))
    return made


def feed_notes(summary: Row) -> list[str]:
    """What was linked, rounded, derived or left out, and how often."""
    return [f"{plain(words)}: {times:,}" for words, times in summary.get("counts", {}).items()]


def findings_table(results: Sequence[Row], most: int = 50) -> Table:
    """Validation results: where, what and how grave."""
    made = table("severity", "focus node", "path", "value", "what")
    for row in results[:most]:
        severity = str(row["resultSeverity"]).rpartition("#")[2]
        component = str(row["sourceConstraintComponent"]).rpartition("#")[2]
        add(made, severity, row["focusNode"], row["resultPath"], row["value"],
            row["resultMessage"] or component)  # fmt: skip
    return made


def rules_table(rows: Sequence[Row]) -> Table:
    """The rules in force with what each closed in the latest plan."""
    numbers = ["looked at", "closed", "to a person", "floor, units"]
    made = table("rule", "severity", *numbers, numbers=numbers)
    names = ("looked_at", "closed", "to_a_person", "floor_units")
    for row in rows:
        cells = ("" if row[name] is None else f"{row[name]:,}" for name in names)
        add(made, rule_name(row["rule"]), row["severity"], *cells)
    return made


def provenance_tree(found: "Trace", *, upward: bool = False, most: int = 0) -> Tree:
    """The trace from its root, each thing drawn out once; `most` cuts the facts of a line."""
    return _Growth(found, upward=upward, most=most).tree()


class _Growth:
    """A tree while it grows; a thing that was drawn out before is only named."""

    def __init__(self, found: "Trace", *, upward: bool, most: int) -> None:
        self._found = found
        self._upward = upward
        self._most = most
        self._drawn: set[str] = set()

    def tree(self) -> Tree:
        root = Tree(self._label(self._found.root))
        self._grow(root, self._found.root)
        if not self._upward:
            for edge in self._found.above(self._found.root):
                branch = root.add(self._label(edge.source, "in"))
                self._grow(branch, edge.source, skip=("HAS_LINE", "HAS_SHORTFALL"))
        return root

    def _grow(self, branch: Tree, node: str, skip: tuple[str, ...] = ()) -> None:
        if node in self._drawn:
            return
        self._drawn.add(node)
        found = self._found
        edges = found.above(node) if self._upward else found.below(node)
        wanted = [edge for edge in edges if edge.relation not in skip]
        is_root = node == found.root
        shown = wanted[: self._most] if self._most and is_root else wanted
        for edge in shown:
            end = edge.source if self._upward else edge.target
            words = _RELATIONS.get(edge.relation, edge.relation.lower())
            words = "used by" if self._upward else words
            repeated = end in self._drawn and not self._upward and bool(found.below(end))
            label = self._label(end, words) + Text(f", {edge.role}" if edge.role else "")
            self._grow(branch.add(label + Text(" (above)") if repeated else label), end)
        if len(shown) < len(wanted):
            branch.add(Text(f"... and {len(wanted) - len(shown)} more facts"))

    def _label(self, node: str, words: str = "") -> Text:
        thing = self._found.nodes[node]
        label = _DIGEST.sub(lambda found: found[0][:DIGITS], plain(thing.label))
        if thing.kind == "agent":
            label = f"agent {label}"
        fields = thing.details.get("fields") if thing.kind == "fact" else None
        told = fields_text(fields) if fields else ""
        if told:
            label += f" ({told})"
        return Text(f"{words} " if words else "", style="dim") + Text(label, style="not dim")


_TELLING = (
    "quantity_units", "weight", "on_hand_units", "safety_stock_units", "price_micros",
    "cost_per_unit_micros", "lead_time_days", "capacity_units_per_day", "capacity",
    "minimum_charge_cents", "rate_micros_per_kilogram", "status", "minimum_order_units",
    "lot_multiple_units", "mean_per_day_millionths", "service_level_percent",
    "holding_cost_per_day_micros", "shortage_cost_per_day_micros",
)  # fmt: skip
_SUFFIXES = {"_micros": 10_000, "_cents": 1}


def told_fact(class_name: str, key: str, fields: Row) -> str:
    """A fact with its telling fields: `Lane truck-ns: cost per unit 0.25, lead time days 1`."""
    told = fields_text(fields)
    return f"{class_name} {plain(key)}{': ' if told else ''}{told}"


def fields_text(fields: Row) -> str:
    """The telling fields of a fact for a person: `on hand units 4`, money as money."""
    stated = [_field_text(name, value) for name, value in fields.items() if _tells(name, value)]
    return plain(", ".join(stated))


def _field_text(name: str, value: Any) -> str:
    for suffix, scale in _SUFFIXES.items():
        if name.endswith(suffix) and isinstance(value, int):
            return f"{name.removesuffix(suffix).replace('_', ' ')} {money(value, scale)}"
    if name.endswith("_millionths") and isinstance(value, int):
        return f"{name.removesuffix('_millionths').replace('_', ' ')} {millionths(value)}"
    return f"{name.replace('_', ' ')} {value}"


def _tells(name: str, value: Any) -> bool:
    return name in _TELLING and value not in (None, "")
