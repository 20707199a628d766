"""What `compare` prints: readable in 80 columns and without colour, exact as JSON, honest."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from api.command_line import main
from api.commands.compare import FIGURES, bars, difference, setting, show_comparison
from api.screen.plots import COST_PARTS
from graph.login import Connection
from rules.release import default_release
from service.compare import Comparison, Method, OrdersMethod, compare_on
from service.decision import PlanRequest
from service.house import House
from solver.rivals.heuristics import GREEDY, MIN_MAX, Parameters
from solver.rivals.tuning import Tuned
from tests.solver import two_hubs
from tests.solver.forecasts import random_forecast
from tests.solver.planning import random_orders

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def hubs() -> Comparison:
    """The comparison of two_hubs, made without a database."""
    return compare_on(two_hubs.snapshot(), default_release(), PlanRequest("two_hubs"))


def drawn(found: Comparison, width: int, *, terminal: bool = False) -> str:
    """What a screen of that width shows."""
    file = StringIO()
    screen = Console(file=file, width=width, markup=False, emoji=False, highlight=False,
                     force_terminal=terminal, no_color=True, color_system=None)  # fmt: skip
    show_comparison(screen, found)
    return file.getvalue()


def test_it_reads_in_80_and_160_columns(hubs: Comparison) -> None:
    """No line is wider than the screen, and the methods stand in their order."""
    forecast = compare_on(random_forecast(4, items=3), default_release(), PlanRequest("x"))
    for found in (hubs, forecast):
        for width in (80, 160):
            text = drawn(found, width)
            assert max(map(len, text.splitlines())) <= width
            title = next(line for line in text.splitlines() if "min-max" in line)
            places = [title.index(name) for name in ("do nothing", "min-max", "greedy", "plan")]
            assert sorted(places) == places


def test_the_table_says_what_the_methods_cost(hubs: Comparison) -> None:
    """Costs of two_hubs, the best marked, and the difference to the best of the others."""
    lines = drawn(hubs, 100).splitlines()
    cost = next(line for line in lines if "expected cost" in line)
    assert ["24.28", "15.31"] == [cost.split()[2], cost.split()[-1]]
    assert 1 == sum(line.rstrip().endswith("plan *") for line in lines)
    assert not any("far days" in line for line in lines)
    saved = (hubs.saved_cents or 0) / 100
    assert any(f"{saved:.2f} EUR" in line and "less than" in line for line in lines)


def test_ways_used_and_lines_are_told_apart(hubs: Comparison) -> None:
    """The plan's ways beside the lines that `show` counts, by kind; the parts have one name."""
    text = " ".join(drawn(hubs, 80).split())
    assert "The plan's 3 ways are in 3 lines of `evenkeel show` (purchase 1, transfer 2)." in text
    many = compare_on(random_forecast(4, items=3), default_release(), PlanRequest("x"))
    plan = many.methods[-1]
    assert isinstance(plan, Method)
    assert plan.first_day_lines + many.plan_lines.get("purchase", 0) <= sum(
        many.plan_lines.values()
    )
    names = [title.strip() for title, *_ in FIGURES]
    assert set(names) >= {"movements, all days", "fixed costs of lines", "purchase premium"}
    assert set(names) >= set(COST_PARTS.values())


def test_bars_are_blocks_on_a_terminal_and_ascii_elsewhere(hubs: Comparison) -> None:
    """A file or pipe gets `#`, a terminal that writes UTF-8 gets blocks."""
    assert ("█" in drawn(hubs, 80), "#" in drawn(hubs, 80)) == (False, True)
    assert "#" not in drawn(hubs, 80, terminal=True).replace("# ", "")


def test_bars_are_as_long_as_their_amounts() -> None:
    """Ten columns for the most, half of it in half the columns, none below zero."""
    amounts = {"a": 2000, "bb": 1000, "c": 250, "d": -5}
    assert [
        "a  ########## 20.00", "bb ##### 10.00", "c  # 2.50", "d   -0.05"
    ] == bars(amounts, 2 + 10 + 5 + 2, blocks=False)  # fmt: skip
    assert "c  █▎ 2.50" == bars(amounts, 19, blocks=True)[2]
    assert ["x  0.00"] == bars({"x": 0}, 40, blocks=True)


def test_the_difference_is_said_whichever_way_it_goes(hubs: Comparison) -> None:
    """Less, as much, and more: the sentence follows the sign."""
    rival = replace(hubs, best_rival="greedy")
    assert difference(replace(rival, saved_cents=-150, saved_per_million=-12_000)) == (
        "The plan costs 1.50 EUR (1.2 %) more than the best of the others, greedy."
    )
    assert difference(replace(rival, saved_cents=0, saved_per_million=0)) == (
        "The plan costs as much as the best of the others, greedy."
    )


def test_the_settings_are_printed_with_the_days_they_were_chosen_on() -> None:
    """Tuned: days, tries and cost; untuned: the reason."""
    tuned = Tuned(GREEDY, Parameters(5, 8, 4), 90, date(2026, 2, 18), date(2026, 3, 1), 123_456)
    assert (
        "greedy: from the cheapest surplus, below 5 days of cover up to 8, while the sender keeps "
        "4 days; the best of 90 settings on 2026-02-18 to 2026-03-01, where it cost 1,234.56"
    ) == setting(tuned)
    untuned = Tuned(MIN_MAX, Parameters(3, 6), untuned_because="there is nothing")
    assert setting(untuned).endswith("; not tuned, since there is nothing")


def test_firm_orders_are_shown_and_not_ranked() -> None:
    """Orders and their costs, no mark, no bars, and why."""
    found = compare_on(random_orders(3), default_release(), PlanRequest("orders"))
    assert all(isinstance(each, OrdersMethod) for each in found.methods)
    text = drawn(found, 80)
    assert ("orders served" in text, "*" in text, "#" in text) == (True, False, False)
    assert "none is marked" in text


@pytest.fixture
def run(
    house: House, connection: Connection, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Runs a command on the shared service; no test adds to its log."""
    named = {"EVENKEEL_HOME": str(house.settings.data_folder), "NEO4J_URI": connection.uri,
             "NEO4J_USER": connection.user, "NEO4J_PASSWORD": connection.password,
             "COLUMNS": "80"}  # fmt: skip
    for name, value in named.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(list(arguments)), *capsys.readouterr()

    return command


def test_the_command_prints_json_and_draws(run: Run, tmp_path: Path, hubs: Comparison) -> None:
    """One JSON document of exact integers equal to the service's answer; and a plot on request."""
    status, text, _ = run("compare", "--chain", "two_hubs", "--json")
    assert 0 == status
    document = json.loads(text)
    assert [each.name for each in hubs.methods] == [each["name"] for each in document["methods"]]
    for said, method in zip(document["methods"], hubs.methods, strict=True):
        assert isinstance(method, Method)
        assert (method.cost_cents, method.gap_scaled) == (said["cost_cents"], said["gap_scaled"])
    assert not any(isinstance(value, float) for each in document["methods"]
                   for value in each.values())  # fmt: skip
    status, text, _ = run("compare", "--plot", str(tmp_path / "costs.svg"))
    assert (0, True) == (status, "expected cost" in text)
    assert "min-max" in (tmp_path / "costs.svg").read_text()


def test_what_cannot_be_compared_is_one_line(run: Run, tmp_path: Path) -> None:
    """An unknown chain, and a plot of no known kind."""
    status, _, error = run("compare", "--chain", "nowhere")
    assert (2, True) == (status, "CHAIN_UNKNOWN" in error)
    status, _, error = run("compare", "--plot", str(tmp_path / "costs.gif"))
    assert (2, True) == (status, "PLOT_FORMAT" in error)
