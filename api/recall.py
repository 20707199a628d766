"""Finding a saved plan by what a person types: a prefix of its digest, or `latest`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ontology.errors import InputError

if TYPE_CHECKING:
    from graph.catalog import PlanEntry
    from service.house import House

LATEST = "latest"
SHORTEST_PREFIX = 4
DIGITS = 12
_DIGITS = frozenset("0123456789abcdef")


def latest_plan(house: "House", chain: str = "") -> "PlanEntry | None":
    """The plan made last, of one chain or of all; None where there is none."""
    pages = (house.catalog.plans(name, first=1) for name in _chains(house, chain))
    entries = [entry for page in pages for entry in page.rows]
    return max(entries, key=lambda entry: entry.event_sequence, default=None)


def only_chain(house: "House") -> str:
    """The chain where there is just one. Raises InputError `CHAIN_UNKNOWN`, `CHAIN_WANTED`."""
    found = house.catalog.chains()
    names = [entry.chain for entry in found]
    if len(names) == 1:
        return names[0]
    if not names:
        raise InputError("nothing has been loaded yet", code="CHAIN_UNKNOWN",
                         hint="`evenkeel plan --example two_hubs`, or sync files")  # fmt: skip
    told = [entry.chain + ("" if entry.has_facts else " (without facts)") for entry in found]
    raise InputError("there are several chains", code="CHAIN_WANTED",
                     hint=f"give --chain, one of: {', '.join(told)}")  # fmt: skip


def find_plan(house: "House", asked: str = LATEST, chain: str = "") -> "PlanEntry":
    """The plan whose digest starts so, or the latest.

    Raises InputError `PLAN_UNKNOWN`, or `PLAN_AMBIGUOUS` where several digests start so.
    """
    if asked == LATEST:
        found = latest_plan(house, chain)
        if found is None:
            where = f" of the chain `{chain}`" if chain else ""
            raise InputError(f"there is no plan{where} yet", code="PLAN_UNKNOWN",
                             hint="make one with `evenkeel plan --example two_hubs`")  # fmt: skip
        return found
    prefix = asked.lower()
    if len(prefix) < SHORTEST_PREFIX or not _DIGITS.issuperset(prefix):
        raise InputError(f"`{asked}` is no plan digest", code="PLAN_UNKNOWN",
                         hint="give `latest`, or 4 or more digits of the digest")  # fmt: skip
    matching = [e for e in _plans(house, chain) if e.plan.digest.startswith(prefix)]
    if not matching:
        raise InputError(f"there is no plan `{asked}`", code="PLAN_UNKNOWN",
                         hint="`evenkeel show latest` shows the plan made last")  # fmt: skip
    if len(matching) > 1:
        raise InputError(f"{len(matching)} plans start with `{asked}`", code="PLAN_AMBIGUOUS",
                         hint="give more digits of the digest")  # fmt: skip
    return matching[0]


def document_of(house: "House", entry: "PlanEntry") -> dict[str, Any]:
    """The sealed document of a saved plan."""
    document: dict[str, Any] = house.store.get_document(entry.artifact)
    return document


def title_of(document: Mapping[str, Any]) -> str:
    """Which plan an answer speaks of: `plan 7c9a9667c9c6 of regional, from 2026-03-02`."""
    decision = document["decision"]
    digest = document["plan_digest"][:DIGITS]
    return f"plan {digest} of {decision['chain']}, from {decision['starts_on']}"


@contextmanager
def speaking_of(document: Mapping[str, Any]) -> Iterator[None]:
    """What is refused inside names the plan in its hint: `latest` may be of another chain."""
    try:
        yield
    except InputError as error:
        error.hint = (f"{error.hint}; that was {title_of(document)}: choose another with --chain "
                      "or its digest")  # fmt: skip
        raise


def _chains(house: "House", chain: str) -> list[str]:
    return [chain] if chain else [entry.chain for entry in house.catalog.chains()]


def _plans(house: "House", chain: str) -> "Iterator[PlanEntry]":
    for name in _chains(house, chain):
        page = house.catalog.plans(name, first=500)
        yield from page.rows
        while page.has_more:
            page = house.catalog.plans(name, first=500, before=page.rows[-1].event_sequence)
            yield from page.rows


def currency_of(house: "House", chain: str) -> str:
    """The currency in which a chain states its prices; empty where it states none."""
    for name in ("HandlingRate", "StockingPolicy", "Lane", "Offer"):
        for fact in house.catalog.facts(chain, name, first=1).rows:
            currency = str(getattr(fact.record, "currency", ""))
            if currency:
                return currency
    return ""
