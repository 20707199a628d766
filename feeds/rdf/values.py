"""From the values of a property to the cell of a row, which is read as every cell is."""

from collections.abc import Mapping
from dataclasses import dataclass

from feeds.facts.ledger import Refusal
from feeds.facts.record_fields import FieldSpec
from feeds.rdf.kinds import BLANK, BOOLEAN, DATE, INTEGERS, IRI, STRING, XSD
from feeds.rdf.nodes import Node, Term
from feeds.rdf.words import named_fact
from feeds.refusals import shown
from ontology.terms import NAMESPACE, RESOURCE, FieldKind, local_name
from ontology.vocabulary import RECORDS

BETWEEN = "\0"
"""Stands between the texts of a cell that has several; no text that is loaded holds it."""
_TRUTHS = {"1": "true", "0": "false"}
_WANTED = {str: {STRING}, int: INTEGERS, bool: {BOOLEAN}}


class RefusedError(Exception):
    """Why a value cannot be used."""

    def __init__(self, code: str, reason: str, column: str = "") -> None:
        super().__init__(reason)
        self.refusal = Refusal(code, reason, column)


@dataclass(frozen=True, slots=True)
class Readers:
    """What reading a value needs to know: the chain, and the other subjects of the document."""

    chain: str
    nodes: Mapping[str, Node]

    def cell(self, spec: FieldSpec, values: list[Term]) -> str:
        """The cell for the values of a field. Raises RefusedError."""
        kind = spec.kind
        found = list(dict.fromkeys(values))
        if len(found) > 1 and not kind.many:
            listed = ", ".join(shown(text) for text, _ in found[:3])
            raise RefusedError(
                "RDF_VALUES", f"`{local_name(kind.name)}` has {len(found)} values: {listed}"
            )
        texts = [self._text(kind, one) for one in found]
        stands = [text.strip() for text in texts]
        may_be_blank = kind.scalar is str and not kind.many and not spec.required
        if not all(stands) and not (may_be_blank and spec.default in {None, ""}):
            raise RefusedError("BLANK_CELL", f"a value of `{local_name(kind.name)}` is blank")
        if any(BETWEEN in text for text in texts):
            raise RefusedError(
                "CONTROL_CHARACTER", f"{shown(texts[0])} holds an invisible character"
            )
        return BETWEEN.join(texts)

    def own_key(self, name: str, node: Node) -> dict[str, str]:
        """The key fields of a class that a subject's own name states, as cells; none of others.

        Raises RefusedError where the name is one of another class or chain.
        """
        named = named_fact(node.name)
        if named is None:
            return {}
        chain, found, parts = named
        if chain not in {"", self.chain}:
            raise RefusedError(
                "RDF_CHAIN", f"`{_short(node.name)}` names a fact of the chain `{_short(chain)}`, "
                f"and this feed fills `{self.chain}`"
            )  # fmt: skip
        if found != name or len(parts) != len(RECORDS[name].KEY):
            raise RefusedError(
                "RDF_KEY", f"`{_short(node.name)}` is no name of a {name} of `{self.chain}`"
            )
        return {
            field: part for field, part in zip(RECORDS[name].KEY, parts, strict=True) if part
        }  # fmt: skip

    def _text(self, kind: FieldKind, value: Term) -> str:
        text, written = value
        if kind.refers_to:
            return self._reference(kind, value)
        wanted = _WANTED.get(kind.scalar, {DATE})
        if written not in wanted:
            least = "xsd:integer" if kind.scalar is int else _curie(min(wanted))
            raise RefusedError(
                "RDF_DATATYPE", f"{shown(text)} is {_described(written)}, not {least}"
            )
        if kind.scalar is str:
            return text
        return _TRUTHS.get(text.strip(), text.strip()) if kind.scalar is bool else text.strip()

    def _reference(self, kind: FieldKind, value: Term) -> str:
        """The key of the fact that a node is, or that its name names."""
        text, written = value
        node = self.nodes.get(text) if written in {IRI, BLANK} else None
        if node is not None and NAMESPACE + kind.refers_to in node.classes:
            field = RECORDS[kind.refers_to].KEY[0]
            stated = node.values.get(NAMESPACE + local_name(field), [])
            if len(stated) == 1 and stated[0][1] == STRING:
                return stated[0][0]
        named = named_fact(text) if written == IRI else None
        if named is not None and named[0] in {"", self.chain} and named[1] == kind.refers_to:
            key = named[2][0] if len(named[2]) == 1 else None
            if key:
                return key
        raise RefusedError("RDF_REFERENCE", f"`{_short(text)}` names no {kind.refers_to}")


def _short(name: str) -> str:
    return shown(name.removeprefix(RESOURCE)).strip("`")


def _described(kind: str) -> str:
    if kind.startswith("@"):
        return f"a text in the language `{kind[1:]}`"
    return "the name of a node" if kind in {IRI, BLANK} else f"of type {_curie(kind)}"


def _curie(iri: str) -> str:
    return f"xsd:{iri.removeprefix(XSD)}" if iri.startswith(XSD) else f"`{iri[:100]}`"
