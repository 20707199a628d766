"""Saving a certified plan and activating a release: artifact first, then one short transaction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from neo4j import ManagedTransaction

from graph.log import Appended, Write, moment
from graph.manifests import write_snapshot
from graph.merkle import lines_root
from graph.plan_nodes import PlanNodes
from graph.projection import Projection
from graph.statements import run
from graph.transparency.partner_lines import PARTNERS_ROOT, partners_root
from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.errors import InputError, StateError
from ontology.events import PLAN_MADE, RELEASE_ACTIVATED, Event, NewEvent
from ontology.governance import PolicyRelease
from ontology.plan import Plan

PLAN_FORMAT = "evenkeel-plan/1"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """Where a plan stands: its event, its artifact, and whether it already stood there."""

    digest: str
    artifact: str
    event: Event
    replayed: bool


def save_plan(
    projection: Projection,
    document: Mapping[str, Any],
    *,
    plan: Plan,
    snapshot: Snapshot,
    attachments: Mapping[str, bytes] | None = None,
    guard: Write | None = None,
    made_of: Mapping[str, Any] | None = None,
) -> SavedPlan:
    """Save a sealed plan with its provenance edges: all of it, or nothing, whatever is killed.

    `snapshot` is the one that the plan was made from; `plan` is its summary; `attachments`
    (network, certificate) are kept beside it and named in the event; `guard` may refuse it in the
    transaction. Where its release is one of several together, `made_of` has its record, and their
    digests as `parts`. Saving the same decision
    again gives the first answer, whoever sealed it and when. Facts that came after its snapshot do
    not refuse it: it hangs on the versions that it saw (decision 0048). The caller has checked the
    certificate: this package knows no solver. Raises InputError `BAD_PLAN`, `PLAN_SEAL`,
    `BECAUSE_UNKNOWN`; StateError `RELEASE_UNKNOWN`.
    """
    check_seal(document)
    _check_summary(document, plan, snapshot)
    digest = document["plan_digest"]
    payload = _keep(projection, document, plan, snapshot, attachments or {})
    if made_of is not None:
        payload["made_of"] = dict(made_of)
    nodes = PlanNodes(document, snapshot, payload)  # what cannot be projected is refused here
    projection.catch_up()
    about, lines = document["about"], document["decision"]["lines"]
    appended = projection.append(
        NewEvent(PLAN_MADE, f"plan/{digest}", about["agent"], moment(about["made_at"]),
                 projection.store.put_document(document), payload),
        guard=_guard(plan, guard, made_of), body=digest, nodes=nodes,
        derive=lambda seed: {"lines_root": lines_root(seed, lines),
                             PARTNERS_ROOT: partners_root(seed, lines)},
    )  # fmt: skip
    return SavedPlan(digest, appended.event.artifact, appended.event, appended.replayed)


def activate_release(
    projection: Projection,
    release: PolicyRelease,
    document: bytes,
    *,
    agent: str,
    effective_at: Any,
) -> Appended:
    """Keep a release's document and append `release.activated`; plans may then name it.

    Activating the same release again gives the first event.
    """
    artifact = projection.store.put(document)
    new = NewEvent(
        RELEASE_ACTIVATED, f"release/{release.digest}", agent, effective_at, artifact,
        {"release": asdict(release)},
    )  # fmt: skip
    return projection.append(new, body=digest_of([asdict(release), artifact]))


def check_seal(document: Mapping[str, Any]) -> None:
    """Raises InputError `BAD_PLAN` or `PLAN_SEAL` unless both digests of a plan document hold."""
    if document.get("format") != PLAN_FORMAT:
        raise InputError(f"the document is not of the format {PLAN_FORMAT}", code="BAD_PLAN",
                         hint="give a plan.json that `evenkeel plan` wrote")  # fmt: skip
    unsealed = {name: value for name, value in document.items() if name != "seal"}
    if (
        digest_of(document["decision"]) != document["plan_digest"]
        or digest_of(unsealed) != document["seal"]
    ):
        raise InputError("the plan was changed after it was sealed", code="PLAN_SEAL",
                         hint="make the plan again; a plan is immutable")  # fmt: skip


def _check_summary(document: Mapping[str, Any], plan: Plan, snapshot: Snapshot) -> None:
    decision = document["decision"]
    stated = (
        document["plan_digest"], decision["chain"], decision["snapshot"], decision["release"],
        decision["regime"], len(decision["lines"]), len(decision["shortfalls"]),
    )  # fmt: skip
    summary = (
        plan.digest, plan.chain, plan.snapshot, plan.release,
        plan.regime, plan.line_count, plan.shortfall_count,
    )  # fmt: skip
    if stated != summary or snapshot.digest != plan.snapshot:
        raise InputError("the plan's summary or snapshot is not that of its document",
                         code="BAD_PLAN", hint="pass the snapshot that was planned on")  # fmt: skip
    for rows in (decision["lines"], decision["shortfalls"]):
        if len({row["number"] for row in rows}) < len(rows):
            raise InputError("two lines of the plan have one number", code="BAD_PLAN",
                             hint="number lines and shortfalls from 1")  # fmt: skip


def _keep(
    projection: Projection,
    document: Mapping[str, Any],
    plan: Plan,
    snapshot: Snapshot,
    attachments: Mapping[str, bytes],
) -> dict[str, Any]:
    store = projection.store
    return {
        "chain": plan.chain, "plan": plan.digest, "snapshot": plan.snapshot,
        "snapshot_artifact": write_snapshot(store, plan.chain, snapshot),
        "snapshot_sequence": snapshot.sequence, "release": plan.release,
        "attachments": {name: store.put(attachments[name]) for name in sorted(attachments)},
        "record": asdict(plan), "seal": document["seal"],
    }  # fmt: skip


def _guard(plan: Plan, also: Write | None, made_of: Mapping[str, Any] | None) -> Write:
    releases = [plan.release] if made_of is None else list(made_of["parts"])

    def guard(tx: ManagedTransaction, event: Event) -> None:
        for row in run(tx, "unknown_releases", releases=releases):
            raise StateError(f"release `{row['digest']}` was never activated",
                             code="RELEASE_UNKNOWN", hint="activate the release first")  # fmt: skip
        if also is not None:
            also(tx, event)

    return guard
