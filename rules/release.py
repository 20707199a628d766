"""A policy release: shapes and knobs that are in force together, immutable, known by digest."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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
from rules.inferred_reads import reads_inferred
from rules.interpreted import Interpreted, can_be_interpreted
from rules.knobs import KNOBS_FILE, Knob, bad_release, check_values, knob_from
from rules.parts import Part, part_from
from rules.reading import is_true, parse_graph, refuse_remote_queries
from rules.rendering import Labels
from rules.shapes import SH, CompiledRule, Rule, not_evaluated
from rules.walks import places_of
from rules.watch import Watch

FORMAT = "evenkeel-release/1"
FORMAT_WITH_MORE = "evenkeel-release/2"
"""The form of a release that defines its knobs or has policies; any other keeps its old digest."""
FORMAT_IN_PARTS = "evenkeel-release/3"
"""The form of one release for the whole of a chain and others for parts of it."""
SHAPES_FOLDER = "shapes"
_TARGETS = ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "target")


@dataclass(frozen=True)
class Release:
    """Shapes and policies by file name, as the text of the files, and the values of the knobs.

    `policies` are further texts in TOML under the same digest (`approvals.toml`, `scope.toml`,
    `thresholds.toml`); `definitions` say what the knobs mean. Both are empty in releases that
    were made before there were such. The digest covers every character of the texts, comments
    included: a release is what was signed and read, not what a parser makes of it. With `parts`,
    all else is that of the whole, and movements and stock of a part are judged by that. Raises
    InputError RELEASE_BAD for names, texts and values of other types, for a knob outside of its
    range, for a policy that is no TOML, and later for a rule that two files define.
    """

    name: str
    version: str
    shapes: Mapping[str, str]
    knobs: Mapping[str, int | str]
    policies: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, Knob] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the mappings, check the types and the ranges."""
        files = (*self.shapes, *self.shapes.values(), *self.policies, *self.policies.values())
        if not all(
            isinstance(text, str) for text in (self.name, self.version, *files, *self.knobs)
        ):
            raise bad_release("names, versions, file names, shapes and policies are texts")
        for knob, value in self.knobs.items():
            if type(value) not in (int, str):
                raise bad_release(f"the knob `{knob}` is neither a whole number nor a text")
        check_values(self.knobs, self.definitions)
        for file in self.policies:
            self.policy(file)
        for name in ("shapes", "knobs", "policies", "definitions"):
            frozen = MappingProxyType(dict(sorted(getattr(self, name).items())))
            object.__setattr__(self, name, frozen)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical document."""
        return digest_of(self.to_document())

    def to_document(self) -> dict[str, Any]:
        """The release as a JSON document; `from_document` reads it back."""
        if self.parts:
            return {"format": FORMAT_IN_PARTS, "whole": self.whole.to_document(),
                    "parts": [part.to_document() for part in self.parts]}  # fmt: skip
        found: dict[str, Any] = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "shapes": dict(self.shapes),
            "knobs": dict(self.knobs),
        }
        if self.policies or self.definitions:
            # INVARIANT: without them the document, and so the digest, is what it always was.
            found["format"] = FORMAT_WITH_MORE
            found["policies"] = dict(self.policies)
            found["definitions"] = {n: knob.to_document() for n, knob in self.definitions.items()}
        return found

    @cached_property
    def whole(self) -> "Release":
        """The release without its parts; itself where it has none."""
        return replace(self, parts=()) if self.parts else self

    @property
    def judges(self) -> tuple["Release", ...]:
        """The releases that judge: of the whole, and of each part."""
        return (self.whole, *(part.release for part in self.parts))

    @property
    def named(self) -> tuple[Any, ...]:
        """What it is made of, by digests: the whole, and what names each part."""
        return (self.whole.digest, tuple(part.named for part in self.parts))

    def policy(self, file: str) -> dict[str, Any]:
        """What a further text says, read as TOML; empty where the release has no such file."""
        try:
            return tomllib.loads(self.policies.get(file, ""))
        except tomllib.TOMLDecodeError as error:
            raise bad_release(f"`{file}` is no TOML: {error}", file) from error
        except RecursionError as error:
            raise bad_release(f"`{file}` is nested too deeply", file) from error

    @cached_property
    def graph(self) -> Graph:
        """All shapes in one graph. Raises InputError as `rules.reading` does, or RELEASE_BAD."""
        return self.whole.graph if self.parts else self._parsed[0]

    @cached_property
    def labels(self) -> Labels:
        """The names of the graph's nodes."""
        return Labels(self.graph)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every shape that has a target and is not deactivated, in IRI order; those of parts, too.

        A rule that the whole and a part have is told as the whole tells it.
        """
        if not self.parts:
            return tuple(self._rule(node, file) for node, file in sorted(self._parsed[1].items()))
        found = {rule.iri: rule for part in self.parts for rule in part.release.rules}
        found.update((rule.iri, rule) for rule in self.whole.rules)
        return tuple(found[iri] for iri in sorted(found))

    @cached_property
    def compiled(self) -> tuple[CompiledRule, ...]:
        """Every rule of the whole, once per class that it targets, typed against the vocabulary.

        Rules on facts in SHACL core that do not compile are left out: `watch` has them. Raises
        InputError RULE_NOT_EVALUATED for the first rule that cannot be evaluated: a release with
        such a rule decides nothing (law 7).
        """
        if self.parts:
            return self.whole.compiled
        return tuple(found for _, compiled in self._sorted_out for found in compiled or ())

    @cached_property
    def watch(self) -> Watch:
        """The rules on facts, ready to be asked what a change does to their findings.

        Raises InputError as `compiled` does, and for a rule that reads what is inferred and shares
        a shape with one that does not compile.
        """
        if self.parts:
            return self.whole.watch
        facts = [one for one in self.compiled if one.target in FACTS]
        rules = [rule for rule, compiled in self._sorted_out if compiled is None]
        if not rules:
            return Watch(facts)
        names = Interpreted(rules, self.graph, self.labels).places
        # The same result of a compiled rule and of another: only one of both ways can tell it.
        both = [one for one in facts if names & {place.shape for place in places_of(one.shape)}]
        for one in both:
            if one.only or reads_inferred(one.shape):
                why = "shares a shape with a rule that does not compile"
                raise not_evaluated(one.rule.iri, "a rule that reads what is inferred", why)
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
                compile_rule(self.graph, rule, target, self.labels)
                for target in target_classes(self.graph, rule)
            )
            for compiled in found:
                if compiled.target == "StockAfterMoves":
                    check_floor(compiled)
        except InputError as error:
            error.place = Place(rule.file, self.row_of(rule))
            raise
        return found

    def row_of(self, rule: Rule) -> int:
        """The first row of the rule's file that begins with its name; 0 where none does."""
        name = re.escape(rule.iri.rpartition("/")[2])
        begins = re.compile(rf"\s*(?:[\w.-]*:{name}|<{re.escape(rule.iri)}>|<{name}>)(?![\w-])")
        rows = enumerate(self.shapes[rule.file].splitlines(), 1)
        return next((row for row, line in rows if begins.match(line)), 0)

    def names(self, word: str) -> bool:
        """Whether any shape names a property or class of the vocabulary, by its local name."""
        own = (None, None, URIRef(NAMESPACE + word)) in self.graph
        return own or any(part.release.names(word) for part in self.parts)

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
                    raise bad_release(f"`{owners[node]}` and `{file}` both define `{node}`")
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
    """The release in a folder: `shapes/*.ttl`, `knobs.toml`, and any other `*.toml` as a policy.

    A knob has title, unit, default and, if it has such ends, least and most. Raises InputError
    RELEASE_BAD where something is missing, not readable or outside of its range.
    """
    settings_path = folder / KNOBS_FILE
    try:
        settings = tomllib.loads(settings_path.read_text(encoding="utf-8"))
        shapes = _texts(sorted((folder / SHAPES_FOLDER).glob("*.ttl")))
        policies = _texts(path for path in folder.glob("*.toml") if path.name != KNOBS_FILE)
        about, knobs = settings["release"], settings.get("knobs", {})
        known = {name: knob_from(name, knob) for name, knob in knobs.items()}
        values = {name: knob.default for name, knob in known.items()}
        return Release(about["name"], about["version"], shapes, values, policies, known)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise bad_release(f"`{folder}` is not readable: {error}", str(settings_path)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise bad_release(
            f"an entry is missing or of another type: {error}", str(settings_path)
        ) from error


def from_document(document: Any) -> Release:
    """The release that `to_document` wrote. Raises InputError RELEASE_BAD for anything else."""
    form = document.get("format") if isinstance(document, Mapping) else None
    if form == FORMAT_IN_PARTS:
        return _in_parts(document)
    keys = {"format", "name", "version", "shapes", "knobs"}
    if form == FORMAT_WITH_MORE:
        keys |= {"policies", "definitions"}
    if form not in (FORMAT, FORMAT_WITH_MORE) or set(document) != keys:
        raise bad_release(f"not a document of the format `{FORMAT}` or `{FORMAT_WITH_MORE}`")
    for name in keys - {"format", "name", "version"}:
        if not isinstance(document[name], Mapping):
            raise bad_release(f"`{name}` is no object")
    return _read_once(canonical(document))


def _in_parts(document: Mapping[str, Any]) -> Release:
    if set(document) != {"format", "whole", "parts"} or not isinstance(document["parts"], list):
        raise bad_release(f"not a document of the format `{FORMAT_IN_PARTS}`")
    try:
        parts = tuple(part_from(each, from_document(each["release"])) for each in document["parts"])
    except (TypeError, KeyError) as error:
        raise bad_release("a part is not written as parts are") from error
    release = composed(from_document(document["whole"]), parts)
    if release.to_document() != document or not parts:
        raise bad_release("the document is not written as the release's own form")
    return release


def for_part(release: Release, regions: Iterable[str], families: Iterable[str]) -> Release:
    """A release for a part alone, to be tried on plans of any release: `placed_on` says how."""
    return composed(release, [Part(release, tuple(regions), tuple(families))])


def is_for_part(release: Release) -> bool:
    """Whether `for_part` made it: the whole is the release of its only part."""
    return [part.release.digest for part in release.parts] == [release.whole.digest]


def placed_on(own: Release, tried: Release) -> Release:
    """What would have governed in place of `own`, had `tried` been in force.

    One of the whole leaves the parts as they were; one for a part leaves the whole and the others.
    """
    if not tried.parts:
        return composed(tried, own.parts) if own.parts else tried
    if not is_for_part(tried):
        return tried
    (part,) = tried.parts
    scope = (part.regions, part.families)
    others = [each for each in own.parts
              if each.release.digest != part.release.digest
              and (each.is_canary or (each.regions, each.families) != scope)]  # fmt: skip
    return composed(own.whole, [*others, part])


def composed(whole: Release, parts: Iterable[Part]) -> Release:
    """A release for the whole and others for its parts: one release, under one digest.

    Parts stand in one order, whatever the order in which they are given.
    """
    whole = whole.whole
    found = replace(whole, parts=tuple(sorted(parts, key=lambda part: part.named)))
    found.__dict__["whole"] = whole  # what was parsed and compiled is so already
    return found


@lru_cache(maxsize=16)
def _read_once(data: bytes) -> Release:
    """The release of a document's canonical bytes: shapes are parsed and compiled once."""
    found = orjson.loads(data)
    known = {name: knob_from(name, knob) for name, knob in found.get("definitions", {}).items()}
    release = Release(found["name"], found["version"], found["shapes"], found["knobs"],
                      found.get("policies", {}), known)  # fmt: skip
    if canonical(release.to_document()) != data:
        # Two documents of one release would be two digests.
        raise bad_release("the document is not written as the release's own form")
    return release


@cache
def default_release() -> Release:
    """The release that is shipped with the code."""
    return from_folder(Path(__file__).parent)


def _texts(files: Iterable[Path]) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def _targeted(graph: Graph, file: str) -> list[URIRef]:
    found = set()
    for word in _TARGETS:
        found |= set(graph.subjects(URIRef(SH + word), None))
    for node in found:
        if not isinstance(node, URIRef):
            raise bad_release("a shape with a target has no IRI", file)
    return sorted(node for node in found if isinstance(node, URIRef))
