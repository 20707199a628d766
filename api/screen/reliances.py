"""What rules read of what is inferred, and the proof of it, as lines that a person reads."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.inferred_paths import Reliance
    from reasoning.proofs import Proof

ROLES = {
    "decisive": "and would say otherwise without it",
    "touched": "and would say the same without it",
}


def reliance_texts(found: "Sequence[Reliance]") -> Iterator[str]:
    """Each rule that judged a line, what it read of what is inferred, and why that holds."""
    for each in found:
        yield f"the rule {each.title or each.rule} reads what is inferred, {ROLES[each.role]}:"
        yield from (f"  {text}" for text in proof_texts(each.proof))


def proof_texts(proof: "Proof") -> Iterator[str]:
    """A proof as an indented list: a statement, then what it follows from."""
    if not proof.is_inferred:
        yield f"{proof.statement}: stated by {', '.join(proof.facts)}"
        return
    yield f"{proof.statement}: inferred, since {proof.axiom} ({proof.rule})"
    for premise in proof.premises:
        yield from (f"  {text}" for text in proof_texts(premise))
