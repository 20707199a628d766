"""Statements about nodes, and the single steps by which one follows from others."""

from typing import NamedTuple
from urllib.parse import unquote

from ontology.axioms import TYPE, Axiom
from ontology.terms import join_key


class Statement(NamedTuple):
    """A triple. A node is named as facts are, `Location/north`; words by their local names.

    Where the predicate is `type`, the object is a class; else it is a node, or a literal's text.
    """

    subject: str
    predicate: str
    object: str

    def __str__(self) -> str:
        """As a person reads it."""
        words = "is of class" if self.predicate == TYPE else self.predicate
        return f"{self.subject} {words} {self.object}"


class Step(NamedTuple):
    """`conclusion` follows from the premises by an axiom, under a rule of OWL 2 RL by its name.

    Steps of the closed world have the rule `closed world` and count what the chain states.
    """

    conclusion: Statement
    rule: str
    axiom: Axiom
    premises: tuple[Statement, ...]


def node(class_name: str, key: str) -> str:
    """The node of a record whose natural key is one text."""
    return f"{class_name}/{join_key((key,))}"


def key_of(named: str) -> str:
    """The text that is the key of a node: what `node` was given."""
    return unquote(named.partition("/")[2])
