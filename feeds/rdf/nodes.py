"""The nodes of a document: what each is said to be, and what is said of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from feeds.formats.apart import blocks_apart
from feeds.formats.blocks import Form, damaged, fault, too_large
from feeds.limits import Limits
from feeds.rdf.kinds import IRI, TYPE
from ontology.terms import NAMESPACE

MOST_TRIPLES = 1_000_000

Term = tuple[str, str]
"""A value as text, and its kind: `iri`, `blank`, a datatype, or `@` and a language."""


@dataclass(slots=True)
class Node:
    """A subject: the line on which it is spoken of first, and what is said of it.

    `place` is its own among the subjects of the document, from 1. `said` holds property, value
    and kind of each triple in order: there may be very many subjects of very few.
    """

    name: str
    line: int
    place: int
    said: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        """The classes that the subject is said to be of."""
        return [value for word, value, kind in self.said if word == TYPE and kind == IRI]

    @property
    def values(self) -> dict[str, list[Term]]:
        """The values of each other property."""
        found: dict[str, list[Term]] = {}
        for word, value, kind in self.said:
            if word != TYPE or kind != IRI:
                found.setdefault(word, []).append((value, kind))
        return found

    def text(self) -> str:
        """What is said of the subject, a triple after the other, its classes first."""
        said = [f"a {_word(name)}" for name in self.classes]
        said += [
            f"{_word(word)} {_shown(one)}" for word, many in self.values.items() for one in many
        ]
        return f"{_shown((self.name, IRI))} {' ; '.join(said)} ."


def nodes_of(source: bytes | BinaryIO, form: Form, limits: Limits) -> dict[str, Node]:
    """Every subject of a document by its name, in the order in which they come.

    The document is parsed in a process that can open nothing. Raises InputError
    `TOO_MANY_TRIPLES`, `UNPACKED_TOO_LARGE`, and what `decoding.rdf_blocks` and
    `apart.blocks_apart` name.
    """
    found: dict[str, Node] = {}
    characters = 0
    for count, (number, triple) in enumerate(_triples(source, form, limits), 1):
        characters += sum(map(len, triple))
        if count > MOST_TRIPLES:
            raise fault(form, number, "TOO_MANY_TRIPLES", f"more than {MOST_TRIPLES} triples",
                        "split the document, or send tables")  # fmt: skip
        if characters > 4 * limits.file_bytes:
            raise too_large(form, f"written out it is over {4 * limits.file_bytes} bytes")
        subject, predicate, value, kind = triple
        node = found.get(subject)
        if node is None:
            node = found[subject] = Node(subject, number, len(found) + 1)
        node.said.append((predicate, value, kind))
    return found


def _triples(
    source: bytes | BinaryIO, form: Form, limits: Limits
) -> Iterator[tuple[int, list[str]]]:
    names: dict[str, str] = {}  # names come again and again: each is kept once
    for block in blocks_apart(source, form, limits):
        for number, triple in zip(block.numbers, block.rows, strict=True):
            if len(triple) != 4:
                raise damaged(form, "the decoder does not say what a decoder says")
            for at in (0, 1, 3):
                triple[at] = names.setdefault(triple[at], triple[at])
            yield number, triple


def _word(name: str) -> str:
    own = name.startswith(NAMESPACE)
    return f"inv:{name.removeprefix(NAMESPACE)}" if own else f"<{name}>"


def _shown(term: Term) -> str:
    text, kind = term
    if text.startswith("_:") or kind == IRI:
        return text if text.startswith("_:") else f"<{text}>"
    return f'"{text}"' + (kind if kind.startswith("@") else "")
