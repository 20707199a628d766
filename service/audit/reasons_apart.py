"""Why a decision made again is another one, as far as plan, versions and its own proof can tell."""

from collections.abc import Mapping
from typing import Any

from graph.artifacts import ArtifactStore
from ontology.canonical import digest_of
from ontology.errors import EvenkeelError
from ontology.versions import vocabulary_version
from service.audit.first_difference import FirstDifference
from service.verify import REFUSED, verify
from service.versions import running_versions

_FACTS = "the facts are others than those that the plan names"
_NETWORK = ("facts, rules and request give another network: what builds it is another, "
            "not the solver")  # fmt: skip
_STAGES = (
    ("plan_digest", "the digest that the plan states is of another decision than it holds"),
    ("decision.snapshot", _FACTS),
    ("decision.release", "the rules and knobs are others than those that the plan names"),
    ("decision.network", _NETWORK),
    ("decision.stages", "an objective that comes first has another best, or another proof of it"),
    ("decision.certificate.inline.flow", "the same network, and another flow"),
    ("decision.certificate.artifact.flow", "the same network, and another flow"),
    ("decision.certificate", "the same network and flow, and another proof"),
    ("decision.suppressed", "filters or rules on the finished plan closed other movements"),
    ("decision.lines", "the same network, flow and proof, told otherwise"),
)  # fmt: skip


def reasons_apart(
    store: ArtifactStore, document: Mapping[str, Any], first: FirstDifference
) -> tuple[str, ...]:
    """What is known of why: a broken seal, the stage that parts, versions, and the plan's proof."""
    if digest_of(document["decision"]) != document["plan_digest"]:
        changed = "the decision was changed after its digest was taken"
        return changed, _standing(store, document)
    found = [says for place, says in _STAGES if first.place.startswith(place)][:1]
    found += _vocabulary(store, document)
    found += version_differences(document["about"].get("versions", {}))
    return (*found, _standing(store, document))


def version_differences(recorded: Mapping[str, str]) -> list[str]:
    """Each version that is another now than a plan records; what it does not record, by name."""
    running = running_versions()
    found = [
        f"made with {name} {recorded[name]}, made again with {now}"
        for name, now in running.items()
        if name in recorded and recorded[name] != now
    ]
    silent = [name for name in running if name not in recorded]
    if silent:
        found.append(f"the plan does not record: {', '.join(silent)}")
    return found or ["the versions and the processor are those that the plan records"]


def _vocabulary(store: ArtifactStore, document: Mapping[str, Any]) -> list[str]:
    """Whether the kept facts were written in an older vocabulary: then their digest is another."""
    try:
        manifest = store.get_document(document["about"]["artifacts"]["snapshot"])
        written = manifest.get("vocabulary", 1)
    except (EvenkeelError, LookupError, AttributeError):
        return []
    now = vocabulary_version()
    return [] if written == now else [f"the facts are of vocabulary {written}, this is {now}"]


def _standing(store: ArtifactStore, document: Mapping[str, Any]) -> str:
    """Whether the plan stands by itself: then only the choice among plans is another."""
    try:
        verdict = verify(document, artifacts=store)
    except EvenkeelError as error:
        return f"the plan itself cannot be verified: {error}"
    refused = [check for check in verdict.checks if check.status == REFUSED]
    if not refused:
        return "the plan itself is accepted by `evenkeel verify`: it follows from its own flow"
    return f"`evenkeel verify` refuses the plan itself: {refused[0].name}: {refused[0].refusals[0]}"
