"""A back-test: which recorded decisions, under which release, and the document that is kept."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from governance.scopes import EVERYWHERE, Scope
from graph.catalog import PAGE_LIMIT, PlanEntry
from graph.progress import Progress, silent
from ontology.errors import InputError
from rules.release import Release, for_part, from_document, from_folder
from service.backtest.kept import FOLDER
from service.backtest.lacking import missing_words
from service.backtest.pool import BACKTEST, OWN, Place, Task, answers
from service.backtest.result import Result, result_of
from service.house import House, artifacts_folder
from service.stated_plan import is_digest

ACTIVE, SHIPPED = "active", "shipped"
SHORTEST_PREFIX = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Which recorded decisions: of these chains (none: of all), made from a day to a day (UTC)."""

    chains: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Refuse a window that ends before it begins (InputError `BAD_WINDOW`)."""
        if self.since and self.until and self.until < self.since:
            raise InputError(f"{self.until} is before {self.since}", code="BAD_WINDOW",
                             hint="give --since before --until")  # fmt: skip

    def holds(self, entry: PlanEntry) -> bool:
        """Whether a plan was made in it; both days are in it."""
        day = entry.made_at.date()
        return (self.since is None or day >= self.since) and (
            self.until is None or day <= self.until
        )

    def stated(self) -> dict[str, Any]:
        """The window as a document."""
        days = {name: day.isoformat() if day else None
                for name, day in (("since", self.since), ("until", self.until))}  # fmt: skip
        return {"chains": sorted(self.chains), **days}


@dataclass(frozen=True, slots=True)
class Backtested:
    """A back-test and the artifact that it is kept as: its digest."""

    digest: str
    result: Result


def backtest(
    house: House, release: Release | None, window: Window, *, workers: int = 0,
    progress: Progress = silent, anew: bool = False,
) -> Backtested:  # fmt: skip
    """Decide the recorded decisions of a window again, as they were; the document is kept.

    Each under its own release first, which must give the same bytes, then under `release`; without
    one under its own alone. Where the release has a rule that cannot be evaluated it decides
    nothing, and the result says so by rule. `workers` (0: one per processor) is how many processes
    decide; the document is the same with any number, and with answers kept before (with `anew`
    none of these are taken). A release that is proposed for a part (a chain, regions, families)
    is tried there alone, all else as it was. Raises InputError `CHAIN_UNKNOWN`; SolverError
    `WORKER_LOST`; OutsideError where an answer cannot be kept.
    """
    entries = sorted(recorded(house, window), key=lambda entry: entry.event_sequence)
    words = missing_words(release) if release else []
    tried, scope = _placed(house, release)
    kept = house.store.put_document(tried.to_document()) if tried else OWN
    place = place_of(house, kept)
    entries = [entry for entry in entries if not words and scope.covers(entry.plan.chain)]
    tasks = [Task(e.plan.digest, e.artifact, e.plan.release) for e in entries]
    found = answers(place, tasks, workers or os.cpu_count() or 1, progress, anew=anew)
    result = result_of(
        window.stated(), _about(release, scope), words,
        ((entry.plan.digest, _where(entry), name, answer)
         for entry, (name, answer) in zip(entries, found, strict=True)),
    )  # fmt: skip
    return Backtested(house.store.put_document(result), result)


def _placed(house: House, release: Release | None) -> tuple[Release | None, Scope]:
    """What is tried, and where: one that was proposed for a part or a chain, only there."""
    case = house.ledger.state().releases.cases.get(release.digest) if release else None
    if release is None or case is None:
        return release, EVERYWHERE
    scope = case.scope
    if not scope.is_partial:
        return release, scope
    return for_part(release, scope.regions, scope.families), scope


def place_of(house: House, release: str, what: str = BACKTEST) -> Place:
    """Where the processes of this service find artifacts and kept answers."""
    answers_folder = house.settings.data_folder / FOLDER
    return Place(str(artifacts_folder(house.settings)), answers_folder, release, what)


def recorded(house: House, window: Window) -> Iterator[PlanEntry]:
    """The plans of a window. Raises InputError `CHAIN_UNKNOWN`."""
    known = [entry.chain for entry in house.catalog.chains()]
    for chain in window.chains:
        if chain not in known:
            raise InputError(f"there is no chain `{chain}`", code="CHAIN_UNKNOWN",
                             hint="`evenkeel facts` names those that there are")  # fmt: skip
    for chain in window.chains or known:
        page = house.catalog.plans(chain, first=PAGE_LIMIT)
        yield from filter(window.holds, page.rows)
        while page.has_more:
            before = page.rows[-1].event_sequence
            page = house.catalog.plans(chain, before=before, first=PAGE_LIMIT)
            yield from filter(window.holds, page.rows)


def release_named(house: House, text: str) -> Release | None:
    """The release that a person means: a folder, a digest that is kept, or `own` (None).

    Also `active`, the one of the whole that is in force, and `shipped`, that of the code.

    Of one that was in force, or proposed, the first digits are enough. Raises InputError
    `RELEASE_UNKNOWN`, `RELEASE_BAD`, OutsideError as reading it does.
    """
    if text == OWN:
        return None
    if text == ACTIVE:
        return house.release_for("").whole
    if text == SHIPPED:
        return house.shipped
    if Path(text).is_dir():
        return from_folder(Path(text))
    if is_digest(text) and house.store.has(text):
        return from_document(house.store.get_document(text))
    known = {one.digest for one in house.catalog.releases(first=PAGE_LIMIT)}
    known |= set(house.ledger.state().releases.cases)
    found = [one for one in known if len(text) >= SHORTEST_PREFIX and one.startswith(text)]
    if len(found) != 1:
        raise InputError(f"there is no release `{text}`", code="RELEASE_UNKNOWN",
                         hint="give a folder with shapes/ and knobs.toml, `active`, `shipped` "
                         "or a digest")  # fmt: skip
    return from_document(house.store.get_document(found[0]))


def _about(release: Release | None, scope: Scope) -> dict[str, Any]:
    if release is None:
        return {"digest": OWN, "name": OWN, "version": "", "scope": scope.stated()}
    return {"digest": release.digest, "name": release.name, "version": release.version,
            "scope": scope.stated()}  # fmt: skip


def _where(entry: PlanEntry) -> dict[str, Any]:
    return {"event": entry.event_sequence, "chain": entry.plan.chain, "regime": entry.plan.regime,
            "made_on": entry.made_at.date().isoformat(), "own_release": entry.plan.release
            }  # fmt: skip
