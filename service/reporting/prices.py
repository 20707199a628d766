"""What rules cost in a saved plan, as rows of a report: the plan made again without them."""

from collections.abc import Iterator
from fractions import Fraction

from graph.artifacts import ArtifactStore
from ontology.events import Event
from service.decision import ask
from service.planning import answer
from service.price import RulePrice, price_of_rule, rules_that_act
from service.recalled import inputs_of
from service.reporting.sections import Said


def rule_prices(event: Event, store: ArtifactStore) -> Iterator[Said]:
    """Each rule that acted on a plan, and what it cost, from the plan's own snapshot and release.

    Plans are made again, which takes as long as planning does for each rule. Raises as that does.
    """
    document = store.get_document(event.artifact)
    snapshot, release, request = inputs_of(store, document)
    draft = answer(ask(snapshot, release, request))
    scale, currency = draft.problem.network.cost_scale, document["decision"]["currency"]
    digests = {"plan": document["plan_digest"], "release": release.digest}
    for rule in rules_that_act(draft, release):
        found = price_of_rule(draft, snapshot, release, rule, request)
        yield Said(f"{found.title} ({found.rule})", _price_text(found, scale, currency),
                   digests=digests)  # fmt: skip


def _price_text(found: RulePrice, scale: int, currency: str) -> str:
    low, high = (_amount(one, scale, currency)
                 for one in (found.at_least_scaled, found.at_most_scaled))  # fmt: skip
    told = low if low == high else f"from {low} to {high}"
    return f"{told}; it closed {found.closed:,} movements"


def _amount(scaled: int, scale: int, currency: str) -> str:
    """An amount in the currency's units, to the cent."""
    cents = round(Fraction(scaled, scale))
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02} {currency}".strip()
