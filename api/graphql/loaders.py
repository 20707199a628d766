"""What one request carries: bounded thread hops, batches of reads, and a budget of rows."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import strawberry
from anyio import to_thread
from strawberry.dataloader import DataLoader

from api.doors.readers import Readers
from api.graphql.connections import Cursors
from api.graphql.limits import RESULT_ROWS
from api.graphql.long_calls import Lane
from graph.artifacts import ArtifactStore
from graph.catalog import Line, LineKey, Page, PlanEntry
from graph.facts import StatedFact
from graph.observed import Observed
from ontology.errors import InputError
from ontology.plan import Shortfall
from ontology.promise_ends import OpenPromise
from service.access import Sight, denied
from service.asking.questions import Questions
from service.doors.inbox import Inbox
from service.governing.approving import left_of_plans
from service.house import AsOf, House
from service.kept import Kept
from service.moment import Moment

if TYPE_CHECKING:
    from service.recalled import Recalled

READING_THREADS = 8
WORKING_THREADS = 2
PLANNING_THREADS = 1
MOST_WORKING, MOST_PLANNING = 128, 32
"""So many calls wait or are made at a time; further ones are refused."""
MOST_OPENED = 3
"""Plans that are kept opened: one of 300 items on 30 places has some 60 MB."""

CALLER = "graphql"
"""Who is logged for what the machine's owner asks, where nobody is named as that."""

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
FACTS_READ, PLANS_READ = "facts.read", "plans.read"
PageKey = tuple[str, int, int]
"""Plan digest, the number after which the page begins, and its size."""
ReferringKey = tuple[str, str, str, str, int]
"""URI, class, field, the URI after which the page begins, and its size."""


@dataclass(frozen=True, slots=True)
class Hops:
    """How many threads look up, work out, or plan on behalf of all requests.

    What is looked up takes milliseconds, what is worked out a second or so, a plan up to minutes:
    each has threads of its own, so that a short call never waits for a long one.
    """

    reading: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(READING_THREADS)
    )
    working: Lane = field(default_factory=lambda: Lane("worked out", WORKING_THREADS, MOST_WORKING))
    planning: Lane = field(default_factory=lambda: Lane("planned", PLANNING_THREADS, MOST_PLANNING))
    opened: Kept = field(default_factory=lambda: Kept(MOST_OPENED))


class Request:
    """The context of one GraphQL request. Every loader reads a whole level in one round trip.

    A level with different page arguments takes one round trip for each different set of them,
    so their number depends on the query's text alone.
    """

    def __init__(
        self, house: House, cursors: Cursors, hops: Hops, inbox: Inbox, questions: Questions,
        readers: Readers, sight: Sight,
    ) -> None:  # fmt: skip
        self.house = house
        self.readers = readers
        self.sight = sight
        self.stays: Callable[[], None] = _nothing
        """Called by what is answered without an end, once it has a place of its own."""
        self.inbox = inbox
        self.questions = questions
        self._moments: dict[tuple[str, AsOf], Moment] = {}
        self.observed = Observed(house.projection.log, house.store)
        self.cursors = cursors
        self._hops = hops
        self._rows_left = RESULT_ROWS
        catalog = house.catalog
        self.facts: DataLoader[str, StatedFact | None] = DataLoader(
            self._found(self._from_graph(catalog.by_uri))
        )
        self.plans: DataLoader[str, PlanEntry | None] = DataLoader(
            self._found(catalog.plans_by_digest)
        )
        self.documents: DataLoader[str, Any] = DataLoader(self._found(self._read_documents))
        self.line_facts: DataLoader[LineKey, tuple[StatedFact, ...]] = DataLoader(
            self._found(catalog.line_facts)
        )
        self.shortfall_facts: DataLoader[LineKey, tuple[StatedFact, ...]] = DataLoader(
            self._found(catalog.shortfall_facts)
        )
        self.lines: DataLoader[PageKey, Page[Line]] = DataLoader(self._pages(catalog.lines))
        self.shortfalls: DataLoader[PageKey, Page[Shortfall]] = DataLoader(
            self._pages(catalog.shortfalls)
        )
        self.promises: DataLoader[str, tuple[OpenPromise, ...]] = DataLoader(
            self._found(partial(left_of_plans, house))
        )
        self.referring: DataLoader[ReferringKey, Page[StatedFact]] = DataLoader(self._referring)

    @property
    def agent(self) -> str:
        """Who is logged for what this request does."""
        return self.sight.agent(CALLER)

    def moment(self, chain: str, as_of: AsOf) -> Moment:
        """The facts of a chain as of some times, read once for the whole request."""
        if (chain, as_of) not in self._moments:
            sight = self.sight
            self._moments[chain, as_of] = Moment(
                self.house, chain, as_of, lambda: sight.view(chain, FACTS_READ).shown(as_of),
                sight.note_fact,
            )  # fmt: skip
        return self._moments[chain, as_of]

    async def is_plain(self, chain: str, verb: str = FACTS_READ) -> bool:
        """Whether a caller sees a chain as it is, and nothing is noted: the graph may answer.

        Else facts come from `moment`, which holds what is seen. Raises AccessError.
        """
        if self.sight.caller.is_owner:
            return True
        return (await self.read(self.sight.view, chain, verb)).is_plain

    async def present(self, chain: str) -> Moment | None:
        """The facts of now: None where the graph may answer. Raises AccessError."""
        return None if await self.is_plain(chain) else self.moment(chain, AsOf())

    async def read(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """The answer of a reading call, made in one of a bounded number of threads."""
        call = partial(work, *arguments, **named)
        return await to_thread.run_sync(call, limiter=self._hops.reading)

    async def plan(self, work: Callable[..., T], *arguments: Any) -> T:
        """The answer of a call that plans anew. Raises as `Lane.answer` does."""
        return await self._hops.planning.answer(partial(work, *arguments), self.sight.caller)

    async def work_out(self, work: Callable[..., T], *arguments: Any) -> T:
        """The answer of a call that computes for a second or so. Raises as `Lane.answer` does."""
        return await self._hops.working.answer(partial(work, *arguments), self.sight.caller)

    def opened(
        self, artifact: str, store: ArtifactStore, document: Mapping[str, Any]
    ) -> "Recalled":
        """A saved plan opened; the last ones are kept by their artifact, which never changes."""
        from service.recalled import recall  # the solver is loaded by who needs it

        return self._hops.opened.once(artifact, lambda: recall(store, document))

    def count(self, rows: int) -> None:
        """Take rows from the budget; raises InputError `QUERY_COST` once it is used up."""
        self._rows_left -= rows
        if self._rows_left < 0:
            raise InputError(f"the query reads more than {RESULT_ROWS} rows", code="QUERY_COST",
                             hint="ask for smaller pages or fewer levels")  # fmt: skip

    def _found(
        self, work: Callable[[Sequence[K]], dict[K, T]]
    ) -> Callable[[list[K]], Awaitable[list[Any]]]:
        async def batch(keys: list[K]) -> list[Any]:
            self.count(len(keys))
            found = await self.read(work, keys)
            return [found.get(key) for key in keys]

        return batch

    def _pages(
        self, work: Callable[..., dict[str, Page[T]]]
    ) -> Callable[[list[PageKey]], Awaitable[list[Page[T]]]]:
        async def batch(keys: list[PageKey]) -> list[Page[T]]:
            found: dict[PageKey, Page[T]] = {}
            for after, first in dict.fromkeys(key[1:] for key in keys):
                asked = [plan for plan, *rest in keys if rest == [after, first]]
                pages = await self.read(work, asked, after=after, first=first)
                found |= {(plan, after, first): page for plan, page in pages.items()}
            self.count(sum(len(page.rows) for page in found.values()))
            return [found[key] for key in keys]

        return batch

    def _from_graph(
        self, work: Callable[[Sequence[str]], dict[str, T]]
    ) -> Callable[[Sequence[str]], dict[str, T]]:
        """A reading of facts by URI for those who see all of their chains. Raises AccessError."""

        def read(uris: Sequence[str]) -> dict[str, T]:
            self._check_whole(uris)
            return work(uris)

        return read

    def _check_whole(self, uris: Sequence[str]) -> None:
        # INVARIANT: the graph hides nothing; who sees a part is answered from `moment`
        if not all(self.sight.known_whole(uri.partition("/")[0]) for uri in uris):
            raise denied()

    async def _referring(self, keys: list[ReferringKey]) -> list[Page[StatedFact]]:
        found: dict[ReferringKey, Page[StatedFact]] = {}
        for same in dict.fromkeys(key[1:] for key in keys):
            name, reference, after, first = same
            uris = [key[0] for key in keys if key[1:] == same]
            self._check_whole(uris)
            pages = await self.read(
                self.house.catalog.referring, uris, name, reference, after=after, first=first
            )
            found |= {(uri, *same): page for uri, page in pages.items()}
        self.count(sum(len(page.rows) for page in found.values()))
        return [found[key] for key in keys]

    def _read_documents(self, artifacts: Sequence[str]) -> dict[str, Any]:
        return {name: _without_columns(self.house.store.get_document(name)) for name in artifacts}


Info = strawberry.Info[Request, None]


def _nothing() -> None:
    """Who is no stream has no place to give back."""


def _without_columns(document: dict[str, Any]) -> dict[str, Any]:
    """What a reader asks of a plan's document; its lines come from the graph."""
    decision = document["decision"]
    wanted = ("certificate", "suppressed", "comparison", "starts_on", "cost_parts", "edits",
              "previous", "waste", "remarks", "stability")  # fmt: skip
    return {
        **{name: decision.get(name) for name in wanted},
        "made_from": document["about"]["sequence"],
        "currency": decision.get("currency") or "",
        "cost_scale": decision["network"]["cost_scale"],
        "shortfalls": {row["number"]: row for row in decision["shortfalls"]},
    }
