"""What rules cost in a saved plan, as rows of a report: the plan made again without them."""

from collections.abc import Iterator

from graph.artifacts import ArtifactStore
from ontology.events import Event
from service.decision import ask
from service.planning import answer
from service.price import price_of_rule, rules_that_act
from service.recalled import inputs_of
from service.reporting.sections import Said, price_text


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
        ends = (found.at_least_scaled, found.at_most_scaled)
        yield Said(
            f"{found.title} ({found.rule})", price_text(ends, scale, currency), digests=digests
        )
