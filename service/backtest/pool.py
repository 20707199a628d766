"""Recorded decisions decided again by several processes; what comes of each is kept at once."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from graph.artifacts import ArtifactStore
from graph.progress import Progress, silent
from ontology.errors import OutsideError, SolverError
from rules.release import from_document
from service.audit.replay import error_line
from service.backtest.again import Answer, decided_again, lost
from service.backtest.kept import KeptAnswers
from service.backtest.rule_costs import rule_costs

BACKTEST, COSTS, PAIRS = "backtest", "costs", "pairs"
"""What is found of each plan: what another release decides, what its rules cost, and by pairs."""
OWN = "own"
"""Stands for a release where each decision is made again under its own alone."""
WHAT = "deciding again"


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to decide again: its digest, its artifact, and the digest of its own release."""

    plan: str
    artifact: str
    own_release: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where processes find everything: the folder of artifacts and that of kept answers."""

    artifacts: str
    answers: Path
    release: str
    """The digest of the release, or OWN."""
    what: str = BACKTEST

    @property
    def kept(self) -> KeptAnswers:
        """The answers that are kept here."""
        return KeptAnswers(self.answers, ArtifactStore(self.artifacts), self.what)

    def release_for(self, task: Task) -> str:
        """The digest of the release that a plan is decided again under."""
        return task.own_release if self.release == OWN else self.release


def answers(
    place: Place, tasks: Sequence[Task], workers: int, progress: Progress = silent, *,
    anew: bool = False,
) -> Iterator[tuple[str, Answer]]:  # fmt: skip
    """The answer of every task with its artifact, in the order of the tasks.

    The number of workers changes nothing but the time. Each answer is kept as soon as it is found:
    whoever is interrupted goes on there the next time. Raises SolverError `WORKER_LOST` where the
    system ends a process (for want of memory, mostly); what it had found is kept.
    """
    found: dict[Task, str] = {}
    if not anew:
        for task in tasks:
            known = place.kept.find(task.plan, place.release_for(task))
            if known is not None:
                found[task] = known[0]
    waiting = [task for task in tasks if task not in found]
    progress(WHAT, len(found), len(tasks))
    for task, name in _decided(place, waiting, workers):
        found[task] = name
        progress(WHAT, len(found), len(tasks))
    store = ArtifactStore(place.artifacts)
    return ((found[task], store.get_document(found[task])) for task in tasks)


def decide(place: Place, task: Task) -> str:
    """Decide one again and keep the answer; gives its artifact. Raises as keeping does."""
    kept = place.kept
    name = place.release_for(task)
    try:
        document = kept.store.get_document(task.artifact)
    except OutsideError as error:
        return kept.keep(task.plan, name, lost(task.plan, error_line(error)))
    return kept.keep(task.plan, name, _found(place, document))


def _found(place: Place, document: Any) -> Answer:
    store = place.kept.store
    if place.what != BACKTEST:
        return rule_costs(store, document, pairs=place.what == PAIRS)
    if place.release == OWN:
        return decided_again(store, document)
    return decided_again(store, document, from_document(store.get_document(place.release)))


def _decided(place: Place, tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, str]]:
    if min(workers, len(tasks)) < 2:
        yield from ((task, decide(place, task)) for task in tasks)
        return
    # not forked: a service has threads, whose locks a fork would copy as they are
    pool = ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn"), initializer=_quiet)
    try:
        asked = {pool.submit(partial(decide, place), task): task for task in tasks}
        for done in as_completed(asked):
            yield asked[done], done.result()
    except BrokenProcessPool as lost:
        raise SolverError(
            "the system ended a process that was deciding again", code="WORKER_LOST",
            hint="back-test again with fewer --workers: what was found is kept",
        ) from lost  # fmt: skip
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _quiet() -> None:
    """A worker that is interrupted ends at once and says nothing: its parent does."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
