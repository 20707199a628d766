"""The decisions that a delivery touches: plans made while it was not known, though it was true."""

from collections.abc import Iterable

from graph.catalog import TouchedPlan
from graph.facts import uri_of
from ontology.events import moment_of
from service.house import House
from service.intake.changes import ClassChanges

MOST_FACTS = 10_000
"""So many changed facts of a class are looked for behind the lines of plans."""


def touched(house: House, chain: str, changes: Iterable[ClassChanges]) -> list[TouchedPlan]:
    """Plans of a chain made while a changed fact was true as it is told only now.

    A delivery whose facts are true only since it came touches none.
    """
    told = [(each, each.news) for each in changes]
    if not any(len(news) for _, news in told):
        return []
    earliest = min(int(each.since[news].min()) for each, news in told if len(news))
    latest = max(int(each.until[news].max()) for each, news in told if len(news))
    uris = [
        uri_of(chain, each.name, key)
        for each, news in told
        for key in each.keys[news[:MOST_FACTS]].tolist()
    ]
    return house.catalog.plans_since(chain, moment_of(earliest), moment_of(latest), uris)
