"""A certified plan that nobody made: a recorded decision without some rules, sealed as such."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.artifacts import ArtifactStore
from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.errors import InputError
from rules.release import Release
from service.decision import Draft, PlanRequest, ask
from service.planning import answer
from service.stated_plan import document_at
from solver.remembered import Answers

FORMAT = "evenkeel-counterfactual/1"
KEYS = frozenset({"format", "plan", "without", "decision", "counterfactual_digest"})


@dataclass(frozen=True)
class Counterfactual:
    """What would have been decided without some rules: its draft and its sealed document.

    `digest` covers the saved plan's digest, the rules and the decision.
    """

    draft: Draft
    document: dict[str, Any]

    @property
    def digest(self) -> str:
        """What it is known by."""
        return str(self.document["counterfactual_digest"])


def counterfactual(
    plan: Mapping[str, Any], inputs: tuple[Snapshot, Release, PlanRequest],
    without: Iterable[str], answers: Answers | None = None,
) -> Counterfactual:  # fmt: skip
    """The decision of a saved plan without some rules of its release, all else as it was.

    Its document is no plan: it cannot be saved, approved or verified as one, for its format is
    another and its digest names what it leaves out. Raises InputError `RULE_UNKNOWN`, and as
    deciding does.
    """
    snapshot, release, request = inputs
    gone = sorted({release.rule(rule).iri for rule in without})
    draft = answer(ask(snapshot, release, request, without=gone), answers=answers)
    stated = {"plan": plan["plan_digest"], "without": gone, "decision": draft.decision}
    return Counterfactual(draft, {"format": FORMAT, **stated,
                                  "counterfactual_digest": digest_of(stated)})  # fmt: skip


def keep(store: ArtifactStore, found: Counterfactual) -> str:
    """Keep a counterfactual, and its network and certificate where they are apart; its artifact."""
    for data in found.draft.attachments.values():
        store.put(data)
    return store.put_document(found.document)


def read_counterfactual(store: ArtifactStore, artifact: str) -> dict[str, Any]:
    """A kept one. Raises InputError `BAD_COUNTERFACTUAL` where it is none, or was changed."""
    document = document_at(store, artifact)
    if not isinstance(document, dict) or set(document) != KEYS or document["format"] != FORMAT:
        raise _bad("the document is no counterfactual")
    stated = {name: document[name] for name in ("plan", "without", "decision")}
    if digest_of(stated) != document["counterfactual_digest"]:
        raise _bad("the counterfactual was changed after it was sealed")
    return document


def _bad(what: str) -> InputError:
    return InputError(what, code="BAD_COUNTERFACTUAL", hint="price the rules again")
