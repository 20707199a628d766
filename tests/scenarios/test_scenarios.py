"""Golden scenarios: each folder's plan is the one that its README works out, rule by rule."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rules.release import default_release
from service.intake.fact_rules import hold_to_rules
from tests.scenarios.scenario import (
    EMPTY,
    FACT_FILES,
    FOLDERS,
    HERE,
    RULE,
    expected_of,
    planned,
    planned_without,
    release_without,
    said,
    scenario_at,
    set_aside,
    verdict_on,
)

ATTENTION = "; a person looks: "
MOST_ROWS = 20
PLAN_TARGETS = {
    "Movement", "StockAfterMoves", "PlannedLine", "LaneLoad", "LocationLoad", "CountryHolding",
}  # fmt: skip


def named(folder: Path) -> str:
    return folder.name


def pairs(part: str) -> list[Any]:
    """Each folder with each rule that it states something about."""
    return [
        pytest.param(folder, rule, id=f"{folder.name}-{rule}")
        for folder in FOLDERS
        for rule in expected_of(folder).get(part, ())
        if not rule.isupper()  # a code of the feed is no rule
    ]


def plain(lines: Iterable[str]) -> list[str]:
    """Lines without the people they are sent to."""
    return [line.partition(ATTENTION)[0] for line in lines]


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_plan_is_the_one_worked_out_by_hand(folder: Path) -> None:
    """Lines, reasons, shortfalls, closures, cost and label are those of `expected.json`."""
    stated = expected_of(folder)
    expected = {name: stated[name] for name in stated.keys() - {"without", "quarantined"}}
    assert expected == said(planned(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_rows_are_set_aside_as_stated(folder: Path) -> None:
    """The quarantine holds the stated rows, each under its rule or code, and no others."""
    assert expected_of(folder).get("quarantined", {}) == set_aside(scenario_at(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_plan_verifies(folder: Path, tmp_path: Path) -> None:
    """Arithmetic, seal and derivation of every plan are accepted from its artifacts alone."""
    verdict = verdict_on(scenario_at(folder), planned(folder), tmp_path)
    expected = [(name, "accepted", ()) for name in ("arithmetic", "seal", "derivation")]
    assert expected == [(each.name, each.status, each.refusals) for each in verdict.checks]


@pytest.mark.parametrize(("folder", "rule"), pairs("without"))
def test_without_the_rule_the_plan_is_another(folder: Path, rule: str) -> None:
    """A Violation changes what is done; a Warning sends a line to a person and changes no plan."""
    stated = expected_of(folder)["without"][rule]
    found, here = said(planned_without(folder, rule)), said(planned(folder))
    assert stated == {"lines": found.get("lines", []), "cost_cents": found["cost_cents"]}
    if default_release().rule(RULE + rule).severity == "Violation":
        assert plain(here["lines"]) != plain(found["lines"])
        assert found["cost_cents"] < here["cost_cents"]
    else:
        sent = [line for line in here["lines"] if rule in line.partition(ATTENTION)[2]]
        assert sent
        assert not any(rule in line for line in found["lines"])
        assert plain(here["lines"]) == plain(found["lines"])


@pytest.mark.parametrize(("folder", "rule"), pairs("quarantined"))
def test_without_the_rule_the_row_is_let_in(folder: Path, rule: str) -> None:
    """Each row that a rule on facts sets aside would stand if that rule were not there."""
    scenario = scenario_at(folder)
    release = release_without(rule, *FACT_FILES)
    table = hold_to_rules(release, scenario.fed, EMPTY).quarantined
    left = {f"{file} row {row}" for file, row in zip(table["file"], table["row"], strict=True)}
    assert set() == left & set(expected_of(folder)["quarantined"][rule])


def test_every_rule_of_the_release_has_a_scenario() -> None:
    """Rules on movements, stock and plans change or flag one; rules on facts set a row aside."""
    stated = [expected_of(folder) for folder in FOLDERS]
    changed = {rule for each in stated for rule in each.get("without", {})}
    refused = {
        rule for each in stated for rule in each.get("quarantined", {}) if not rule.isupper()
    }
    planning = {c.rule.iri for c in default_release().compiled if c.target in PLAN_TARGETS}
    assert planning == {RULE + rule for rule in changed}
    assert {rule.iri for rule in default_release().rules} - planning == {RULE + r for r in refused}


def test_every_line_filter_has_a_scenario() -> None:
    """Both pay-back knobs close a line somewhere; the penalty of going back is a third folder."""
    stated = [expected_of(folder) for folder in FOLDERS]
    closing = {name for each in stated for name in each.get("after_flow", ())}
    assert {"line_days_between_shipments", "lateral_pay_back_days"} <= closing
    assert "reverse_move_penalty_micros" in (HERE / "back-and-forth" / "README.md").read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_person_can_read_it(folder: Path) -> None:
    """A folder is small, and its story states the cost in bold, as `expected.json` does."""
    story = (folder / "README.md").read_text()
    cost = expected_of(folder)["cost_cents"]
    assert cost in [int(text.replace(",", "")) for text in re.findall(r"\*\*([\d,]+)\*\*", story)]
    assert f"[{folder.name}]({folder.name}/)" in (HERE / "README.md").read_text()
    longest = max(len(path.read_text().splitlines()) for path in folder.glob("*.csv"))
    assert longest <= (MOST_ROWS + 1)
