"""Make a plan: load the snapshot, let the rules decide, solve, prove, seal, save."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from graph.manifests import write_snapshot
from graph.plans import SavedPlan, save_plan
from ontology.canonical import canonical
from ontology.columns import Snapshot
from ontology.errors import SolverError
from ontology.governance import PolicyRelease
from ontology.plan import Plan
from rules.release import Release
from service.conflicts import conflict
from service.decision import Draft, PlanRequest, Question, ask, assemble, pose, seal
from service.house import House
from service.largest_facts import blaming
from service.rounds import settle
from service.stability import previous_artifact, steadied
from service.versions import running_versions
from solver.coupled.solve import WORK_LIMIT
from solver.engine.flow import Solution, solve
from solver.engine.shared import Proved
from solver.model.stages import Stage, alone
from solver.network.columns import Network
from solver.optimum import proved_flow
from solver.remembered import Answers


@dataclass(frozen=True)
class PlanMade:
    """A sealed plan and where it stands; `replayed` tells that it already stood there."""

    document: dict[str, Any]
    saved: SavedPlan
    draft: Draft


def make_plan(house: House, request: PlanRequest) -> PlanMade:
    """Plan a chain on its present facts, less what is reserved, and save it with its provenance.

    Asking again on the same facts and release gives the first plan back. Raises InputError
    `CHAIN_UNKNOWN`, `REGIME` and those of the formulations, `RULE_NOT_EVALUATED`; StateError
    `STALE_PLAN` (what is reserved changed), `RELEASE_SUPERSEDED`; SolverError where no certified
    plan was found.
    """
    request = with_reserved(house, request)
    snapshot, release = house.facts(request.chain), house.release_for(request.chain)
    with blaming(snapshot, house.catalog, request.chain):
        draft = answer(ask(snapshot, release, request))
        manifest = write_snapshot(house.store, request.chain, snapshot)
        about = _about(snapshot, release, request, manifest)
        about["artifacts"] |= previous_artifact(house, request)
        document = seal(draft.decision, about)
    saved = save_plan(
        house.projection, document, plan=summary_of(document), snapshot=snapshot,
        attachments={**draft.attachments, **whole_text(release)}, made_of=made_of(release),
        guard=house.still_governs(release, request.chain, request.reserved),
    )  # fmt: skip
    # the first answer or again, the document is read from where it stands: the same bytes
    return PlanMade(house.store.get_document(saved.artifact), saved, draft)


def whole_text(release: Release) -> dict[str, bytes]:
    """The document of a release in parts, which no event of its own names."""
    return {"release": canonical(release.to_document())} if release.parts else {}


def made_of(release: Release) -> dict[str, Any] | None:
    """What the plan's event says of a release in parts: its record, and whose they are."""
    if not release.parts:
        return None
    record = PolicyRelease(release.digest, release.name, release.version, len(release.rules),
                           "in parts")  # fmt: skip
    digests = {release.whole.digest, *(part.release.digest for part in release.parts)}
    return {"record": asdict(record), "parts": sorted(digests)}


def with_reserved(house: House, request: PlanRequest) -> PlanRequest:
    """The request, where units that approved plans have promised on the chain are not free."""
    return replace(request, reserved=house.reserved(request.chain))


def draft_plan(snapshot: Snapshot, release: Release, request: PlanRequest) -> Draft:
    """The certified decision on a snapshot under a release. Pure: no database, no clock.

    Where its numbers leave the exact range, the error names the facts with the largest ones.
    """
    with blaming(snapshot):
        return answer(ask(snapshot, release, request))


def answer(
    question: Question, engine: Callable[[Network], Solution] = solve,
    answers: Answers | None = None,
) -> Draft:  # fmt: skip
    """The decision on a question: posed, solved, reviewed in rounds, assembled and proved.

    `engine` is how a network is solved, and no input of the plan; nor are `answers` known before.

    Raises InputError `EDITS_CONFLICT` where edits leave no plan.
    """
    knobs = question.release.knobs
    work = (int(knobs["target_gap_per_million"]), int(knobs["work_limit"]) or WORK_LIMIT)
    solver = (answers or Answers()).of(partial(proved_flow, engine=engine), *work)
    try:
        question = staged(question, solver)
        stands = settle(
            partial(pose, question), solver, question.facts, question.release,
            question.without,
        )  # fmt: skip
        stands = steadied(question, stands, solver)
    except SolverError as error:
        if error.code != "NO_PLAN" or not (question.request.edits or question.stages):
            raise
        if question.stages:
            raise _nothing_held(question) from error
        raise conflict(question) from error
    return assemble(question, stands)


def staged(question: Question, solver: Callable[..., Proved]) -> Question:
    """The question with each objective that comes first at its best, one after the other.

    Raises SolverError `STAGE_NOT_PROVED` where a shared capacity leaves a gap that none can.
    """
    for objective in question.request.first[len(question.stages) :]:
        weights = alone(question.request.weights, objective)
        posed = pose(replace(question, request=replace(question.request, weights=weights)))
        if posed.comes_whole:
            raise _not_proved(objective, "what comes in whole loads, lots or lines")
        found = solver(posed)
        if found.prices is not None and found.prices.any():
            raise _not_proved(objective, "a shared capacity")
        stage = Stage(objective, found.flow, found.potentials)
        question = replace(question, stages=(*question.stages, stage))
    return question


def _not_proved(objective: str, what: str) -> SolverError:
    return SolverError(
        f"{what} keeps the best of `{objective}` from being proved", code="STAGE_NOT_PROVED",
        hint="weigh the objectives instead of holding one before the other",
    )  # fmt: skip


def _nothing_held(question: Question) -> SolverError:
    names = ", ".join(f"`{stage.objective}`" for stage in question.stages)
    return SolverError(
        f"no plan keeps every rule and edit with {names} at its best", code="NO_PLAN",
        hint="weigh the objectives instead of holding one before the other",
    )  # fmt: skip


def summary_of(document: dict[str, Any]) -> Plan:
    """The plan's record, as the graph keeps it."""
    decision = document["decision"]
    proof = decision["certificate"]
    return Plan(
        digest=document["plan_digest"], chain=decision["chain"], snapshot=decision["snapshot"],
        release=decision["release"], regime=decision["regime"], label=proof["label"],
        cost_scaled=proof["cost"], bound_scaled=proof["bound"], gap_scaled=proof["gap"],
        cost_scale=decision["network"]["cost_scale"],
        line_count=len(decision["lines"]), shortfall_count=len(decision["shortfalls"]),
    )  # fmt: skip


def _about(
    snapshot: Snapshot, release: Release, request: PlanRequest, manifest: str
) -> dict[str, Any]:
    return {
        "sequence": snapshot.sequence,
        "made_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "agent": request.agent,
        "versions": running_versions(),
        "artifacts": {"snapshot": manifest, "release": release.digest},
    }
