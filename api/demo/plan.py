"""A chapter of the demo: one example planned, from loading to provenance, with why it matters."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from api.demo import governed as demo_governed
from api.demo import logged as demo_logged
from api.demo import network as demo_network
from api.demo import recount as demo_recount
from api.demo.network import Network
from api.demo.sections import head, indented, tell_loaded
from api.output import plain
from api.screen import drawing, reasons
from api.screen.amounts import count, millionths, money, share, total
from api.screen.sentences import sentence_of

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
    network: Network | None = None
    recount: Row | None = None
    logged: Row | None = None
    governed: Row | None = None

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
        return total(scaled, self.scale, self.currency)


def live(house: "House", name: str, progress: "Progress") -> Chapter:
    """Load, plan, verify, explain and trace one example, for real."""
    from graph.observed import Observed
    from graph.provenance import trace_down
    from service.decision import PlanRequest
    from service.examples import example_named, load_example
    from service.forecast import make_forecast
    from service.house import SERVICE_AGENT, artifacts_folder
    from service.planning import make_plan
    from service.verify import verify

    chain = example_named(name).chain
    progress(f"{name}: loading", 0, 0)
    synced = load_example(house, name)
    made = None
    if synced.summary["records"].get("DemandObservation"):
        progress(f"{name}: forecasting", 0, 0)
        made = make_forecast(house, chain)
    progress(f"{name}: planning", 0, 0)
    request = PlanRequest(chain)
    planned = make_plan(house, request)
    progress(f"{name}: verifying", 0, 0)
    verdict = verify(planned.document, artifacts=artifacts_folder(house.settings))
    progress(f"{name}: explaining", 0, 0)
    digest, decision = planned.document["plan_digest"], planned.document["decision"]
    line = max(decision["lines"], key=_tells_most, default=None)
    key = (digest, line["number"]) if line else None
    facts = house.catalog.line_facts([key])[key] if key else ()
    is_small = decision["network"]["arcs"] <= SMALL_NETWORK
    prices = _prices(house, planned, request)
    progress(f"{name}: governing", 0, 0)
    return Chapter(
        name, decision["currency"], synced.summary, planned.document, verdict, line,
        facts,
        _telling_shortfall(decision["shortfalls"]),
        prices,
        trace_down(house.driver, digest, key[1],
                   observed=Observed(house.projection.log, house.store)) if key else None,
        demo_network.lived(house, chain, made, planned.document) if made else None,
        demo_recount.live(house, chain, line, facts) if is_small else None,
        demo_logged.live(house, digest, SERVICE_AGENT) if is_small else None,
        demo_governed.live(house, chain, digest, prices[0].rule) if is_small and prices else None,
    )  # fmt: skip


def _tells_most(line: Row) -> tuple[int, bool, int, int]:
    moved = line["kind"] == "transfer"
    return line.get("freight_cost_scaled", 0), moved, line["cost_scaled"], -line["number"]


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
        blamed = Counter(row["rule"] for row in decision["shortfalls"] if row.get("rule"))
        often = sorted(blamed or closed, key=lambda r: (-blamed[r], closed.get(r, 0), r))
        rules = often[:1]
    snapshot, release = house.facts(request.chain), house.release_for(request.chain)
    prices = [price_of_rule(made.draft, snapshot, release, rule, request) for rule in rules]
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
        "logged": chapter.logged,
        "governed": chapter.governed,
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
    for section in (
        _loaded,
        _forecast,
        _planned,
        _proved,
        _rivals,
        _line,
        _shortfall,
        _book,
        _rule,
        _failure,
        _figures,
        _path,
        _recount,
        _governed,
        _logged,
    ):
        section(screen, chapter)


def _loaded(screen: Console, chapter: Chapter) -> None:
    tell_loaded(screen, chapter.feed)


def _forecast(screen: Console, chapter: Chapter) -> None:
    if chapter.network is None:
        return
    head(screen, "What demand is expected", "Stock is kept for what may be asked for, and a model "
         "that says so must say how sure it is.")  # fmt: skip
    demo_network.tell_forecast(screen, chapter.network)


def _rivals(screen: Console, chapter: Chapter) -> None:
    if chapter.network is None:
        return
    head(screen, "Is it worth it", "A plan should beat not only doing nothing, but what a good "
         "planner would do by rule of thumb.")  # fmt: skip
    demo_network.tell_comparison(screen, chapter.network)


def _book(screen: Console, chapter: Chapter) -> None:
    if chapter.network is None:
        return
    head(screen, "What the rule book did", "A rule exists once, as a shape; what it closed and "
         "whom it called is counted.")  # fmt: skip
    demo_network.tell_rules(screen, chapter.network, chapter.decision["suppressed"])


def _failure(screen: Console, chapter: Chapter) -> None:
    if chapter.network is None:
        return
    head(screen, "What depends on whom", "A network is as strong as what nobody can replace.")
    demo_network.tell_failure(screen, chapter.network)


def _figures(screen: Console, chapter: Chapter) -> None:
    if chapter.network is None:
        return
    head(screen, "Its key figures", "A figure without its definition is an opinion.")
    demo_network.tell_figures(screen, chapter.network)


def _planned(screen: Console, chapter: Chapter) -> None:
    decision = chapter.decision
    head(screen, "The plan", "A plan is worth something only against what would happen "
          "without it.")  # fmt: skip
    screen.print(_verdict_of(chapter))
    screen.print(drawing.comparison_table(decision["comparison"], chapter.currency))
    lines = decision["lines"]
    if lines:
        shown = sorted(sorted(lines, key=_tells_most, reverse=True)[:LINES_SHOWN],
                       key=lambda line: line["number"])  # fmt: skip
        screen.print(drawing.lines_table(shown, chapter.scale))
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
    head(screen, "Its certificate", "Nobody has to trust the solver: prices on the nodes prove "
          "what no plan can go below.")  # fmt: skip
    screen.print(_sums(chapter, proof))
    gap = total(-(-proof["gap"] // chapter.scale), 1, chapter.currency)  # none is rounded away
    screen.print(f"The gap between cost and bound is {gap}: "
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
    head(screen, f"Line {line['number']} explained", "A planner acts on a line only when it says "
          "what it rests on.")  # fmt: skip
    screen.print(sentence_of(line, chapter.scale, chapter.currency))
    for fact in chapter.facts:
        stated = {name: getattr(fact.record, name) for name in type(fact.record).__slots__}
        indented(screen, f"because {drawing.told_fact(fact.class_name, fact.key, stated)}")


def _shortfall(screen: Console, chapter: Chapter) -> None:
    row = chapter.shortfall
    if row is None:
        return
    head(screen, f"Shortfall {row['number']} explained", "What stays open has a kind: it cannot "
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
    floors = chapter.decision["suppressed"].get("floors", ())
    reason = reasons.reason_of(row, chapter.scale, chapter.currency, floors)
    screen.print(f"Kind: {row['kind']}. {plain(reason[:1].upper() + reason[1:])}.")


def _rule(screen: Console, chapter: Chapter) -> None:
    if not chapter.prices:
        return
    from api.commands.price import did
    from api.screen.price_tables import prices_table

    price = chapter.prices[0]
    head(screen, f"What the rule `{reasons.rule_name(price.rule)}` costs", "A rule is a decision "
          "of people; they should see its price.")  # fmt: skip
    screen.print(f"{price.title}: {did(price)}.")
    if price.orders is not None:
        orders = price.orders
        screen.print(f"Without it {orders.orders_without:,} orders ({orders.units_without:,} "
                     f"units) would be served instead of {orders.orders_with:,} "
                     f"({orders.units_with:,} units), for "
                     f"{money(orders.cost_cents_without, 1, chapter.currency)} instead of "
                     f"{money(orders.cost_cents_with, 1, chapter.currency)}.")  # fmt: skip
    else:
        screen.print(f"Without it the plan would cost "
                     f"{chapter.amount(price.difference_scaled)} less.")  # fmt: skip
    screen.print(f"{count(len(price.opened), 'line')} would open, "
                 f"{count(len(price.dropped), 'line')} would go:")  # fmt: skip
    for sign, lines in (("+", price.opened), ("-", price.dropped)):
        for line in lines[:2]:
            indented(screen, f"{sign} {sentence_of(line, chapter.scale, chapter.currency)}")
    if len(chapter.prices) > 1:
        screen.print(prices_table(chapter.prices, chapter.scale, chapter.currency))


def _path(screen: Console, chapter: Chapter) -> None:
    if chapter.path is None or chapter.line is None:
        return
    head(screen, "Where that line comes from", "Any number can be walked back to the row, the "
          "file, the rules and the people that it came from.")  # fmt: skip
    screen.print(drawing.provenance_tree(chapter.path, most=FACTS_DRAWN))


def _recount(screen: Console, chapter: Chapter) -> None:
    if chapter.recount is not None:
        demo_recount.tell(screen, chapter.recount)


def _governed(screen: Console, chapter: Chapter) -> None:
    if chapter.governed is not None:
        demo_governed.tell(screen, chapter.governed)


def _logged(screen: Console, chapter: Chapter) -> None:
    if chapter.logged is not None:
        demo_logged.tell(screen, chapter.logged)
