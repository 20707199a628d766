"""From a shapes graph to typed shapes; whatever is outside the fragment is refused by name."""

import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

from rdflib import RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node

from ontology.axioms import AXIOMS, COUNTED, INFERRED_CLASSES, SUB_CLASS, classes_beneath
from ontology.findings import SEVERITIES
from ontology.terms import NAMESPACE, RESOURCE, join_key
from ontology.vocabulary import RECORDS
from rules.columns import moment_text
from rules.properties import XSD, Property, is_class, key_field, properties_of
from rules.reading import is_true
from rules.rendering import DEEPEST, Labels, list_members, path_text
from rules.shapes import (
    BOUNDS,
    COMPARISONS,
    COUNTS,
    LOGIC,
    PAIRINGS,
    SH,
    Bound,
    CompiledRule,
    Constraint,
    Count,
    Fixed,
    Logic,
    Members,
    Nested,
    OfClass,
    Pairing,
    Pattern,
    Rule,
    Shape,
    not_evaluated,
    outside_fragment,
)

_SILENT = ("path", "targetClass", "severity", "message", "deactivated", "flags", "name",
           "description", "order", "group", "defaultValue")  # fmt: skip
_SINGLE = (*COUNTS, *BOUNDS, "in", "pattern", "datatype", "nodeKind")
_ORDERED = ("integer", "date", "dateTime")
_NODE_KINDS = {
    "IRI": (True, False),
    "BlankNodeOrIRI": (True, False),
    "IRIOrLiteral": (True, True),
    "Literal": (False, True),
    "BlankNodeOrLiteral": (False, True),
    "BlankNode": (False, False),
}
_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}


def compile_shape(graph: Graph, node: Node, space: str, labels: Labels) -> Shape:
    """The shape at a node of the graph, for focus nodes of a class.

    Raises InputError RULE_NOT_EVALUATED with the rule and the construct that is not in the
    fragment, not in the vocabulary or can never match.
    """
    return _Compiler(graph, labels, labels.text(node)).shape(node, space, ())


def target_classes(graph: Graph, rule: Rule) -> tuple[tuple[str, str], ...]:
    """The classes of records that a rule targets, each with the inferred class that bounds it.

    A class above others targets all of them. Raises RULE_NOT_EVALUATED for other kinds of target.
    """
    node = URIRef(rule.iri)
    for word in ("targetNode", "targetSubjectsOf", "targetObjectsOf", "target"):
        if (node, URIRef(SH + word), None) in graph:
            raise not_evaluated(rule.iri, f"`sh:{word}`", "is not in the fragment")
    if (node, RDF.type, RDFS.Class) in graph:
        raise not_evaluated(rule.iri, "an implicit class target", "is not in the fragment")
    for target in rule.targets:
        if not _is_known(target):
            raise not_evaluated(rule.iri, f"the class `{target}`", "is not in the vocabulary")
    names = [target.removeprefix(NAMESPACE) for target in rule.targets]
    return tuple(dict.fromkeys(found for name in names for found in _targeted(name)))


def compile_rule(
    graph: Graph, rule: Rule, target: tuple[str, str], labels: Labels
) -> CompiledRule:  # fmt: skip
    """One rule for one of its classes. Raises RULE_NOT_EVALUATED."""
    name, only = target
    return CompiledRule(rule, name, compile_shape(graph, URIRef(rule.iri), name, labels), only)


def _is_known(iri: str) -> bool:
    """Whether a class is in the vocabulary, loaded or inferred."""
    name = iri.removeprefix(NAMESPACE)
    return iri.startswith(NAMESPACE) and (name in RECORDS or name in INFERRED_CLASSES)


def _targeted(name: str) -> list[tuple[str, str]]:
    if name in RECORDS:
        return [(name, "")]
    if name in COUNTED:
        above = [a.object for a in AXIOMS if a.kind == SUB_CLASS and a.subject == name]
        return [(each, name) for each in above]
    return [found for each in classes_beneath(name) for found in _targeted(each)]


class _Compiler:
    """One rule's compilation: carries the graph and the rule's name for messages."""

    def __init__(self, graph: Graph, labels: Labels, rule: str) -> None:
        self._graph = graph
        self._labels = labels
        self._rule = rule

    def shape(self, node: Node, space: str, above: tuple[Node, ...]) -> Shape:
        if node in above:
            self._refuse("a shape", "that refers to itself is not in the fragment")
        if len(above) > DEEPEST:
            self._refuse("a shape", "is nested too deeply")
        if isinstance(node, Literal) or (node, None, None) not in self._graph:
            self._refuse(f"the shape `{self._labels.text(node)}`", "is not defined")
        path_node = self._single(node, "path")
        path = None if path_node is None else self._path(path_node, space)
        values = path[-1].space if path else space
        constraints: list[Constraint] = []
        if not is_true(self._single(node, "deactivated")):
            for word in self._words(node, is_property=path is not None):
                constraints += self._constraints(node, word, space, values, (*above, node))
        return Shape(
            name=self._labels.text(node),
            space=space,
            values=values,
            path=path,
            path_text=path_text(self._graph, path_node),
            constraints=tuple(constraints),
            severity=self._severity(node),
            message=message_of(self._graph, node),
        )

    def _words(self, node: Node, *, is_property: bool) -> list[str]:
        words = set()
        for predicate in self._graph.predicates(node, None):
            if not str(predicate).startswith(SH):
                continue
            word = str(predicate)[len(SH) :]
            if word in _SILENT:
                continue
            if not is_property and word in (*COUNTS, *COMPARISONS):
                self._refuse(f"`sh:{word}`", "stands on a shape without a path")
            words.add(word)
        return sorted(words)

    def _constraints(
        self, node: Node, word: str, space: str, values: str, above: tuple[Node, ...]
    ) -> list[Constraint]:
        given = sorted(self._graph.objects(node, URIRef(SH + word)), key=self._labels.text)
        if word in _SINGLE and len(given) > 1:
            self._refuse(f"`sh:{word}`", "is given twice")
        return [self._constraint(node, word, value, space, values, above) for value in given]

    def _constraint(
        self, node: Node, word: str, value: Node, space: str, values: str, above: tuple[Node, ...]
    ) -> Constraint:
        if word in LOGIC:
            return self._logic(word, value, values, above)
        if word in PAIRINGS:
            return Pairing(word, self._other(word, value, space, values))
        if word == "pattern":
            return Pattern(word, self._regex(value, self._single(node, "flags")))
        if word == "property":
            nested = self.shape(value, values, above)
            if nested.path is None:
                self._refuse("`sh:property`", "points at a shape without a path")
            return Nested(word, nested)
        return self._plain(word, value, values)

    def _plain(self, word: str, value: Node, values: str) -> Constraint:
        if word in COUNTS:
            return Count(word, self._whole(word, value))
        if word == "hasValue":
            return Members(word, (self._constant(word, value, values),))
        if word == "in":
            members = [self._constant(word, m, values) for m in self._list(word, value)]
            return Members(word, tuple(members))
        if word in BOUNDS:
            return Bound(word, self._bound(word, value, values))
        if word in {"datatype", "nodeKind", "class"}:
            return self._typing(word, value, values)
        raise outside_fragment(self._rule, f"`sh:{word}`", "is not in the fragment")

    def _logic(self, word: str, value: Node, values: str, above: tuple[Node, ...]) -> Logic:
        members = [value] if word in {"not", "node"} else self._list(word, value)
        if not members:
            self._refuse(f"`sh:{word}`", "has an empty list")
        shapes = tuple(self.shape(member, values, above) for member in members)
        if word == "node" and shapes[0].path is not None:
            self._refuse("`sh:node`", "points at a shape with a path")
        return Logic(word, shapes)

    def _typing(self, word: str, value: Node, values: str) -> Constraint:
        text = str(value)
        if word == "class":
            if not _is_known(text):
                self._refuse(f"the class `{text}`", "is not in the vocabulary")
            return OfClass(word, text.removeprefix(NAMESPACE))
        if word == "datatype":
            return Fixed(word, not is_class(values) and text == XSD + values)
        if text.removeprefix(SH) not in _NODE_KINDS:
            self._refuse(f"`sh:nodeKind {text}`", "is not a node kind")
        of_node, of_literal = _NODE_KINDS[text.removeprefix(SH)]
        return Fixed(word, of_node if is_class(values) else of_literal)

    def _path(self, path: Node, space: str) -> tuple[Property, ...]:
        steps: list[Node] | None = [path]
        if not isinstance(path, URIRef):
            steps = (
                list_members(self._graph, path) if (path, RDF.first, None) in self._graph else None
            )
            if steps is None or len(steps) < 2:
                text = path_text(self._graph, path)
                why = "is no predicate or sequence of predicates"
                raise outside_fragment(self._rule, f"the path `{text}`", why)
        walked: list[Property] = []
        for step in steps or ():
            walked.append(self._property(step, space))
            space = walked[-1].space
        return tuple(walked)

    def _property(self, step: Node, space: str) -> Property:
        if not isinstance(step, URIRef):
            text = path_text(self._graph, step)
            raise outside_fragment(self._rule, f"the path step `{text}`", "is not a predicate")
        name = str(step).removeprefix(NAMESPACE)
        known = properties_of(space) if is_class(space) else {}
        if name not in known or not str(step).startswith(NAMESPACE):
            raise self._refusal(f"the property `{step}`", f"is unknown for `{space}`")
        return known[name]

    def _other(self, word: str, value: Node, space: str, values: str) -> Property:
        other = self._property(value, space)
        if other.space != values:
            self._refuse(f"`sh:{word}`", f"compares `{values}` with `{other.space}`")
        if word in COMPARISONS and values not in _ORDERED:
            self._refuse(f"`sh:{word}`", f"orders values of `{values}`")
        return other

    def _bound(self, word: str, value: Node, values: str) -> Any:
        if values not in _ORDERED:
            self._refuse(f"`sh:{word}`", f"orders values of `{values}`")
        return self._constant(word, value, values)

    def _constant(self, word: str, value: Node, space: str) -> Any:
        found = _record_key(value, space) if is_class(space) else _literal_value(value, space)
        if found is None:
            what = f"a `{space}`" if is_class(space) else f"an xsd:{space} in canonical form"
            self._refuse(f"`sh:{word} {value}`", f"can never match: it is not {what}")
        return found

    def _whole(self, word: str, value: Node) -> int:
        found = _literal_value(value, "integer")
        if found is None or found < 0:
            self._refuse(f"`sh:{word} {value}`", "is not a whole number")
        return int(found)

    def _regex(self, value: Node, flags: Node | None) -> re.Pattern[str]:
        chosen = 0
        for flag in str(flags or ""):
            if flag not in _FLAGS:
                self._refuse(f"`sh:flags {flags}`", "is not made of i, s, m and x")
            chosen |= _FLAGS[flag]
        try:
            return re.compile(str(value), chosen)
        except (re.error, OverflowError) as error:
            raise self._refusal(f"`sh:pattern {value}`", f"is no pattern: {error}") from error

    def _list(self, word: str, value: Node) -> list[Node]:
        members = list_members(self._graph, value)
        if members is None:
            raise self._refusal(f"`sh:{word}`", "is not given a list")
        return members

    def _single(self, node: Node, word: str) -> Node | None:
        found = list(self._graph.objects(node, URIRef(SH + word)))
        if len(found) > 1:
            self._refuse(f"`sh:{word}`", "is given twice")
        return found[0] if found else None

    def _severity(self, node: Node) -> str:
        severity = severity_of(self._graph, node)
        if severity not in SEVERITIES:
            self._refuse(f"`sh:severity {severity}`", f"is not one of {', '.join(SEVERITIES)}")
        return severity

    def _refuse(self, construct: str, why: str) -> None:
        raise self._refusal(construct, why)

    def _refusal(self, construct: str, why: str) -> Exception:
        return not_evaluated(self._rule, construct, why)


def severity_of(graph: Graph, node: Node) -> str:
    """A shape's severity by local name; Violation where none is stated (SHACL 2.1.4)."""
    stated = sorted(map(str, graph.objects(node, URIRef(SH + "severity"))))
    return stated[0].removeprefix(SH) if stated else "Violation"


def message_of(graph: Graph, node: Node) -> str:
    """A shape's messages in one text; empty where it has none."""
    return "; ".join(sorted(map(str, graph.objects(node, URIRef(SH + "message")))))


def text_about(graph: Graph, node: Node, predicate: str) -> str:
    """The text that a rule states about itself with `label`, `comment` or `owner`."""
    iri = URIRef(NAMESPACE + "owner") if predicate == "owner" else RDFS[predicate]
    return " ".join(sorted(map(str, graph.objects(node, iri))))


def _record_key(value: Node, space: str) -> str | None:
    stem = f"{RESOURCE}{space}/"
    if not isinstance(value, URIRef) or not str(value).startswith(stem):
        return None
    key = str(value)[len(stem) :]
    if not key_field(space):
        return key
    raw = unquote(key)
    return raw if join_key((raw,)) == key else None


def _literal_value(value: Node, space: str) -> Any:
    if not isinstance(value, Literal) or value.language:
        return None
    if str(value.datatype or XSD + "string") != XSD + space:
        return None
    text = str(value)
    try:
        found, canonical = _parsed(text, space)
    except ValueError:
        return None
    return found if canonical == text else None


def _parsed(text: str, space: str) -> tuple[Any, str]:
    if space == "integer":
        return int(text), str(int(text))
    if space == "date":
        return date.fromisoformat(text), date.fromisoformat(text).isoformat()
    if space == "dateTime":
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None), moment_text(moment)
    if space == "boolean":
        return text == "true", text if text in {"true", "false"} else ""
    return text, text
