"""The glossary explains every class, in order, and names only what exists."""

import re
from functools import cache

from rdflib import RDFS

from ontology.vocabulary import RECORDS, SHORTCUTS
from tests.ontology.statements import INV
from tests.ontology.test_vocabulary import ROOT, vocabulary

ENTRY = re.compile(r"\| \*\*(?P<term>[^*]+)\*\* \| (?P<meaning>.+) \|")
COMMANDS = {
    "drift", "edit", "freshness", "frontier", "log", "persons", "plan", "policy", "protect",
    "recall", "reconcile", "replay", "schedule", "solve", "stop", "sync", "trace", "validate",
    "verify",
}  # fmt: skip


@cache
def entries() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| **")]
    found = [ENTRY.fullmatch(row) for row in rows]
    return [(match["term"], match["meaning"]) for match in found if match]


def test_terms_stand_in_order_and_once() -> None:
    """Sorted without regard to case, no term twice."""
    terms = [term.lower() for term, _ in entries()]
    assert sorted(set(terms)) == terms


def test_every_class_is_explained() -> None:
    """The label of each class of the vocabulary is a term."""
    labels = {str(vocabulary().value(INV[name], RDFS.label)) for name in RECORDS}
    assert set() == labels - {term for term, _ in entries()}


def test_names_in_code_exist() -> None:
    """What is set in code is a class, a shortcut or a command."""
    for term, meaning in entries():
        for name in re.findall(r"`([^`]+)`", meaning):
            first, *rest = name.split()
            is_command = first == "evenkeel" and rest[0] in COMMANDS
            assert is_command or name in {*RECORDS, *SHORTCUTS}, term
