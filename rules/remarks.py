"""What lint has to say: one thing to correct in a release, and where it stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing to correct: a rule's IRI, a code and a sentence, then place and cure.

    `row` is that of the rule's first line in the file; 0 where it is not known.
    """

    rule: str
    code: str
    what: str
    file: str = ""
    row: int = 0
    hint: str = ""


HINTS = {
    "RULE_NOT_EVALUATED": "write it in the fragment of docs/adding-a-rule.md, or deactivate it",
    "RULE_MATCHES_NOTHING": "correct the target or path, or add to the example what it speaks of",
    "RULE_UNDOCUMENTED": "state rdfs:label, rdfs:comment, inv:owner and sh:message",
    "RULE_EXAMPLE_WRONG": "write or correct the example, or expected.txt, or correct the rule",
    "RULE_CONTRADICTION": "leave out one of the constraints, or widen it",
    "RULE_RANGE": "ask for the type that the vocabulary gives the path, or leave it out",
    "RULE_UNREACHABLE": "leave the branch out, or correct what it asks for",
    "RULE_SHADOWED": "leave the rule out, or correct the one that is wider than meant",
    "RULE_COST": "write it without repetition, in core SHACL",
    "RULE_UNBREAKABLE": "correct the rule: as it stands it denies nothing",
}
"""The cure of each code of lint."""
