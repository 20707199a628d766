"""JSON-LD whose nodes stand in one list, some of them at a time: as they come, in any number."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from feeds.json_text import JsonText, Wording
from feeds.limits import Limits
from feeds.rdf.linked_json import (
    DECODER,
    Labels,
    document_triples,
    with_frozen,
)
from feeds.rdf.turtle import Triple

_CONTEXT, _GRAPH = "@context", "@graph"
_AT_ONCE = 2**19
"""Nodes of so many characters become triples at once."""
_WORDING = Wording(
    "JSON_BROKEN", "JSON_TOO_DEEP", "a node, or the context, has", "give a document of JSON-LD",
    "send N-Triples or Turtle", "write flat objects under `@graph`",
)  # fmt: skip


class NotFlatError(ValueError):
    """The document is of another form: nothing of it can be read before the whole of it."""


def check_flat(stream: BinaryIO, file: str, limits: Limits) -> None:
    """Read a document once, and hold back no fault of its text for when triples were made of it.

    It is a list of nodes, or an object with a list `@graph`, before which `@context` may stand, and
    nothing else. Raises NotFlatError; InputError `JSON_BROKEN`, `JSON_TOO_DEEP`, `PART_TOO_LONG`,
    `FILE_EMPTY`, `FILE_TOO_LARGE` or `WRONG_ENCODING`; LinkedJsonError `RDF_REMOTE` and others.
    """
    nodes = _Nodes(stream, file, limits)
    for node in nodes:
        with_frozen(node)
    with_frozen(nodes.head)


def flat_triples(stream: BinaryIO, file: str, base: str, limits: Limits) -> Iterator[Triple]:
    """The triples of a document that was found flat: those of `linked_json_triples`, in order.

    Of its nodes those of some hundred thousand characters are in memory, and the names of blank
    nodes that may be spoken of again.
    """
    nodes, labels = _Nodes(stream, file, limits), Labels()
    part, start = list[Any](), 0
    for node in nodes:
        part.append(node)
        if nodes.position - start > _AT_ONCE:
            yield from document_triples(nodes.document(part), base, labels)
            part, start = [], nodes.position
    yield from document_triples(nodes.document(part), base, labels)


class _Nodes:
    """The nodes of a flat document, one after the other; `head` is what stands before them."""

    def __init__(self, stream: BinaryIO, file: str, limits: Limits) -> None:
        self._depth = limits.nesting
        self._text = JsonText(stream, file, limits.file_bytes, depth=limits.nesting,
                              wording=_WORDING, decoder=DECODER)  # fmt: skip
        self._is_list = self._text.peek() == "["
        self.head: dict[str, Any] = {}

    @property
    def position(self) -> int:
        """How many characters were read past so far."""
        return self._text.position

    def document(self, nodes: list[Any]) -> Any:
        """A document of some of the nodes that says of them what the whole says."""
        return nodes if self._is_list else self.head | {_GRAPH: nodes}

    def __iter__(self) -> Iterator[Any]:
        """Each node, once. Raises as `check_flat` does."""
        if self._is_list:
            yield from self._list(self._depth - 1)
        elif self._text.peek() == "{":
            yield from self._object()
        else:
            raise NotFlatError
        self._text.end()

    def _object(self) -> Iterator[Any]:
        """The nodes of `@graph`, which stands once, and last."""
        has_nodes = False
        for name in self._text.members():
            if has_nodes or name in self.head or name not in (_CONTEXT, _GRAPH):
                raise NotFlatError
            if name == _CONTEXT:
                self.head[_CONTEXT] = self._text.value(self._depth - 1)
                continue
            if self._text.peek() != "[":
                raise NotFlatError
            yield from self._list(self._depth - 2)
            has_nodes = True
        if not has_nodes:
            raise NotFlatError

    def _list(self, levels: int) -> Iterator[Any]:
        for _ in self._text.elements():
            yield self._text.value(levels)
