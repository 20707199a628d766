"""Replay: a saved decision made again from what it names, and compared byte for byte."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from graph.artifacts import ArtifactStore
from graph.catalog import PlanEntry
from graph.manifests import read_snapshot
from graph.progress import Progress, silent
from ontology.canonical import canonical, digest_of
from ontology.canonical_columns import columns_from
from ontology.columns import Snapshot
from ontology.errors import EvenkeelError, InputError, OutsideError
from rules.release import Release, from_document
from service.audit.first_difference import NOTHING, FirstDifference, first_difference
from service.audit.reasons_apart import reasons_apart
from service.decision import FORMAT, Draft, PlanRequest, Question, ask, request_of
from service.house import House
from service.planning import answer
from service.stability import steady_since
from service.stated_plan import content_of, document_at, is_digest
from solver.remembered import Answers

SAME, DIFFERS, NOT_MADE = "the same bytes", "differs", "not made"
_UNUSABLE = (LookupError, TypeError, ValueError, AttributeError)

Facts = Callable[[str, int], Snapshot]
"""The facts of a chain after so many events."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of making a decision again.

    `status` is one of SAME, DIFFERS, NOT_MADE. `digest` is that of the decision made again, empty
    where there is none. `first` is where it parts from the plan, `reasons` why as far as it can be
    told; where nothing was made, what is missing. `notes` say what was taken as stated.
    """

    plan: str
    chain: str
    regime: str
    status: str
    digest: str = ""
    first: FirstDifference | None = None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A decision made again, with its question and its plan where it came to one."""

    replayed: Replayed
    question: Question | None = None
    draft: Draft | None = None


def replay(store: ArtifactStore, document: Any, facts: Facts | None = None) -> Replayed:
    """Make the decision of a plan again, with the solver, from what the plan itself names.

    That is snapshot, release, previous plan, edits, weights and days; nothing else is read, but
    with `facts` the snapshot is taken from there (a fold of the log) instead of from its
    artifact. Nothing is saved, and nothing raised: what is missing is told by name.
    """
    return made_again(store, document, facts).replayed


def made_again(
    store: ArtifactStore, document: Any, facts: Facts | None = None,
    answers: Answers | None = None,
) -> MadeAgain:  # fmt: skip
    """As `replay`, with what was asked and decided. `answers` are of problems solved before."""
    try:
        known = _known(document)
    except (*_UNUSABLE, InputError) as error:
        why = (f"this is no plan: {error_line(error)}",)
        return MadeAgain(Replayed("", "", "", NOT_MADE, reasons=why))
    try:
        request, snapshot, release, notes = _inputs(store, document, facts)
        question = ask(snapshot, release, request)
        draft = answer(question, answers=answers)
    except OutsideError as error:
        return MadeAgain(Replayed(*known, NOT_MADE, reasons=(error_line(error),)))
    except EvenkeelError as error:
        return MadeAgain(_no_decision(store, document, known, error))
    except _UNUSABLE as error:
        why = (f"it cannot be read: {error_line(error)}",)
        return MadeAgain(Replayed(*known, NOT_MADE, reasons=why))
    found = replace(_compared(store, document, draft, known), notes=notes)
    return MadeAgain(found, question, draft)


def replay_plans(
    house: House, entries: Iterable[PlanEntry], *, from_log: bool = False,
    progress: Progress = silent, total: int = 0,
) -> Iterator[Replayed]:  # fmt: skip
    """Each saved plan made again, in the order given; `from_log` folds the facts anew."""
    facts: Facts | None = house.reader.read if from_log else None
    for done, entry in enumerate(entries):
        progress("making decisions again", done, total)
        try:
            document = house.store.get_document(entry.artifact)
        except OutsideError as error:
            known = (entry.plan.digest, entry.plan.chain, entry.plan.regime)
            yield Replayed(*known, NOT_MADE, reasons=(error_line(error),))
            continue
        yield replay(house.store, document, facts)


def _known(document: Any) -> tuple[str, str, str]:
    """Digest, chain and regime that a plan states."""
    if document["format"] != FORMAT:
        raise InputError(f"the format is not {FORMAT}", code="BAD_PLAN")
    decision = document["decision"]
    return str(document["plan_digest"]), str(decision["chain"]), str(decision["regime"])


def _inputs(
    store: ArtifactStore, document: Mapping[str, Any], facts: Facts | None
) -> tuple[PlanRequest, Snapshot, Release, tuple[str, ...]]:
    decision, named = document["decision"], document["about"]["artifacts"]
    release = from_document(document_at(store, _digest(named["release"])))
    if facts is None:
        snapshot = read_snapshot(store, _digest(named["snapshot"]))
    else:
        snapshot = facts(decision["chain"], document["about"]["sequence"])
    request, notes = asked_under(store, document, release)
    return request, snapshot, release, notes


def asked_under(
    store: ArtifactStore, document: Mapping[str, Any], release: Release
) -> tuple[PlanRequest, tuple[str, ...]]:
    """What was asked of a plan, as a release takes it; with what is taken as the plan states it.

    The lines of the plan before are read from that plan where it is named: how many days of them
    count, and within which band, is the release's to say. Raises as reading the artifacts does.
    """
    request = request_of(document["decision"])
    steady, name = request.steady, document["about"]["artifacts"].get("previous")
    if steady is None or request.starts_on is None:
        return request, ()
    if name is None:
        return request, ("the lines of the plan before are taken as this plan states them",)
    before = document_at(store, _digest(name))
    if digest_of(before["decision"]) != request.previous:
        raise InputError("the artifact of the plan before is another plan", code="BAD_PLAN")
    found = steady_since(store, before, release, request.starts_on,
                         steady.most_lines, steady.most_units)  # fmt: skip
    return replace(request, steady=found), ()


def _compared(
    store: ArtifactStore, document: Mapping[str, Any], draft: Draft, known: tuple[str, str, str]
) -> Replayed:
    stated, made = (orjson.loads(canonical(each))
                    for each in (document["decision"], draft.decision))  # fmt: skip
    found = digest_of(made)
    first = None
    if found != document["plan_digest"] or digest_of(stated) != found:
        first = first_difference(*_opened(store, stated, made, draft))
    if first is None and found != document["plan_digest"]:
        first = FirstDifference("plan_digest", document["plan_digest"], found)
    if first is None:
        return Replayed(*known, SAME, found)
    return Replayed(*known, DIFFERS, found, first, reasons_apart(store, document, first))


def _opened(
    store: ArtifactStore, stated: Mapping[str, Any], made: Mapping[str, Any], draft: Draft
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Both decisions with the columns of network and certificate in place of their digests."""
    pairs = [dict(stated), dict(made)]
    for part in ("network", "certificate"):
        names = [decision[part].get("artifact") for decision in pairs]
        if None in names or names[0] == names[1]:
            continue
        columns = (content_of(stated[part], store), columns_from(draft.attachments[part]))
        for decision, content in zip(pairs, columns, strict=True):
            decision[part] = {**decision[part], "artifact": content}
    return pairs[0], pairs[1]


def _no_decision(
    store: ArtifactStore, document: Mapping[str, Any], known: tuple[str, str, str],
    error: EvenkeelError,
) -> Replayed:  # fmt: skip
    if error.code in {"BAD_PLAN", "PLAN_TOO_LARGE", "BAD_MANIFEST"}:
        return Replayed(*known, NOT_MADE, reasons=(error_line(error),))
    first = FirstDifference("decision", f'"{known[0]}"', NOTHING)
    reasons = (f"no decision is made of it now: {error_line(error)}",)
    return Replayed(*known, DIFFERS, "", first, reasons + reasons_apart(store, document, first))


def _digest(name: Any) -> str:
    """A name that a document gives: never that of a file."""
    if not isinstance(name, str) or not is_digest(name):
        raise InputError("the plan names an artifact by no SHA-256", code="BAD_PLAN")
    return name


def error_line(error: Exception) -> str:
    """An error in one line, with its code where it has one."""
    text = str(error).splitlines()[0] if str(error) else ""
    if isinstance(error, EvenkeelError):
        return f"{text} [{error.code}]"
    return f"{type(error).__name__} {text}".strip()
