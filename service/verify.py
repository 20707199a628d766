"""Check a plan without any solver: its arithmetic, its seal, and its derivation from the facts."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from graph.artifacts import ArtifactStore
from graph.manifests import chain_of, read_snapshot
from ontology.canonical import canonical, digest_of
from ontology.errors import EvenkeelError, InputError
from ontology.steadiness import lines_of
from rules.release import Release, from_document
from service.decision import (
    FORMAT,
    SHARED_COLUMNS,
    ask,
    assemble,
    columns_named,
    pose,
    request_of,
)
from service.objectives import stages_of
from service.rounds import Settled, closers
from service.stated_plan import (
    column,
    content_of,
    document_at,
    document_from,
    is_digest,
    told,
    whole,
)
from solver.model.problem import Problem
from solver.model.steady import STABILITY_KNOBS
from solver.network.columns import IntArray, Network
from solver.proof.branches import Branches
from solver.proof.certificate import FIXED_AS_STATED, TAKEN_AS_STATED, check
from solver.proof.claims import Claims, SharedResources, Whole
from solver.proof.rounded import Rounded

ACCEPTED, REFUSED, NOT_RUN = "accepted", "refused", "not run"
ARC_COLUMNS = ("tail", "head", "lower", "capacity", "cost", "kind", "reference", "supply")

KEYS = {
    "plan": frozenset({"format", "decision", "plan_digest", "about", "seal"}),
    "about": frozenset({"sequence", "made_at", "agent", "versions", "artifacts"}),
    "decision": frozenset({
        "chain", "snapshot", "release", "previous", "edits", "work_limit", "regime", "starts_on",
        "cost_parts", "currency", "demand_model", "network", "certificate", "lines", "shortfalls",
        "suppressed", "comparison", "remarks", "waste", "objectives", "stages", "stability",
        "reserved", "promised",
    }),
}  # fmt: skip
"""All that a plan may state, at its first two levels."""


@dataclass(frozen=True)
class Check:
    """One of the three checks: its verdict, why it refuses, and what else a reader should know."""

    name: str
    status: str
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The three checks in order. Derivation that was not run leaves the facts unproved."""

    checks: tuple[Check, ...]

    @property
    def accepted(self) -> bool:
        """Whether the plan stands, as far as it could be checked."""
        return not any(check.status == REFUSED for check in self.checks)


@dataclass(frozen=True)
class _Parts:
    network: Network
    shared: SharedResources | None
    flow: IntArray
    potentials: IntArray
    prices: IntArray | None
    branches: Branches | None
    rounded: Rounded | None


def verify(
    document: Any,
    *,
    artifacts: Path | ArtifactStore | None = None,
    snapshot: str | None = None,
    release: str | None = None,
) -> Verdict:
    """The verdict on a plan document, whatever it is: a malformed one is refused, never a crash.

    `artifacts` is a store, or a folder of artifacts (an export, or the service's own). `snapshot`
    and `release` are digests in it or paths of files; by default the plan says which. Derivation
    runs when both can be found. Raises InputError `ARTIFACTS_WANTED` or OutsideError
    `ARTIFACT_MISSING` where a large plan's network or certificate is not at hand.
    """
    try:
        store = ArtifactStore(artifacts) if isinstance(artifacts, Path) else artifacts
        parts = _parts(document, store)
    except _UNUSABLE as error:
        if isinstance(error, EvenkeelError) and error.code in _NOT_AT_HAND:
            raise
        why = told((f"the document cannot be read as a plan: {_line(error)}",))
        return Verdict((Check("arithmetic", REFUSED, why), Check("seal", REFUSED, why),
                        Check("derivation", NOT_RUN)))  # fmt: skip
    derivation = _run("derivation",
                      lambda: _derivation(document, parts, store, snapshot, release))  # fmt: skip
    arithmetic = _run("arithmetic", lambda: _arithmetic(document, parts))
    if derivation.status == ACCEPTED:  # which computes these costs itself
        proved = (TAKEN_AS_STATED, FIXED_AS_STATED)
        notes = tuple(note for note in arithmetic.notes if note not in proved)
        arithmetic = replace(arithmetic, notes=notes)
    return Verdict((arithmetic, _run("seal", lambda: _seal(document, parts)), derivation))


def read_plan(path: Path) -> Any:
    """The JSON document of a file. Raises InputError `PLAN_UNREADABLE` or `PLAN_TOO_LARGE`."""
    return document_from(path)


_NOT_AT_HAND = ("ARTIFACTS_WANTED", "ARTIFACT_MISSING", "PLAN_TOO_LARGE")
_UNUSABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError,
             EvenkeelError)  # fmt: skip


def _run(name: str, work: Callable[[], Check]) -> Check:
    try:
        found = work()
        return replace(found, refusals=told(found.refusals), notes=told(found.notes))
    except _UNUSABLE as error:
        return Check(name, REFUSED, told((f"it cannot be checked: {_line(error)}",)))


def _line(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return text if isinstance(error, EvenkeelError) else f"{type(error).__name__} {text}".strip()


def _parts(document: Any, store: ArtifactStore | None) -> _Parts:
    if document["format"] != FORMAT:
        raise InputError(f"the format is not {FORMAT}", code="BAD_PLAN")
    decision = document["decision"]
    arcs = content_of(decision["network"], store)
    proof = content_of(decision["certificate"], store)
    columns = {name: column(arcs[name], name) for name in ARC_COLUMNS}
    scale = whole(decision["network"]["cost_scale"], "cost_scale")
    proved = {name: column(proof[name], name) for name in ("flow", "potentials")}
    shared = None
    if "shared_arc" in arcs:
        shares = {name: column(arcs[f"shared_{name}"], f"shared_{name}") for name in SHARED_COLUMNS}
        shared = SharedResources(**shares, whole=_record(Whole, "whole", arcs))
    return _Parts(
        Network(**columns, cost_scale=scale), shared,
        **proved, prices=column(proof["prices"], "prices") if "prices" in proof else None,
        branches=_record(Branches, "branch", proof), rounded=_record(Rounded, "rounded", proof),
    )  # fmt: skip


def _record(kind: Any, prefix: str, stated: Mapping[str, Any]) -> Any:
    """The record whose columns are stated under a prefix; None where none of them is."""
    names = [f"{prefix}_{field.name}" for field in fields(kind)]
    if not any(name in stated for name in names):
        return None
    return kind(*(column(stated[name], name) for name in names))


def _arithmetic(document: Any, parts: _Parts) -> Check:
    stated, network = document["decision"]["certificate"], document["decision"]["network"]
    cost, bound, gap = (whole(stated[name], name) for name in ("cost", "bound", "gap"))
    claims = Claims(
        cost, bound, gap, stated["gap_percent"], stated["label"],
        stated["do_nothing"], stated["gap_of_gain"],
        given_cost=whole(stated["given_cost"], "given_cost"),
        line_cost=whole(stated["line_cost"], "line_cost"),
    )  # fmt: skip
    found = check(parts.network, parts.flow, parts.potentials, claims, parts.prices, parts.shared,
                  branches=parts.branches, rounded=parts.rounded)  # fmt: skip
    refusals = list(found.refusals)
    for name, size in (("arcs", parts.network.arc_count), ("nodes", parts.network.node_count)):
        if network[name] != size:
            refusals.append(f"{name}: stated {network[name]}, but the network has {size}")
    return Check("arithmetic", REFUSED if refusals else ACCEPTED, tuple(refusals), found.notes)


def _strangers(document: Any) -> list[str]:
    """The keys that no plan has: what nothing checks must not stand under a seal."""
    levels = (("plan", document), ("about", document["about"]), ("decision", document["decision"]))
    return [
        f"{name}: a plan has no `{key}` there"
        for name, level in levels
        for key in sorted(level.keys() - KEYS[name])
    ]


def _seal(document: Any, parts: _Parts) -> Check:
    decision = document["decision"]
    outside = {name: value for name, value in document.items() if name != "seal"}
    stated = {
        "network digest": (decision["network"]["digest"], parts.network.digest),
        "plan digest": (document["plan_digest"], digest_of(decision)),
        "seal": (document["seal"], digest_of(outside)),
    }
    refusals = _strangers(document) + [
        f"{name}: stated {was}, but it is {found}"
        for name, (was, found) in stated.items()
        if was != found
    ]
    return Check("seal", REFUSED if refusals else ACCEPTED, tuple(refusals))


def _derivation(
    document: Any,
    parts: _Parts,
    store: ArtifactStore | None,
    snapshot_name: str | None,
    release_name: str | None,
) -> Check:
    named = document["about"]["artifacts"]
    manifest = snapshot_name or _digest(named["snapshot"])
    bundle = release_name or _digest(named["release"])
    if store is None or not (_at_hand(store, manifest) and _at_hand(store, bundle)):
        if snapshot_name or release_name:
            raise InputError("the snapshot or the release is not in the artifacts folder",
                             code="ARTIFACT_MISSING")  # fmt: skip
        note = "the snapshot and the release are not at hand: give `--artifacts FOLDER`"
        return Check("derivation", NOT_RUN, (), (note,))
    snapshot = read_snapshot(store, manifest)
    release = from_document(_document(store, bundle))
    decision = document["decision"]
    request = request_of(decision)
    closed = _closed_after(decision)
    stages = stages_of(decision)
    if [stage.objective for stage in stages] != list(request.first):
        raise InputError("the stages are not the objectives that come first", code="BAD_PLAN")
    question = replace(ask(snapshot, release, request), stages=stages)
    problem = pose(question, closed)
    _refuse_false_closures(problem, closed, release)
    refusals = []
    if problem.network.digest != parts.network.digest:
        refusals.append("the facts and rules give another network than the plan's")
    elif not _same(problem.shared, parts.shared):
        refusals.append("the facts and rules give other shared capacities than the plan's")
    else:
        settled = Settled(problem, parts.flow, parts.potentials, parts.prices, closed,
                          parts.branches, parts.rounded)  # fmt: skip
        again = assemble(question, settled)
        refusals += differences(decision, again.decision)
    if document["about"]["sequence"] != snapshot.sequence:
        refusals.append(f"about.sequence: stated {document['about']['sequence']}, but the "
                        f"snapshot is of {snapshot.sequence}")  # fmt: skip
    if chain_of(store, manifest) != decision["chain"]:
        refusals.append("decision.chain: the snapshot is of another chain")
    found, told = _before(decision, release, named.get("previous"), store)
    refusals += found
    notes = told + [f"{len(rows):,} movements closed after the flow by {name}: taken as stated"
             for name, rows in sorted(closed.items())]  # fmt: skip
    return Check("derivation", REFUSED if refusals else ACCEPTED, tuple(refusals), tuple(notes))


def _before(
    decision: Mapping[str, Any], release: Release, name: Any, store: ArtifactStore
) -> tuple[list[str], list[str]]:
    """Whether a plan keeps to the knobs, and to lines that the plan before had: refusals, notes."""
    stated = decision.get("stability")
    if stated is None:
        return [], []
    wrong = [f"stability.{name}: not the release's" for name, knob in STABILITY_KNOBS.items()
             if stated[name] != release.knobs.get(knob, 0)]  # fmt: skip
    wrong += [f"stability: more {name} changed than allowed" for name in ("lines", "units")
              if (stated[f"most_{name}"] or 0) < stated[f"changed_{name}"]
              and stated[f"most_{name}"] is not None]  # fmt: skip
    if wrong:
        return wrong, []
    if name is None or not store.has(_digest(name)):
        return [], ["the lines of the plan before are taken as stated"]
    before = document_at(store, name)["decision"]
    if digest_of(before) != decision["previous"]:
        return ["stability: the artifact is not the plan before"], []
    if before["starts_on"] != decision["starts_on"] or stated["frozen_days"] > 1:
        return [], ["what the plan before sends on later days is taken as stated"]
    if differences(stated["lines"], [asdict(line) for line in lines_of(before)]):
        return ["stability.lines: not those of the plan before"], []
    return [], []


def _same(some: SharedResources | None, others: SharedResources | None) -> bool:
    if some is None or others is None:
        return some is others
    same = all(np.array_equal(getattr(some, n), getattr(others, n)) for n in SHARED_COLUMNS)
    whole, stated = columns_named("", some.whole), columns_named("", others.whole)
    return same and whole.keys() == stated.keys() and all(
        np.array_equal(column, stated[name]) for name, column in whole.items()
    )  # fmt: skip


def _closed_after(decision: Mapping[str, Any]) -> dict[str, IntArray]:
    """The movement rows that the plan says were closed after a first flow: taken as stated.

    Closing more than was needed can only make a plan dearer, which its gap shows.
    """
    stated = decision["suppressed"]["after_flow"]
    return {name: column(rows, "after_flow") for name, rows in stated.items()}


def _refuse_false_closures(
    problem: Problem, closed: Mapping[str, IntArray], release: Release
) -> None:
    """Only knobs, limits and rules on the finished plan close after a flow; knobs no purchase."""
    strangers = sorted(set(closed) - closers(release))
    if strangers:
        raise InputError(f"`{strangers[0]}` cannot close a movement after a flow", code="BAD_PLAN")
    count = len(problem.movements)
    bought = np.flatnonzero(problem.movements["kind"] == "purchase")
    rules = {rule.iri for rule in release.rules}
    if any(np.isin(rows, bought).any() for name, rows in closed.items() if name not in rules):
        raise InputError("only a rule can close a purchase", code="BAD_PLAN")
    if any(((rows < 0) | (rows >= count)).any() for rows in closed.values()):
        raise InputError("`after_flow` names movements that there are not", code="BAD_PLAN")


def _digest(name: Any) -> str:
    """A name that a document gives: never that of a file."""
    if not isinstance(name, str) or not is_digest(name):
        raise InputError("the plan names an artifact by no SHA-256", code="BAD_PLAN")
    return name


def _at_hand(store: ArtifactStore, name: str) -> bool:
    return store.has(name) if is_digest(name) else Path(name).is_file()


def _document(store: ArtifactStore, name: str) -> Any:
    return document_at(store, name) if is_digest(name) else document_from(Path(name))


def differences(stated: Any, derived: Any, place: str = "decision", most: int = 5) -> list[str]:
    """Where two documents differ, by path, the first few; empty when their bytes are equal."""
    if canonical(stated) == canonical(derived):
        return []
    if isinstance(stated, dict) and isinstance(derived, dict):
        pairs = [(f"{place}.{k}", stated.get(k), derived.get(k))
                 for k in sorted(stated.keys() | derived.keys())]  # fmt: skip
    elif isinstance(stated, list) and isinstance(derived, list) and len(stated) == len(derived):
        pairs = [(f"{place}[{i}]", *both) for i, both in
                 enumerate(zip(stated, derived, strict=True))]  # fmt: skip
    else:
        return [f"{place}: stated {_short(stated)}, but the facts give {_short(derived)}"]
    found: list[str] = []
    for where, one, other in pairs:
        found += differences(one, other, where, most)
        if len(found) >= most:
            break
    return found[:most] or [f"{place}: a key is null on one side and absent on the other"]


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."
