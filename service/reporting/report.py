"""A report on a period: a document made from the log alone, kept and logged under its digest."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from graph.recovery.records import timestamp
from ontology.canonical import canonical, digest
from ontology.errors import InputError
from ontology.events import PLAN_MADE, REPORT_MADE, RULES_PRICED, Event, NewEvent
from service.house import House
from service.reporting.page import page_of
from service.reporting.period import Period
from service.reporting.prices import rule_prices
from service.reporting.sections import PRICES, SECTIONS, Said, Section
from service.transparency import unsigned

FORMAT = "evenkeel-report/1"
MOST_ROWS = 50_000

Document = dict[str, Any]
Names = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Report:
    """A report's document, its canonical bytes and their SHA-256, and the page that shows it.

    `event` is the one that logged document and page; None where nothing was logged. `replayed`:
    it stood there before.
    """

    document: Document
    data: bytes
    digest: str
    page: str
    event: Event | None = None
    replayed: bool = False

    @property
    def page_digest(self) -> str:
        """SHA-256 of the page's bytes."""
        return sha256(self.page.encode()).hexdigest()


def report_on(house: House, period: Period, chain: str = "", *, prices: bool = False) -> Report:
    """The report on a period, of one chain or all; nothing is logged.

    It reads the log up to the end of the period, so once that is over it is the same for ever,
    byte for byte, whenever it is made. With `prices` the last plan of each chain is made again
    without each rule that acted on it. Persons are pseudonyms in the document, and names on the
    page. Raises InputError `CHAIN_UNKNOWN`, `PERIOD_EMPTY`, `REPORT_SIZE`; what reading artifacts
    and planning raise.
    """
    log = house.projection.log
    if chain and chain not in (known := log.chains()):
        raise InputError(f"there is no chain `{chain}`", code="CHAIN_UNKNOWN",
                         hint=f"one of: {', '.join(known)}")  # fmt: skip
    before, last = _reach(house, period)
    if last == 0:
        raise InputError(f"the log had no event by {period.until}", code="PERIOD_EMPTY",
                         hint="choose a later period")  # fmt: skip
    events = [one for one in log.events(before, upto=last) if _concerns(one, chain)]
    priced = _last_plans(events) if prices else frozenset()
    parts = [_part(house, section, events, priced) for section in SECTIONS]
    size, root = unsigned(house, last)
    document = {
        "format": FORMAT, "chain": chain, "since": period.since.isoformat(),
        "until": period.until.isoformat(), "log": {"events_before": before, "size": size,
                                                   "root": root},
        "events": len(events), "prices": prices, "sections": parts,
    }  # fmt: skip
    data = canonical(document)
    found = digest(data)
    return Report(document, data, found, page_of(document, found, house.persons.told))


def make_report(
    house: House, period: Period, agent: str, chain: str = "", *, prices: bool = False
) -> Report:
    """The same, kept as an artifact and logged with the digests of document and page.

    The same document and page again give the first event back. Raises as `report_on`.
    """
    made = report_on(house, period, chain, prices=prices)
    counts = {part["key"]: len(part["rows"]) for part in made.document["sections"]}
    payload = {
        "chain": chain, "since": made.document["since"], "until": made.document["until"],
        "report": made.digest, "page": made.page_digest, "counts": counts,
    }  # fmt: skip
    new = NewEvent(REPORT_MADE, f"report/{made.digest}/{made.page_digest}", agent,
                   datetime.now(UTC), house.store.put(made.data), payload)  # fmt: skip
    done = house.projection.append(new, body=f"{made.digest}/{made.page_digest}")
    return replace(made, event=done.event, replayed=done.replayed)


def logged(house: House, made: Report) -> Event | None:
    """The event that logged this very report and page; None where none did."""
    return house.projection.log.find(f"report/{made.digest}/{made.page_digest}")


def _reach(house: House, period: Period) -> tuple[int, int]:
    """The last event before the period, and the last one in it."""
    log = house.projection.log
    return log.sequence_at(_just_before(period.starts)), log.sequence_at(_just_before(period.ends))


def _just_before(when: datetime) -> datetime:
    return when - datetime.resolution


def _concerns(event: Event, chain: str) -> bool:
    """Whether an event is of the chain that is asked about, or of none in particular."""
    return not chain or event.payload.get("chain") in (None, "", chain)


def _last_plans(events: Collection[Event]) -> frozenset[int]:
    """The last plan of each chain, unless what rules cost in it was found in the period."""
    found = {str(e.payload["plan"]) for e in events if e.kind == RULES_PRICED}
    last = {str(e.payload.get("chain")): e for e in events if e.kind == PLAN_MADE}
    return frozenset(e.sequence for e in last.values() if e.payload["plan"] not in found)


def _part(
    house: House, section: Section, events: Collection[Event], priced: frozenset[int]
) -> Document:
    rows: list[Document] = []
    for event in events:
        for said in _said(house, section, event, priced):
            if len(rows) == MOST_ROWS:
                raise InputError(f"a section has more than {MOST_ROWS:,} rows",
                                 code="REPORT_SIZE", hint="choose a shorter period")  # fmt: skip
            rows.append(_row(event, said))
    about = {name: getattr(section, name) for name in ("key", "title", "meaning")}
    return {**about, "count": len(rows), "rows": rows}


def _said(
    house: House, section: Section, event: Event, priced: frozenset[int]
) -> Iterator[Said]:  # fmt: skip
    yield from section.rows(event, house.store)
    if section.key == PRICES and event.sequence in priced:
        yield from rule_prices(event, house.store)


def _row(event: Event, said: Said) -> Document:
    """A row with the event that it is from: its place, kind and leaf, who and when."""
    return {
        "event": event.sequence, "kind": event.kind, "leaf": event.leaf, "agent": event.agent,
        "recorded_at": timestamp(event.recorded_at), "chain": event.payload.get("chain") or "",
        **asdict(said), "digests": dict(said.digests),
    }  # fmt: skip
