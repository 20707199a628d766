"""Plan a folder of facts and say what the plan says, in the words of its `expected.json`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from feeds.mapping_text import load_mapping
from feeds.reading import read
from feeds.result import FeedResult
from graph.artifacts import ArtifactStore
from graph.manifests import write_snapshot
from ontology.columns import Snapshot
from rules.check import check_rules
from rules.release import Release, default_release
from service.decision import Draft, PlanRequest, ask, seal
from service.intake.fact_rules import CODE, hold_to_rules
from service.planning import answer, draft_plan
from service.verify import Verdict, verify
from tests.scenarios.wording import line_of, shortfall_of, waste_of

HERE = Path(__file__).parent
RULE = "https://w3id.org/evenkeel/rule/"
KNOB = "https://w3id.org/evenkeel/knob/"
FACT_FILES = ("capacity-not-negative.ttl", "known-units.ttl", "stock-buckets.ttl")
REQUEST = PlanRequest("scenario")
EMPTY = Snapshot(0, {})
FOLDERS = sorted(path.parent for path in HERE.glob("*/expected.json"))


@dataclass(frozen=True)
class Scenario:
    """A folder's facts as they were read, and those that the gate let in."""

    folder: Path
    fed: FeedResult
    held: FeedResult

    @property
    def snapshot(self) -> Snapshot:
        """The facts that the plan is made from."""
        return Snapshot(1, self.held.tables)


@cache
def expected_of(folder: Path) -> dict[str, Any]:
    """What must happen in a folder, as its `expected.json` states it."""
    return dict(json.loads((folder / "expected.json").read_text()))


@cache
def scenario_at(folder: Path) -> Scenario:
    """The scenario of a folder under the shipped release."""
    fed = fed_from(folder)
    return Scenario(folder, fed, hold_to_rules(default_release(), fed, EMPTY))


def fed_from(folder: Path) -> FeedResult:
    """The facts of a folder, read by the one mapping of all scenarios."""
    return read([folder], load_mapping(HERE / "mapping.yaml"), present=EMPTY)


@cache
def planned(folder: Path) -> Draft:
    """The certified plan of a folder."""
    return draft_plan(scenario_at(folder).snapshot, default_release(), REQUEST)


def planned_without(folder: Path, rule: str) -> Draft:
    """The plan of the same facts as if one rule were not there."""
    snapshot = scenario_at(folder).snapshot
    if default_release().rule(RULE + rule).severity == "Violation":
        return answer(ask(snapshot, default_release(), REQUEST, without_rule=RULE + rule))
    return answer(ask(snapshot, release_without(rule), REQUEST))


def release_without(rule: str, *files: str) -> Release:
    """The shipped release (or some files of it) with one rule switched off in its own text."""
    whole = default_release()
    shapes = {name: whole.shapes[name] for name in files or whole.shapes}
    shapes[whole.rule(RULE + rule).file] += (
        f"\n<{RULE}{rule}> <http://www.w3.org/ns/shacl#deactivated> true .\n"
    )
    return Release(whole.name, f"without {rule}", shapes, whole.knobs)


def said(draft: Draft) -> dict[str, Any]:
    """What a plan says: its lines, what stays short, what rules and knobs did, and its price.

    Amounts are cents of the plan's currency; parts that say nothing are left out.
    """
    decision = draft.decision
    scale, lines = decision["network"]["cost_scale"], decision["lines"]
    figures, suppressed = decision["comparison"], decision["suppressed"]
    found = {
        "starts_on": decision["starts_on"],
        "currency": decision["currency"],
        "lines": [line_of(line, scale) for line in lines],
        "because": {str(line["number"]): line["because"] for line in lines},
        "shortfalls": [shortfall_of(row, scale) for row in decision["shortfalls"]],
        "waste": [waste_of(row, scale) for row in decision.get("waste", ())],
        "closed": {short(name): count for name, count in suppressed["by_rule"].items()},
        "floors": {short(name): units for name, units in suppressed["floors"].items() if units},
        "after_flow": sorted(map(short, suppressed["after_flow"])),
        "warned": {short(name): rows for name, rows in suppressed["warned"].items() if rows},
        "cost_cents": figures["plan"]["cost_cents"],
        "do_nothing_cents": figures["do_nothing"]["cost_cents"],
        "label": decision["certificate"]["label"],
    }
    return {name: part for name, part in found.items() if part not in ({}, [], "", None)}


def set_aside(scenario: Scenario) -> dict[str, list[str]]:
    """The quarantined rows, under the rule that set each aside, else under its code."""
    found: dict[str, list[str]] = {}
    table = scenario.held.quarantined
    rows = zip(*(table[name] for name in ("file", "row", "code")), strict=True)
    judged = broken_facts(scenario)
    for file, row, code in rows:
        for name in judged[file, row] if code == CODE else [code]:
            found.setdefault(name, []).append(f"{file} row {row}")
    return {name: sorted(places) for name, places in found.items()}


def broken_facts(scenario: Scenario) -> dict[tuple[str, int], list[str]]:
    """Per file and row, the rules on facts that it breaks by itself."""
    found: dict[tuple[str, int], list[str]] = {}
    for compiled in default_release().compiled:
        tables = scenario.fed.tables
        if compiled.target not in tables:
            continue
        findings = check_rules([compiled], tables).findings
        for focus in sorted({finding.focus_node for finding in findings}):
            key = focus.partition(f"/{compiled.target}/")[2]
            place = scenario.fed.source_of(compiled.target, tables[compiled.target].row_of[key])
            found.setdefault((place.file, place.row), []).append(short(compiled.rule.iri))
    return found


def verdict_on(scenario: Scenario, draft: Draft, artifacts: Path) -> Verdict:
    """What `verify` says of the sealed plan, with snapshot and release beside it."""
    store = ArtifactStore(artifacts)
    named = {
        "snapshot": write_snapshot(store, "scenario", scenario.snapshot),
        "release": store.put_document(default_release().to_document()),
    }
    about = {"sequence": 1, "made_at": "2026-03-02T00:00:00+00:00", "agent": "test",
             "versions": {}, "artifacts": named}  # fmt: skip
    return verify(seal(draft.decision, about), artifacts=artifacts)


def short(name: str) -> str:
    """A rule or knob without its namespace."""
    return name.removeprefix(RULE).removeprefix(KNOB)
