"""The demo: one chapter for each example, told from loading to provenance, with why it matters."""

import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api import drawing
from api.amounts import count, millionths, money, share
from api.output import plain
from api.recall import currency_of

if TYPE_CHECKING:
    from graph.facts import StatedFact
    from graph.progress import Progress
    from graph.provenance import Trace
    from service.house import House
    from service.planning import PlanMade
    from service.price import RulePrice
    from service.verify import Verdict

FACTS_DRAWN = 2
LINES_SHOWN = 5
SMALL_NETWORK = 10_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Chapter:
    """All that is told of one example."""

    name: str
    currency: str
    feed: Row
    plan: Row
    verdict: "Verdict"
    line: Row | None
    facts: "tuple[StatedFact, ...]"
    shortfall: Row | None
    prices: "tuple[RulePrice, ...]"
    path: "Trace | None"

    @property
    def decision(self) -> Row:
        """The decision of the chapter's plan."""
        found: Row = self.plan["decision"]
        return found

    @property
    def scale(self) -> int:
        """Cost units in a cent."""
        return int(self.decision["network"]["cost_scale"])

    def amount(self, scaled: int) -> str:
        """A cost of the network as money."""
        return money(scaled, self.scale, self.currency)


def chapter_names() -> list[str]:
    """The examples at hand: two_hubs, and the real data where it is present."""
    from service.examples import examples

    return list(examples())


def live(house: "House", name: str, progress: "Progress") -> Chapter:
    """Load, plan, verify, explain and trace one example, for real."""
    from graph.provenance import trace_down
    from service.decision import PlanRequest
    from service.examples import example_named, load_example
    from service.house import artifacts_folder
    from service.planning import make_plan
    from service.verify import verify

    chain = example_named(name).chain
    progress(f"{name}: loading", 0, 0)
    synced = load_example(house, name)
    progress(f"{name}: planning", 0, 0)
    request = PlanRequest(chain)
    made = make_plan(house, request)
    progress(f"{name}: verifying", 0, 0)
    verdict = verify(made.document, artifacts=artifacts_folder(house.settings))
    progress(f"{name}: explaining", 0, 0)
    digest, decision = made.document["plan_digest"], made.document["decision"]
    line = max(decision["lines"], key=_tells_most, default=None)
    key = (digest, line["number"]) if line else None
    return Chapter(
        name, currency_of(house, chain), synced.summary, made.document, verdict, line,
        house.catalog.line_facts([key])[key] if key else (),
        _telling_shortfall(decision["shortfalls"]),
        _prices(house, made, request),
        trace_down(house.driver, digest, key[1]) if key else None,
    )  # fmt: skip


def _tells_most(line: Row) -> tuple[int, int, int]:
    return line.get("freight_cost_scaled", 0), line["cost_scaled"], -line["number"]


def _telling_shortfall(rows: list[Row]) -> Row | None:
    order = {"rule": 0, "not worth it": 1}
    return min(rows, key=lambda row: (order.get(row["kind"], 2), row["number"]), default=None)


def _prices(house: "House", made: "PlanMade", request: Any) -> "tuple[RulePrice, ...]":
    """What each rule costs, the dearest first; of a large network one rule only is tried."""
    from service.price import price_of_rule

    decision = made.document["decision"]
    closed, floors = (decision["suppressed"][name] for name in ("by_rule", "floors"))
    rules = sorted({*closed, *floors})
    if decision["network"]["arcs"] > SMALL_NETWORK:
        rules = sorted(closed, key=lambda rule: (closed[rule], rule))[:1]
    snapshot = house.reader.read(request.chain)
    prices = [price_of_rule(made.draft, snapshot, house.release, rule, request) for rule in rules]
    return tuple(sorted(prices, key=lambda price: (-price.difference_scaled, price.rule)))


def document_of(chapter: Chapter) -> Row:
    """A chapter as plain data for `--json`; the plan without its network's columns."""
    decision = chapter.decision
    return {
        "example": chapter.name,
        "feed": chapter.feed,
        "plan_digest": chapter.plan["plan_digest"],
        "certificate": {k: v for k, v in decision["certificate"].items() if k != "inline"},
        "comparison": decision["comparison"],
        "lines": len(decision["lines"]),
        "shortfalls": len(decision["shortfalls"]),
        "verify": {check.name: check.status for check in chapter.verdict.checks},
        "line": chapter.line,
        "shortfall": chapter.shortfall,
        "rules": [
            {
                "rule": price.rule,
                "closed": price.closed,
                "opened": price.opened,
                "dropped": price.dropped,
                "difference_scaled": price.difference_scaled,
            }
            for price in chapter.prices
        ],
    }


def tell(screen: Console, chapter: Chapter) -> None:
    """One chapter, section by section."""
    title = chapter.name.replace("_", " ")
    screen.rule(Text(title, style="bold"), characters="=", align="left")
    for section in (_loaded, _planned, _proved, _line, _shortfall, _rule, _path):
        section(screen, chapter)


def _head(screen: Console, title: str, why: str) -> None:
    screen.print()
    screen.print(Text(title, style="bold"))
    screen.print(Text(why, style="italic"))


def _indented(screen: Console, text: str, by: int = 2) -> None:
    screen.print(Padding(Text(text), (0, 0, 0, by), expand=False))


def _loaded(screen: Console, chapter: Chapter) -> None:
    feed = chapter.feed
    _head(screen, "What was loaded", "Every row of every file is accounted for, or the figures "
          "that follow could rest on rows that silently went missing.")  # fmt: skip
    screen.print(drawing.feed_table(feed))
    records = ", ".join(f"{name} {n:,}" for name, n in _largest(feed["records"]))
    screen.print(f"As facts: {records}. Event {feed['event']} of the log.")
    refused = feed["quarantined_rows"]
    if not refused:
        screen.print("Quarantined: nothing.")
        return
    screen.print(f"Quarantined: {count(refused, 'row')}, such as")
    for row in feed["quarantined"][:2]:
        _indented(screen, plain(row["line"]))
        _indented(screen, plain(row["hint"]), 4)


def _largest(records: dict[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(records.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(name, rows) for name, rows in ordered if rows][:6]


def _planned(screen: Console, chapter: Chapter) -> None:
    decision = chapter.decision
    _head(screen, "The plan", "A plan is worth something only against what would happen "
          "without it.")  # fmt: skip
    screen.print(_verdict_of(chapter))
    screen.print(drawing.comparison_table(decision["comparison"], chapter.currency))
    lines = decision["lines"]
    if lines:
        screen.print(drawing.lines_table(lines[:LINES_SHOWN], chapter.scale))
    more = len(lines) - LINES_SHOWN
    left = f" {more:,} more lines:" if more > 0 else " All of it:"
    digest = chapter.plan["plan_digest"][: drawing.DIGITS]
    screen.print(f"{count(len(lines), 'line')}, {count(len(decision['shortfalls']), 'shortfall')}."
                 f"{left} evenkeel show {digest}")  # fmt: skip


def _verdict_of(chapter: Chapter) -> str:
    sides = chapter.decision["comparison"]
    plan, nothing, done = sides["plan"], sides["do_nothing"], sides.get("as_done")
    cost = money(plan["cost_cents"], 1, chapter.currency)
    if "fill_per_million" in plan:
        saved = money(nothing["cost_cents"] - plan["cost_cents"], 1, chapter.currency)
        return (f"Expected cost {cost}, {saved} less than doing nothing; "
                f"{share(plan['fill_per_million'])} of demand is served instead of "
                f"{share(nothing['fill_per_million'])}.")  # fmt: skip
    text = (f"{plan['orders_served']:,} of {plan['orders']:,} orders are served for {cost}; "
            "doing nothing serves none.")  # fmt: skip
    if done is None:
        return text
    return (f"{text} What was done that day has a price for {done['orders_priced']:,} orders "
            f"({money(done['cost_cents'], 1, chapter.currency)}), and went above the day's "
            f"capacity with {count(done['orders_over_capacity'], 'order')}.")  # fmt: skip


def _proved(screen: Console, chapter: Chapter) -> None:
    proof = chapter.decision["certificate"]
    _head(screen, "Its certificate", "Nobody has to trust the solver: prices on the nodes prove "
          "what no plan can go below.")  # fmt: skip
    screen.print(_sums(chapter, proof))
    screen.print(f"The gap between cost and bound is {chapter.amount(proof['gap'])}: "
                 f"{proof['label']}.")  # fmt: skip
    checks = ", ".join(f"{check.name} {check.status}" for check in chapter.verdict.checks)
    screen.print(f"Verified without a solver: {checks}.")
    for check in chapter.verdict.checks:
        for text in check.refusals:
            screen.print(f"  {check.name}: {plain(text)}")


def _sums(chapter: Chapter, proof: Row) -> str:
    bound = chapter.amount(proof["bound"])
    if chapter.decision["regime"] == "risk":
        return (f"Cost of the network {chapter.amount(proof['cost'])}, proved lower bound {bound} "
                "(the expected shortage that no plan could change is left out).")  # fmt: skip
    cents = chapter.decision["comparison"]["plan"]["cost_cents"]
    penalty = chapter.amount(proof["cost"] - chapter.scale * cents)
    open_orders = count(len(chapter.decision["shortfalls"]), "open order")
    return (f"Cost {money(cents, 1, chapter.currency)} for what is served, and {penalty} as the "
            f"penalty of {open_orders}: no money, but so high that serving one more always comes "
            f"first. Proved lower bound of the sum: {bound}.")  # fmt: skip


def _line(screen: Console, chapter: Chapter) -> None:
    line = chapter.line
    if line is None:
        return
    _head(screen, f"Line {line['number']} explained", "A planner acts on a line only when it says "
          "what it rests on.")  # fmt: skip
    screen.print(sentence_of(line, chapter))
    for fact in chapter.facts:
        stated = {name: getattr(fact.record, name) for name in type(fact.record).__slots__}
        told = drawing.fields_text(stated)
        about = f"{fact.class_name} {plain(fact.key)}{': ' if told else ''}{told}"
        _indented(screen, f"because {about}")


def sentence_of(line: Row, chapter: Chapter) -> str:
    """A line as a sentence."""
    units, cost = f"{line['quantity_units']:,}", chapter.amount(line["cost_scaled"])
    item = plain(line["item"]) + (f" of lot {plain(line['lot'])}" if line.get("lot") else "")
    if line["kind"] == "assignment":
        return (f"Order {plain(line['order'])} ({count(line['quantity_units'], 'unit')} of {item}) "
                f"is served from {plain(line['origin'])} by {plain(drawing.way_of(line))}: "
                f"{chapter.amount(line['handling_cost_scaled'])} of warehouse and "
                f"{chapter.amount(line['freight_cost_scaled'])} of freight.")  # fmt: skip
    when = f"there on {line['arrives_on']}, for {cost}"
    if line["kind"] == "purchase":
        return (f"Buy {units} {item} from {plain(line['supplier'])} for "
                f"{plain(line['destination'])}, {when} net of what stays in stock.")  # fmt: skip
    return (f"Send {units} {item} from {plain(line['origin'])} to {plain(line['destination'])} "
            f"by {plain(line['lane'])}, {when} with holding on the way.")  # fmt: skip


def _shortfall(screen: Console, chapter: Chapter) -> None:
    row = chapter.shortfall
    if row is None:
        return
    _head(screen, f"Shortfall {row['number']} explained", "What stays open has a kind: it cannot "
          "be helped, it is not worth it, or a rule forbids it.")  # fmt: skip
    where = ", ".join(str(row[key]) for key in ("location", "on") if row.get(key))
    if "expected_short_millionths" in row:
        units = millionths(row["expected_short_millionths"])
        screen.print(f"{units} {plain(row['item'])} expected "
                     f"short at {where} (with probability "
                     f"{share(row['short_probability_per_million'])}).")  # fmt: skip
    else:
        screen.print(f"Order {plain(row.get('order'))}, {count(row['quantity_units'], 'unit')} of "
                     f"{plain(row['item'])}.")  # fmt: skip
    reason = drawing.reason_of(row, chapter.scale, chapter.currency)
    screen.print(f"Kind: {row['kind']}. {plain(reason[:1].upper() + reason[1:])}.")


def _rule(screen: Console, chapter: Chapter) -> None:
    if not chapter.prices:
        return
    price = chapter.prices[0]
    _head(screen, f"What the rule `{drawing.rule_name(price.rule)}` costs", "A rule is a decision "
          "of people; they should see its price.")  # fmt: skip
    before = chapter.decision["comparison"]["plan"]
    after = price.comparison_without["plan"]
    screen.print(f"{price.title}: it closed {count(price.closed, 'movement')}.")
    if "orders_served" in after:
        screen.print(f"Without it {after['orders_served']:,} orders would be served instead of "
                     f"{before['orders_served']:,}, for "
                     f"{money(after['cost_cents'], 1, chapter.currency)} instead of "
                     f"{money(before['cost_cents'], 1, chapter.currency)}.")  # fmt: skip
    else:
        screen.print(f"Without it the plan would cost "
                     f"{chapter.amount(price.difference_scaled)} less.")  # fmt: skip
    screen.print(f"{count(len(price.opened), 'line')} would open, "
                 f"{count(len(price.dropped), 'line')} would go:")  # fmt: skip
    for sign, lines in (("+", price.opened), ("-", price.dropped)):
        for line in lines[:2]:
            _indented(screen, f"{sign} {sentence_of(line, chapter)}")
    if len(chapter.prices) > 1:
        made = drawing.table("every rule", "without it, less", numbers=["without it, less"])
        for each in chapter.prices:
            name = drawing.rule_name(each.rule)
            drawing.add(made, name, chapter.amount(each.difference_scaled))
        screen.print(made)


def _path(screen: Console, chapter: Chapter) -> None:
    if chapter.path is None or chapter.line is None:
        return
    _head(screen, "Where that line comes from", "Any number can be walked back to the row, the "
          "file, the rules and the people that it came from.")  # fmt: skip
    screen.print(drawing.provenance_tree(chapter.path, most=FACTS_DRAWN))


def _typed(command: str) -> str:
    """The command as it must be typed here: with its folder where the shell does not know it."""
    place = Path(sys.executable).parent
    if which("evenkeel") or not (place / "evenkeel").exists():
        return command
    inside = place.is_relative_to(Path.cwd())
    return f"{place.relative_to(Path.cwd()) if inside else place}/{command}"


def tell_where_next(screen: Console, folder: Any) -> None:
    """How to reach the same answers over GraphQL, and the commands to go on with."""
    from api.tokens import TOKEN_FILE

    screen.print()
    screen.rule(Text("Now you", style="bold"), characters="=", align="left")
    for command, what in (
        ("evenkeel serve", "GraphQL at http://127.0.0.1:8000/graphql"),
        ("evenkeel query '{ plans(chain: \"two_hubs\") { edges { node { digest } } } }'",
         "the same, without a server"),
        ("evenkeel show latest", "the whole plan"),
        ("evenkeel trace latest 1", "any other line"),
        ("evenkeel down", "stops the database"),
    ):  # fmt: skip
        screen.print(f"  {_typed(command)}\n      {what}", soft_wrap=True)
    screen.print(f"The API asks for the token in {plain(folder / TOKEN_FILE)}", soft_wrap=True)
