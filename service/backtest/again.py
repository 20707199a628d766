"""One recorded decision decided again as it was then: under its own release and another."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from graph.artifacts import ArtifactStore
from ontology.canonical import digest_of
from ontology.errors import EvenkeelError, InputError
from rules.release import Release, is_for_part, placed_on
from service.audit.replay import NOT_MADE, MadeAgain, Replayed, asked_under, error_line, made_again
from service.backtest.lacking import changed_rules, missing_facts
from service.backtest.parts import Part, steps_to
from service.backtest.verdicts import Changed, closed, opened, permitted
from service.decision import Draft, Question, ask
from service.difference import lines_apart
from service.planning import answer
from solver.remembered import Answers

FORMAT = "evenkeel-backtest-answer/1"
DECIDED, UNDECIDED = "decided", "not decided"
MILLION = 10**6

Answer = dict[str, Any]


def decided_again(store: ArtifactStore, document: Any, release: Release | None = None) -> Answer:
    """The account of a saved plan decided again under its own release, then under `release`.

    Both are asked on one snapshot, the one that the plan names, with its edits, weights, days and
    plan before; nothing newer is read. The other is what would have governed had `release` been in
    force in its place (`rules.release.placed_on`); without `release` there is none. Nothing is
    saved and nothing raised: what cannot be read or decided is told. Equal arguments give equal
    documents.
    """
    answers = Answers()
    own = made_again(store, document, answers=answers)
    found: Answer = {"format": FORMAT, "own": asdict(own.replayed)}
    if own.question is None or own.draft is None:
        return found | _about(document, release)
    before = own.question.release
    found |= _about(document, release or before)
    found["figures"] = [figures(own.draft.decision)]
    tried = before if release is None else placed_on(before, release)
    if tried.digest == before.digest:
        made = {"status": DECIDED, "digest": digest_of(own.draft.decision), "reasons": []}
        found["figures"] *= 2
        return found | {"new": made} | _nothing_changes()
    return found | _under(store, document, own, release or before, answers)


def lost(plan: str, why: str) -> Answer:
    """The account of a plan whose document cannot be read, whatever was asked of it."""
    own = asdict(Replayed(plan, "", "", NOT_MADE, reasons=(why,)))
    return {"format": FORMAT, "own": own, "costs": [], "pairs": [], "pairs_left_out": 0}


def figures(decision: Mapping[str, Any]) -> dict[str, int]:
    """What back-tests compare of a decision: cents, millionths of units, and counts.

    `short_millionths` of `demand_millionths` is expected to stay open at the end of the days that
    count by themselves; of firm orders it is the units of those that are not served.
    """
    plan, short = decision["comparison"]["plan"], decision["shortfalls"]
    found = {"cost_cents": plan["cost_cents"], "lines": len(decision["lines"]),
             "shortfalls": len(short)}  # fmt: skip
    if "orders" in plan:
        open_units = sum(row["quantity_units"] for row in short)
        asked = plan["units_served"] + open_units
        return found | {"demand_millionths": asked * MILLION,
                        "short_millionths": open_units * MILLION}  # fmt: skip
    return found | {"demand_millionths": plan["expected_demand_millionths"],
                    "short_millionths": plan["expected_short_millionths"]}  # fmt: skip


def differences(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """After less before, of each figure."""
    return {name: after[name] - before[name] for name in before}


def _under(
    store: ArtifactStore, document: Mapping[str, Any], own: MadeAgain, release: Release,
    answers: Answers,
) -> Answer:  # fmt: skip
    question, draft = own.question, own.draft
    assert question is not None  # noqa: S101  # the caller's
    assert draft is not None  # noqa: S101
    tried, release = release, placed_on(question.release, release)
    try:
        changed = changed_rules(question.release, release)
        missing = missing_facts(question.release, release, question.snapshot)
        other, made, notes = _decided(store, document, question, release, answers)
    except EvenkeelError as error:
        told = {"status": UNDECIDED, "digest": "", "reasons": [error_line(error)]}
        return {"new": told, **_nothing_changes()}
    sides = permitted(question, draft), permitted(other, made)
    both = [figures(side.decision) for side in (draft, made)]
    return {
        "new": {"status": DECIDED, "digest": digest_of(made.decision), "reasons": list(notes)},
        "figures": both, "missing": missing,
        "lines": [[about, was, now]
                  for about, was, now in lines_apart(draft.decision, made.decision)],
        "opened": _told(opened(*sides, changed)),
        "closed": _told(closed(*sides, changed)),
        "by_part": _by_part(store, document, (question, draft), (tried, made), answers),
    }  # fmt: skip


def _decided(
    store: ArtifactStore, document: Mapping[str, Any], question: Question, release: Release,
    answers: Answers,
) -> tuple[Question, Draft, tuple[str, ...]]:  # fmt: skip
    """The same question under another release: the snapshot is the very one that was read."""
    request, notes = asked_under(store, document, release)
    other = ask(question.snapshot, release, request)
    return other, answer(other, answers=answers), notes


def _by_part(
    store: ArtifactStore, document: Mapping[str, Any], own: tuple[Question, Draft],
    end: tuple[Release, Draft], answers: Answers,
) -> list[dict[str, Any]]:  # fmt: skip
    """What each part of the release did, after those before it: the sum is the whole difference."""
    question, draft = own
    last: Mapping[str, Any] = draft.decision
    found: list[dict[str, Any]] = []
    waiting: list[Part] = []
    parts = steps_to(question.release, end[0])
    for number, part in enumerate(parts):
        waiting.append(part)
        now: Mapping[str, Any] | None = end[1].decision
        if number < len(parts) - 1:
            now = _between(store, document, question, part.release, answers)
        if now is None:
            continue
        found.append({
            "name": " + ".join(each.name for each in waiting),
            "rules": sorted({rule for each in waiting for rule in each.rules}),
            "lines_changed": sum(1 for _ in lines_apart(last, now)),
            "figures": differences(figures(last), figures(now)),
        })  # fmt: skip
        last, waiting = now, []
    return found


def _between(
    store: ArtifactStore, document: Mapping[str, Any], question: Question, release: Release,
    answers: Answers,
) -> Mapping[str, Any] | None:  # fmt: skip
    """The decision under a release that nobody stated; None where there is none."""
    try:
        return _decided(store, document, question, release, answers)[1].decision
    except EvenkeelError:
        return None


def _about(document: Any, release: Release | None) -> Answer:
    if not isinstance(document, Mapping) or not isinstance(document.get("decision"), Mapping):
        return {}
    decision = document["decision"]
    found = {name: decision.get(name) for name in ("chain", "regime", "currency", "starts_on")}
    return found | {"plan": document.get("plan_digest"), "own_release": decision.get("release"),
                    "release": _tried(release) if release else decision.get("release")}  # fmt: skip


def _tried(release: Release) -> str:
    """The digest of what was proposed: one for a part is proposed by itself."""
    return release.whole.digest if is_for_part(release) else release.digest


def _told(changed: Changed) -> dict[str, Any]:
    return {"groups": list(changed.groups), "rows": list(changed.rows)}


def _nothing_changes() -> Answer:
    none: dict[str, Any] = {"groups": [], "rows": []}
    return {"lines": [], "opened": none, "closed": none, "by_part": []}


def was_made(answer: Answer) -> bool:
    """Whether the decision could be made again at all; else nothing of it is worth keeping."""
    return str(answer["own"]["status"]) != NOT_MADE


def check_answer(answer: Any) -> Answer:
    """A kept answer as it was written. Raises InputError `BAD_BACKTEST`."""
    if not isinstance(answer, dict) or "own" not in answer:
        raise InputError("a kept answer is of another format", code="BAD_BACKTEST",
                         hint="back-test anew")  # fmt: skip
    return answer
