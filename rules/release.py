"""A policy release: shapes and knobs that are in force together, immutable, known by digest."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
from rdflib import Graph, URIRef

from ontology.canonical import canonical, digest_of
from ontology.errors import InputError, Place
from ontology.terms import NAMESPACE
from ontology.vocabulary import FACTS
from rules.compile import compile_rule, message_of, severity_of, target_classes, text_about
from rules.floors import check_floor
from rules.interpreted import Interpreted, can_be_interpreted
from rules.reading import is_true, parse_graph, refuse_remote_queries
from rules.rendering import Labels
from rules.shapes import SH, CompiledRule, Rule
from rules.walks import places_of
from rules.watch import Watch

FORMAT = "evenkeel-release/1"
KNOBS_FILE = "knobs.toml"
SHAPES_FOLDER = "shapes"
_TARGETS = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target")


@dataclass(frozen=True)
class Release:
    """Shapes by file name, as the text of the files, and the values of the knobs.

    The digest covers every character of the texts, comments included: a release is what was
    signed and read, not what a parser makes of it. Raises InputError RELEASE_BAD for names,
    texts and values of other types, or for a rule that two files define.
    """

    name: str
    version: str
    shapes: Mapping[str, str]
    knobs: Mapping[str, int | str]

    def __post_init__(self) -> None:
        """Freeze the mappings and check the types."""
        texts = (self.name, self.version, *self.shapes, *self.shapes.values(), *self.knobs)
        if not all(isinstance(text, str) for text in texts):
            raise _bad("names, versions, file names and shapes are texts")
        for knob, value in self.knobs.items():
            if type(value) not in (int, str):
                raise _bad(f"the knob `{knob}` is neither a whole number nor a text")
        object.__setattr__(self, "shapes", MappingProxyType(dict(sorted(self.shapes.items()))))
        object.__setattr__(self, "knobs", MappingProxyType(dict(sorted(self.knobs.items()))))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical document."""
        return digest_of(self.to_document())

    def to_document(self) -> dict[str, Any]:
        """The release as a JSON document; `from_document` reads it back."""
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "shapes": dict(self.shapes),
            "knobs": dict(self.knobs),
        }

    @cached_property
    def graph(self) -> Graph:
        """All shapes in one graph. Raises InputError as `rules.reading` does, or RELEASE_BAD."""
        return self._parsed[0]

    @cached_property
    def labels(self) -> Labels:
        """The names of the graph's nodes."""
        return Labels(self.graph)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every shape that has a target and is not deactivated, in IRI order."""
        return tuple(self._rule(node, file) for node, file in sorted(self._parsed[1].items()))

    @cached_property
    def compiled(self) -> tuple[CompiledRule, ...]:
        """Every rule, once per class that it targets, typed against the vocabulary.

        Rules on facts in SHACL core that do not compile are left out: `watch` has them. Raises
        InputError RULE_NOT_EVALUATED for the first rule that cannot be evaluated: a release with
        such a rule decides nothing (law 7).
        """
        return tuple(found for _, compiled in self._sorted_out for found in compiled or ())

    @cached_property
    def watch(self) -> Watch:
        """The rules on facts, ready to be asked what a change does to their findings.

        Raises InputError as `compiled` does.
        """
        facts = [one for one in self.compiled if one.target in FACTS]
        rules = [rule for rule, compiled in self._sorted_out if compiled is None]
        if not rules:
            return Watch(facts)
        names = Interpreted(rules, self.graph, self.labels).places
        # The same result of a compiled rule and of another: only one of both ways can tell it.
        both = [one for one in facts if names & {place.shape for place in places_of(one.shape)}]
        rules += dict.fromkeys(one.rule for one in both)
        compiled = [one for one in facts if one not in both]
        return Watch(compiled, Interpreted(rules, self.graph, self.labels))

    @cached_property
    def _sorted_out(self) -> list[tuple[Rule, tuple[CompiledRule, ...] | None]]:
        """Every rule with what it compiles to; None where pySHACL has to evaluate it."""
        found: list[tuple[Rule, tuple[CompiledRule, ...] | None]] = []
        for rule in self.rules:
            try:
                found.append((rule, self.compile(rule)))
            except InputError as refusal:
                if not can_be_interpreted(self.graph, rule, refusal):
                    raise
                found.append((rule, None))
        return found

    def compile(self, rule: Rule) -> tuple[CompiledRule, ...]:
        """One rule, once per class that it targets.

        Raises InputError RULE_NOT_EVALUATED at the file and row in which the rule begins.
        """
        try:
            found = tuple(
                compile_rule(self.graph, rule, name, self.labels)
                for name in target_classes(self.graph, rule)
            )
            for compiled in found:
                if compiled.target == "StockAfterMoves":
                    check_floor(compiled)
        except InputError as error:
            error.place = Place(rule.file, self._row_of(rule))
            raise
        return found

    def _row_of(self, rule: Rule) -> int:
        """The first row of the rule's file that begins with its name; 0 where none does."""
        name = re.escape(rule.iri.rpartition("/")[2])
        begins = re.compile(rf"\s*(?:[\w.-]*:{name}|<{re.escape(rule.iri)}>|<{name}>)(?![\w-])")
        rows = enumerate(self.shapes[rule.file].splitlines(), 1)
        return next((row for row, line in rows if begins.match(line)), 0)

    def names(self, word: str) -> bool:
        """Whether any shape names a property or class of the vocabulary, by its local name."""
        return (None, None, URIRef(NAMESPACE + word)) in self.graph

    def rule(self, iri: str) -> Rule:
        """One rule by its IRI. Raises InputError RULE_UNKNOWN."""
        for rule in self.rules:
            if rule.iri == iri:
                return rule
        raise InputError(f"the release has no rule `{iri}`", code="RULE_UNKNOWN")

    @cached_property
    def _parsed(self) -> tuple[Graph, dict[URIRef, str]]:
        whole = Graph(bind_namespaces="none")
        whole.bind("inv", NAMESPACE)
        owners: dict[URIRef, str] = {}
        for file, text in self.shapes.items():
            part = parse_graph(text.encode(), "turtle", file)
            refuse_remote_queries(part)
            for node in _targeted(part, file):
                if node in owners:
                    raise _bad(f"`{owners[node]}` and `{file}` both define `{node}`")
                if not is_true(part.value(node, URIRef(SH + "deactivated"))):
                    owners[node] = file
            for triple in part:
                whole.add(triple)
        return whole, owners

    def _rule(self, node: URIRef, file: str) -> Rule:
        graph = self.graph
        return Rule(
            iri=str(node),
            title=text_about(graph, node, "label"),
            reason=text_about(graph, node, "comment"),
            owner=text_about(graph, node, "owner"),
            severity=severity_of(graph, node),
            message=message_of(graph, node),
            targets=tuple(sorted(map(str, graph.objects(node, URIRef(SH + "targetClass"))))),
            file=file,
        )


def from_folder(folder: Path) -> Release:
    """The release in a folder: `shapes/*.ttl` and `knobs.toml` (title, unit, default per knob).

    Raises InputError RELEASE_BAD where something is missing, not readable or, for a whole number,
    below the `least` or above the `most` that the knob states.
    """
    settings_path = folder / KNOBS_FILE
    try:
        settings = tomllib.loads(settings_path.read_text(encoding="utf-8"))
        files = sorted((folder / SHAPES_FOLDER).glob("*.ttl"))
        shapes = {file.name: file.read_text(encoding="utf-8") for file in files}
        about, knobs = settings["release"], settings.get("knobs", {})
        values = {name: _in_range(name, knob) for name, knob in knobs.items()}
        return Release(about["name"], about["version"], shapes, values)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(f"`{folder}` is not readable: {error}", str(settings_path)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise _bad(
            f"an entry is missing or of another type: {error}", str(settings_path)
        ) from error


def from_document(document: Any) -> Release:
    """The release that `to_document` wrote. Raises InputError RELEASE_BAD for anything else."""
    keys = {"format", "name", "version", "shapes", "knobs"}
    if not isinstance(document, Mapping) or set(document) != keys or document["format"] != FORMAT:
        raise _bad(f"not a document of the format `{FORMAT}`")
    shapes, knobs = document["shapes"], document["knobs"]
    if not isinstance(shapes, Mapping) or not isinstance(knobs, Mapping):
        raise _bad("`shapes` and `knobs` are objects")
    return _read_once(canonical(document))


@lru_cache(maxsize=16)
def _read_once(data: bytes) -> Release:
    """The release of a document's canonical bytes: shapes are parsed and compiled once."""
    document = orjson.loads(data)
    return Release(document["name"], document["version"], document["shapes"], document["knobs"])


@cache
def default_release() -> Release:
    """The release that is shipped with the code."""
    return from_folder(Path(__file__).parent)


def _in_range(name: str, knob: Mapping[str, Any]) -> Any:
    value = knob["default"]
    if not {"title", "unit"} <= set(knob):
        raise _bad(f"the knob `{name}` has no title or no unit", KNOBS_FILE)
    if type(value) is int and not knob.get("least", value) <= value <= knob.get("most", value):
        limits = f"{knob.get('least', 'any')} to {knob.get('most', 'any')}"
        raise _bad(f"the knob `{name}` is {value}, outside {limits} {knob['unit']}", KNOBS_FILE)
    return value


def _targeted(graph: Graph, file: str) -> list[URIRef]:
    found = set()
    for word in _TARGETS:
        found |= set(graph.subjects(URIRef(SH + word), None))
    for node in found:
        if not isinstance(node, URIRef):
            raise _bad("a shape with a target has no IRI", file)
    return sorted(node for node in found if isinstance(node, URIRef))


def _bad(what: str, file: str = "") -> InputError:
    return InputError(
        what,
        hint="see docs/adding-a-rule.md",
        code="RELEASE_BAD",
        place=Place(file),
    )
