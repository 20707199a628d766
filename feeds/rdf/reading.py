"""A document of RDF as sheets: one for each class that its subjects are of, a row each."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from feeds.facts.cells import ListOf
from feeds.facts.ledger import Refusal
from feeds.facts.record_fields import FieldSpec, field_specs
from feeds.facts.row_texts import RowTexts
from feeds.field_text import default_rule
from feeds.formats.blocks import fault
from feeds.formats.sheet import Sheet
from feeds.limits import Limits
from feeds.mapping import FED, FieldRule, FileRule, RecordRule
from feeds.rdf.kinds import UNNAMED
from feeds.rdf.nodes import Node, nodes_of
from feeds.rdf.values import BETWEEN, Readers, RefusedError
from feeds.rdf.words import fields_by_property
from feeds.refusals import shown
from ontology.derived import chain_iri
from ontology.terms import NAMESPACE
from ontology.vocabulary import RECORDS

_LAST_LINE = 2**22
"""Rows below are not found by counting lines, and a file of blank lines costs no memory."""
_TEXTS_AT_ONCE = 4_096
_LISTED = 20
"""So many words that are not read are named; the others are counted together."""


@dataclass(frozen=True, slots=True)
class RdfDocument:
    """The rows of a document by class, how each sheet is read, and what nothing reads."""

    sheets: tuple[tuple[Sheet, FileRule], ...]
    counts: Mapping[str, int]


def read_document(
    source: bytes | BinaryIO, rule: FileRule, chain: str, limits: Limits
) -> RdfDocument:
    """The facts of a document in the words of the vocabulary.

    A subject that is of a class that feeds fill becomes a row of it. A row's number is the line
    on which its statement begins; where two begin on one line, and in JSON-LD, it is the place
    of the subject in the document. Raises InputError `RDF_NO_FACTS`, `TOO_MANY_ROWS` and what
    `nodes_of` raises.
    """
    form = replace(rule.form, base=chain_iri(chain))
    nodes = nodes_of(source, form, limits)
    by_class = _by_class(nodes.values())
    if not by_class:
        raise fault(form, 0, "RDF_NO_FACTS",
                    f"none of its {len(nodes)} subjects is of a class of the vocabulary",
                    "name the classes by `a inv:Item` and the like")  # fmt: skip
    readers = Readers(chain, nodes)
    by_line = _may_count_lines(by_class.values())
    sheets = []
    for name, found in by_class.items():
        limits.check_rows(rule.file, len(found), 0)
        sheets.append(_sheet(f"{rule.file}#{name}", name, found, readers, by_line))
    return RdfDocument(tuple(sheets), _left_out(rule.file, nodes.values()))


def _by_class(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        for name in _fed(node):
            found.setdefault(name, []).append(node)
    return dict(sorted(found.items()))


def _fed(node: Node) -> list[str]:
    """The classes of a subject that feeds fill."""
    ours = (name.removeprefix(NAMESPACE) for name in node.classes if name.startswith(NAMESPACE))
    return [name for name in dict.fromkeys(ours) if name in FED]


def _label(name: str) -> str:
    """A word as it is called: without the namespace of the vocabulary, or that of no context."""
    return name.removeprefix(NAMESPACE).removeprefix(UNNAMED)[:100]


def _may_count_lines(groups: Iterable[list[Node]]) -> bool:
    """Whether the lines on which subjects begin are their own."""
    nodes = {node.place: node.line for group in groups for node in group}
    lines = set(nodes.values())
    return 0 not in lines and len(lines) == len(nodes) and max(lines) <= _LAST_LINE


def _sheet(
    file: str, name: str, nodes: list[Node], readers: Readers, by_line: bool
) -> tuple[Sheet, FileRule]:
    specs, by_property = field_specs(name), fields_by_property(name)
    words = {word for node in nodes for word, _, _ in node.said}
    used = {by_property[word].name for word in words & by_property.keys()}
    header = tuple(
        spec.name for spec in specs.values()
        if spec.required or spec.name in used or spec.name in RECORDS[name].KEY
    )  # fmt: skip
    rows, refused, texts = [], {}, RowTexts()
    for at, node in enumerate(nodes):
        cells, refusal = _cells(name, node, readers)
        rows.append([cells.get(column, "") for column in header])
        if refusal is not None:
            refused[at] = refusal
    numbers = [node.line if by_line else node.place for node in nodes]
    for some in range(0, len(nodes), _TEXTS_AT_ONCE):
        texts.add([node.text() for node in nodes[some : some + _TEXTS_AT_ONCE]])

    def said(number: int) -> str:
        return texts(bisect_left(numbers, number))

    sheet = Sheet(file, header, zip(numbers, rows, strict=True), said, refused)
    fields = tuple(_field_rule(specs[column]) for column in header)
    return sheet, FileRule(file, RecordRule(name, fields))


def _field_rule(spec: FieldSpec) -> FieldRule:
    """A field under its own name: what no triple states is not stated, and takes its default."""
    rule = default_rule(spec, spec.name)
    return replace(
        rule, trim=False, blank="refuse" if spec.required else "missing",
        convert=ListOf(BETWEEN) if spec.kind.many else rule.convert,
    )  # fmt: skip


def _cells(name: str, node: Node, readers: Readers) -> tuple[dict[str, str], Refusal | None]:
    """The cells of a subject by field, up to the first value that cannot be used."""
    specs, values, column = field_specs(name), node.values, ""
    cells: dict[str, str] = {}
    try:
        own = readers.own_key(name, node)
        for word, kind in fields_by_property(name).items():
            column = kind.name
            if word in values:
                cells[column] = readers.cell(specs[column], values[word])
                _check_own(own.get(column, cells[column]), cells[column])
    except RefusedError as error:
        found = error.refusal
        return cells, Refusal(found.code, found.reason, column)
    return own | cells, None


def _check_own(named: str, stated: str) -> None:
    if named != stated:
        raise RefusedError("RDF_KEY", f"the name of the subject says {shown(named)}")


def _left_out(file: str, nodes: Iterable[Node]) -> dict[str, int]:
    """What a document says that no fact holds, in words, and how often it says so."""
    words: Counter[str] = Counter()
    for node in nodes:
        ours, classes = _fed(node), node.classes
        if not ours:
            kind = f"of the class `{_label(classes[0])}`" if classes else "without a class"
            words[f"{file}: subjects {kind}, which no feed fills"] += 1
            continue
        known = {word for name in ours for word in fields_by_property(name)}
        for word, values in node.values.items():
            if word not in known:
                label = f"{file}: values of `{_label(word)}`, which no field reads"
                words[label] += len(values)
    most = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = dict(most[:_LISTED])
    rest = words.total() - sum(listed.values())
    return listed | ({f"{file}: other words that no field reads": rest} if rest else {})
