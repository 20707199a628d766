"""Plots: the same rows give the same bytes, all that is stated is in them, files are whole."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from api.screen.plots import plot_costs, plot_file, plot_flows, plot_frontier, plot_stock
from ontology.errors import EvenkeelError

TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")
STOCK = [
    {"location": f"place {place}", "on": f"2026-03-{day:02}", "stock": 30 - 2 * place - day,
     "arriving_units": 5 if day == 3 else 0, "leaving_units": place if day == 1 else 0}
    for place in range(11) for day in range(1, 15)
]  # fmt: skip
PLACES = [
    {"id": "a&b <c> $x$", "latitude_microdegrees": 49_611_000, "longitude_microdegrees": 6_131_000},
    {"id": "東京", "latitude_microdegrees": 52_520_000, "longitude_microdegrees": 13_405_000},
    {"id": "nowhere", "latitude_microdegrees": None, "longitude_microdegrees": None},
]
FLOWS = [
    {"origin": "東京", "destination": "a&b <c> $x$", "quantity_units": 4_000},
    {"origin": "東京", "destination": "a&b <c> $x$", "quantity_units": 321},
    {"origin": "nowhere", "destination": "東京", "quantity_units": 5},
]
COSTS = [
    {"name": "plan", "holding_cents": 400, "shortage_cents": 100, "purchases_cents": -300},
    {"name": "do_nothing", "holding_cents": 500, "shortage_cents": 900, "lines_cents": 0},
]
POINTS = [
    {"weights": {"service_per_mille": 1000, "carbon_per_mille": weight}, "service_micros": weight,
     "carbon_grams": 5_000 - weight} for weight in (1, 1000)
]  # fmt: skip
DRAW: dict[str, Callable[[Path], Path]] = {
    "stock": lambda path: plot_stock(STOCK, path, "stock of a $b$"),
    "flows": lambda path: plot_flows(PLACES, FLOWS, path, "transfers"),
    "costs": lambda path: plot_costs(COSTS, path, currency="EUR"),
    "frontier": lambda path: plot_frontier(POINTS, ("service", "carbon"), path, "a $b$", "EUR"),
    "no points": lambda path: plot_frontier([], ("service", "carbon"), path, "none"),
    "no rows": lambda path: plot_costs([], path),
    "no flows": lambda path: plot_flows(PLACES, [], path, "none"),
    "no days": lambda path: plot_stock([], path, "none"),
}


def texts(path: Path) -> set[str]:
    return set(map(unescape, TEXT.findall(path.read_text("utf-8"))))


@pytest.mark.parametrize("suffix", [".svg", ".png"])
@pytest.mark.parametrize("name", DRAW)
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, name: str, suffix: str) -> None:
    """Law 8: drawn twice, the files are equal; no date and no name of a program is in them."""
    first, second = (DRAW[name](tmp_path / f"{n}{suffix}").read_bytes() for n in (1, 2))
    assert first == second
    assert (b"\x89PNG" if suffix == ".png" else b"<?xml") == first[: 4 if suffix == ".png" else 5]
    assert b"http://matplotlib" not in first.lower()
    assert b"https://matplotlib" not in first.lower()


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    """Neither the hash seed nor a user's own settings of the library are an input."""
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nlines.linewidth: 9\n")
    code = """
import sys
from pathlib import Path
from tests.api.test_plots import DRAW
for name in ("stock", "flows", "costs"):
    DRAW[name](Path(sys.argv[1], name + ".svg"))
"""
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        more = {"PYTHONHASHSEED": seed, "MATPLOTLIBRC": str(tmp_path), "HOME": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code, folder], check=True, env=os.environ | more)
    for name in ("stock", "flows", "costs"):
        own = DRAW[name](tmp_path / f"{name}.svg").read_bytes()
        for seed in ("1", "2"):
            assert own == (tmp_path / seed / f"{name}.svg").read_bytes()


def test_all_that_is_stated_is_drawn(tmp_path: Path) -> None:
    """Names stand as they are, ways are summed, and what has no coordinates is counted."""
    found = texts(DRAW["flows"](tmp_path / "flows.svg"))
    assert {"a&b <c> $x$", "東京", "4,321", "transfers"} <= found
    assert any("1 of 2 ways" in text for text in found)
    assert not any("nowhere" in text for text in found)


def test_the_smallest_places_are_one_curve(tmp_path: Path) -> None:
    """Of eleven places seven have a curve of their own, the others one together."""
    found = texts(DRAW["stock"](tmp_path / "stock.svg"))
    assert {"stock of a $b$", "place 0", "place 6", "4 others", "arriving", "leaving"} <= found
    assert "place 7" not in found


def test_only_costs_that_occur_are_named(tmp_path: Path) -> None:
    """A part that is nothing in every row is left out of the legend."""
    found = texts(DRAW["costs"](tmp_path / "costs.svg"))
    assert {"plan", "do nothing", "holding", "shortage", "purchase premium", "EUR"} <= found
    assert not {"fixed costs of lines", "movements, all days"} & found


def test_bars_differ_without_colour(tmp_path: Path) -> None:
    """Every colour of every plot is a shade of grey."""
    for name in ("stock", "flows", "costs"):
        text = DRAW[name](tmp_path / f"{name}.svg").read_text("utf-8")
        colours = {part[:6] for part in text.split("#")[1:] if part[6:7] in {'"', ";", "<"}}
        assert all(c[:2] == c[2:4] == c[4:] for c in colours if set(c) <= set("0123456789abcdef"))


HUGE = 2**63 * 10**6
ODD = "half \ud800 \x00 a pair"


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_any_number_and_any_name_can_be_drawn(tmp_path: Path, suffix: str) -> None:
    """Flows of nothing, units beyond 64 bits and names that no file can hold give a whole plot."""
    places = [PLACES[0], PLACES[1] | {"id": ODD}]
    for units in (0, HUGE):
        way = {"origin": ODD, "destination": PLACES[0]["id"], "quantity_units": units}
        plot_flows(places, [way, FLOWS[0]], tmp_path / f"flows{suffix}", ODD)
        plot_flows(places, [way], tmp_path / f"alone{suffix}", ODD)
        row = {"location": ODD, "on": "2026-03-02", "stock": units, "arriving_units": units,
               "leaving_units": units}  # fmt: skip
        plot_stock([row], tmp_path / f"stock{suffix}", ODD)
        plot_costs([{"name": ODD, "holding_cents": units, "shortage_cents": -units}],
                   tmp_path / f"costs{suffix}", ODD, ODD)  # fmt: skip
    assert 4 == len(list(tmp_path.iterdir()))
    if suffix == ".svg":
        shown = "half \ufffd \ufffd a pair"
        assert {shown, f"{HUGE:,}"} <= texts(tmp_path / "alone.svg")
        assert shown in texts(tmp_path / "stock.svg")


def test_nothing_in_the_folder_is_written_through(tmp_path: Path) -> None:
    """A link that lies where a half-written plot might stand is left alone, and so is its end."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "plots"
    folder.mkdir()
    path = folder / "x.svg"
    for name in (f".x.svg.{os.getpid()}", "x.svg", ".x.svg", "x.svg.half", ".evenkeel-"):
        (folder / name).symlink_to(victim)
    plot_costs(COSTS, path)
    assert "mine" == victim.read_text()
    assert not path.is_symlink()
    assert 5 == len(list(folder.iterdir()))
    mask = os.umask(0o022)
    os.umask(mask)
    assert 0o666 & ~mask == path.stat().st_mode & 0o777


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another suffix": (lambda folder: plot_costs(COSTS, folder / "x.pdf"), "PLOT_FORMAT"),
    "no suffix": (lambda folder: plot_file(folder / "x"), "PLOT_FORMAT"),
    "no folder": (lambda folder: plot_file(folder / "none" / "x.svg"), "PLOT_FOLDER"),
    "a folder": (lambda folder: plot_costs(COSTS, taken(folder)), "PLOT_NOT_WRITTEN"),
    "too many digits": (
        lambda folder: plot_costs([{"name": "x", "holding_cents": 10**400}], folder / "x.svg"),
        "PLOT_RANGE"),
    "no coordinates": (
        lambda folder: plot_flows(PLACES[2:], [], folder / "x.svg", ""), "PLOT_NO_COORDINATES"),
}  # fmt: skip


def taken(folder: Path) -> Path:
    (folder / "x.svg").mkdir()
    return folder / "x.svg"


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_has_a_code(tmp_path: Path, case: str) -> None:
    """A refusal has a code and a hint, and leaves nothing in the folder."""
    draw, code = REFUSED[case]
    with pytest.raises(EvenkeelError) as refusal:
        draw(tmp_path)
    assert (code, True) == (refusal.value.code, bool(refusal.value.hint))
    assert [] == [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """A plot takes the place of an older file, and nothing else is left beside it."""
    path = tmp_path / "x.svg"
    path.write_text("older")
    plot_costs(COSTS, path)
    assert ["x.svg"] == [found.name for found in tmp_path.iterdir()]
    assert "svg" in path.read_text("utf-8")
