"""What is wrong with a release before it decides anything: pySHACL passes all of it in silence."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rdflib import URIRef

from ontology.columns import Table
from ontology.errors import EvenkeelError, InputError
from rules.check import check_rules
from rules.columns import Columns
from rules.contradictions import faults_in, short_path
from rules.costs import costs_as_written, costs_of
from rules.mutants import Mutant, is_proved_unbreakable, mutant_of
from rules.pairs import Pairs
from rules.reading import read_graph
from rules.release import Release
from rules.remarks import HINTS, Remark
from rules.shadows import shadowed
from rules.shapes import CompiledRule, Logic, Nested, Rule, Shape
from rules.tables_of import tables_of

EXAMPLES = Path(__file__).parent / "examples"
_TOLD = ("title", "reason", "owner", "message")
Tables = dict[str, Table]


@dataclass(frozen=True)
class Examination:
    """What was found, sorted, and per rule the change of a conforming graph that it catches."""

    remarks: tuple[Remark, ...]
    mutants: tuple[Mutant, ...]


def lint(release: Release, examples: Path | None = None) -> tuple[Remark, ...]:
    """Everything to correct in a release, sorted; empty means that it may be proposed.

    With a folder of examples, per rule `NAME/conforms.ttl`, `NAME/breaks.ttl` and
    `NAME/expected.txt`. The codes are those of `rules.remarks.HINTS`; docs/adding-a-rule.md says
    what each one means. What cannot be decided is not reported.
    """
    return examined(release, examples).remarks


def examined(release: Release, examples: Path | None = None) -> Examination:
    """The same, and the evidence by which each rule was seen to deny something."""
    remarks: list[Remark] = []
    mutants: list[Mutant] = []
    sound: list[CompiledRule] = []
    release = release.whole
    for rule in release.rules:
        one = _One(release, rule, examples)
        found = list(one.remarks())
        remarks += [_placed(release, rule, remark) for remark in found]
        mutants += one.mutants
        sound += one.sound
    for rule, what in shadowed(sound):
        remarks.append(_placed(release, rule, Remark(rule.iri, "RULE_SHADOWED", what)))
    return Examination(tuple(sorted(remarks)), tuple(mutants))


def _placed(release: Release, rule: Rule, remark: Remark) -> Remark:
    return replace(remark, file=rule.file, row=release.row_of(rule),
                   hint=HINTS.get(remark.code, ""))  # fmt: skip


class _One:
    """One rule's examination: its mutants, and what of it is sound enough to compare."""

    def __init__(self, release: Release, rule: Rule, examples: Path | None) -> None:
        self._release = release
        self._rule = rule
        self._folder = examples / rule.iri.rsplit("/", 1)[-1] if examples else None
        self.mutants: list[Mutant] = []
        self.sound: list[CompiledRule] = []

    def remarks(self) -> Iterator[Remark]:
        """What is wrong with the rule, without its place."""
        iri = self._rule.iri
        missing = [name for name in _TOLD if not getattr(self._rule, name)]
        if missing:
            yield Remark(iri, "RULE_UNDOCUMENTED", f"without {', '.join(missing)}")
        for what in dict.fromkeys(costs_as_written(self._release.graph, URIRef(iri))):
            yield Remark(iri, "RULE_COST", what)
        try:
            compiled = self._release.compile(self._rule)
        except EvenkeelError as error:
            yield Remark(iri, error.code, error.what)
            return
        if not compiled:
            yield Remark(iri, "RULE_MATCHES_NOTHING", "the rule has no target class")
            return
        found = [*self._said(compiled)]
        yield from dict.fromkeys(found)
        if not found:
            self.sound += compiled

    def _said(self, compiled: tuple[CompiledRule, ...]) -> Iterator[Remark]:
        example: Tables | None = None
        if self._folder is not None:
            example = yield from _tried(self._rule, compiled, self._folder)
        for one in compiled:
            for what in costs_of(one):
                yield Remark(self._rule.iri, "RULE_COST", what)
            faults = [Remark(self._rule.iri, *fault) for fault in faults_in(one.shape)]
            yield from faults
            yield from self._evidence(one, example, is_faulty=bool(faults))

    def _evidence(
        self, compiled: CompiledRule, example: Tables | None, *, is_faulty: bool
    ) -> Iterator[Remark]:
        mutant = mutant_of(compiled, example)
        if mutant:
            self.mutants.append(mutant)
        elif is_proved_unbreakable(compiled):
            yield Remark(self._rule.iri, "RULE_UNBREAKABLE", "no record can break it")
        elif not is_faulty:
            what = "no change of a conforming graph was caught"
            yield Remark(self._rule.iri, "RULE_UNBREAKABLE", what)


def _tried(
    rule: Rule, compiled: tuple[CompiledRule, ...], folder: Path
) -> Generator[Remark, None, Tables | None]:
    """What is wrong with a rule's example; at the end, the one that conforms."""
    expected_by_file: dict[str, list[str]] = {"conforms.ttl": [], "breaks.ttl": []}
    if not folder.is_dir():
        what = f"there is no example: {', '.join(expected_by_file)} and expected.txt in"
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", f"{what} examples/{folder.name}/")
        return None
    lacking = [name for name in (*expected_by_file, "expected.txt")
               if not (folder / name).is_file()]  # fmt: skip
    if lacking:
        what = f"the example lacks {', '.join(lacking)} in examples/{folder.name}/"
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", what)
        return None
    try:
        text = (folder / "expected.txt").read_text(encoding="utf-8")
        expected_by_file["breaks.ttl"] = sorted(line for line in text.splitlines() if line)
        tables = {file: tables_of(read_graph(folder / file)) for file in expected_by_file}
        reports = {file: check_rules(compiled, tables[file]) for file in expected_by_file}
    except (OSError, InputError) as error:
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", f"the example is not usable: {error}")
        return None
    for file, report in reports.items():
        if not sum(count for _, count in report.focus_counts):
            yield Remark(rule.iri, "RULE_MATCHES_NOTHING", f"`{file}` has no focus node")
        found = sorted({finding.message for finding in report.findings})
        if found != expected_by_file[file]:
            what = f"`{file}` gives {found or 'no message'}, not {expected_by_file[file] or 'none'}"
            yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", what)
    if not expected_by_file["breaks.ttl"]:
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", "`expected.txt` names no message")
    for path in _unseen(compiled, list(tables.values())):
        yield Remark(rule.iri, "RULE_MATCHES_NOTHING", f"{path} leads to nothing in the examples")
    return tables["conforms.ttl"]


def _unseen(compiled: Iterable[CompiledRule], examples: Iterable[Tables]) -> Iterator[str]:
    """The paths of a rule that lead to nothing in any of its examples."""
    columns = [Columns(tables) for tables in examples]
    shapes = [shape for one in compiled for shape in _with_path(one.shape)]
    for path, shape in sorted({short_path(shape): shape for shape in shapes}.items()):
        if not any(_leads_on(each, shape) for each in columns):
            yield path


def _with_path(shape: Shape) -> Iterator[Shape]:
    """The property shapes of a shape, at any depth."""
    if shape.path:
        yield shape
    for constraint in shape.constraints:
        inner = constraint.shapes if isinstance(constraint, Logic) else ()
        for each in (constraint.shape,) if isinstance(constraint, Nested) else inner:
            yield from _with_path(each)


def _leads_on(columns: Columns, shape: Shape) -> bool:
    """Whether a path leads from any record, or anything referred to, to a value."""
    columns.instances(shape.space)
    nodes = columns.nodes(shape.space)
    pairs = Pairs(shape.space, nodes, nodes)
    for step in shape.path or ():
        pairs = columns.follow(pairs, step)
    return len(pairs) > 0
