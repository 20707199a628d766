"""What is wrong with a release before it decides anything: pySHACL passes all of it in silence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ontology.errors import EvenkeelError, InputError
from ontology.findings import Report
from rules.check import check_rules
from rules.reading import read_graph
from rules.release import Release
from rules.shapes import CompiledRule, Rule
from rules.tables_of import tables_of

EXAMPLES = Path(__file__).parent / "examples"
_TOLD = ("title", "reason", "owner", "message")


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing to correct: a rule's IRI, a code and a sentence."""

    rule: str
    code: str
    what: str


def lint(release: Release, examples: Path | None = None) -> tuple[Remark, ...]:
    """Everything to correct in a release, sorted; empty means that it may be proposed.

    RULE_NOT_EVALUATED: outside the fragment, or a target, path or class that the vocabulary does
    not know. RULE_MATCHES_NOTHING: no target. RULE_UNDOCUMENTED: no title, reason, owner or
    message. With a folder of examples, per rule `NAME/conforms.ttl`, `NAME/breaks.ttl` and
    `NAME/expected.txt`: RULE_MATCHES_NOTHING where one of them has no focus node,
    RULE_EXAMPLE_WRONG where the findings are not the expected messages.
    """
    return tuple(sorted(r for rule in release.rules for r in _remarks(release, rule, examples)))


def _remarks(release: Release, rule: Rule, examples: Path | None) -> Iterator[Remark]:
    missing = [name for name in _TOLD if not getattr(rule, name)]
    if missing:
        yield Remark(rule.iri, "RULE_UNDOCUMENTED", f"without {', '.join(missing)}")
    try:
        compiled = release.compile(rule)
    except EvenkeelError as error:
        yield Remark(rule.iri, error.code, error.what)
        return
    if not compiled:
        yield Remark(rule.iri, "RULE_MATCHES_NOTHING", "the rule has no target class")
    elif examples is not None:
        yield from _tried(rule, compiled, examples / rule.iri.rsplit("/", 1)[-1])


def _tried(rule: Rule, compiled: tuple[CompiledRule, ...], folder: Path) -> Iterator[Remark]:
    expected_by_file: dict[str, list[str]] = {"conforms.ttl": [], "breaks.ttl": []}
    try:
        text = (folder / "expected.txt").read_text(encoding="utf-8")
        expected_by_file["breaks.ttl"] = sorted(line for line in text.splitlines() if line)
        reports = {file: _findings(compiled, folder / file) for file in expected_by_file}
    except (OSError, InputError) as error:
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", f"the example is not usable: {error}")
        return
    for file, report in reports.items():
        if not sum(count for _, count in report.focus_counts):
            yield Remark(rule.iri, "RULE_MATCHES_NOTHING", f"`{file}` has no focus node")
        found = sorted({finding.message for finding in report.findings})
        if found != expected_by_file[file]:
            what = f"`{file}` gives {found or 'no message'}, not {expected_by_file[file] or 'none'}"
            yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", what)
    if not expected_by_file["breaks.ttl"]:
        yield Remark(rule.iri, "RULE_EXAMPLE_WRONG", "`expected.txt` names no message")


def _findings(compiled: tuple[CompiledRule, ...], file: Path) -> Report:
    return check_rules(compiled, tables_of(read_graph(file)))
