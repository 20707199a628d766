"""The decisions that a delivery touches: plans made while it was not known, though it was true."""

from collections.abc import Iterable
from dataclasses import dataclass

from graph.catalog import TouchedPlan
from graph.facts import uri_of
from ontology.events import moment_of
from service.house import House
from service.intake.changes import ClassChanges

MOST_FACTS = 10_000
"""So many changed facts of a class are looked for behind the lines of plans."""


@dataclass(frozen=True, slots=True)
class News:
    """What a delivery tells anew of what was true: between which times (microseconds), of what."""

    earliest: int
    latest: int
    uris: tuple[str, ...]


def touched(house: House, chain: str, changes: Iterable[ClassChanges]) -> list[TouchedPlan]:
    """Plans of a chain made while a changed fact was true as it is told only now.

    A delivery whose facts are true only since it came touches none.
    """
    return touched_by(house, chain, news_of(chain, changes))


def news_of(chain: str, changes: Iterable[ClassChanges]) -> News | None:
    """What is new in some changes, so that they need not be kept; None where nothing is."""
    told = [(each, each.news) for each in changes]
    if not any(len(news) for _, news in told):
        return None
    uris = (
        uri_of(chain, each.name, key)
        for each, news in told
        for key in each.keys[news[:MOST_FACTS]].tolist()
    )
    return News(
        min(int(each.since[news].min()) for each, news in told if len(news)),
        max(int(each.until[news].max()) for each, news in told if len(news)), tuple(uris),
    )  # fmt: skip


def touched_by(house: House, chain: str, news: News | None) -> list[TouchedPlan]:
    """As `touched`, by what is new."""
    if news is None:
        return []
    earliest, latest = moment_of(news.earliest), moment_of(news.latest)
    return house.catalog.plans_since(chain, earliest, latest, news.uris)
