"""Plots as PNG or SVG files from plain rows: the same rows give the same bytes."""

import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from math import cos, radians
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import plain
from api.screen.cost_names import HOLDING, LINE_COST, MOVEMENTS, PREMIUM, SHORTAGE
from api.screen.labels import placed
from ontology.errors import InputError, OutsideError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
Spot = tuple[float, float]
SUFFIXES = (".png", ".svg")
MOST_CURVES = 8
MOST_NAMED_FLOWS = 12
MOST_TICKS = 8
BEND = 0.12
ON_THE_WAY = (0.35, 0.45, 0.55, 0.25, 0.65, 0.75)
"""Where the number of a way may stand, as parts of the way."""
MOST_DRAWN = 10**100
"""Beyond it, numbers that are added up or scaled for an axis would leave the range of a float."""
GREY = "0.45"
_LINES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D", "v", "x", "*", "+")
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo")

PlotFile = Annotated[
    Path | None, typer.Option("--plot", help="Draw it into this file, .png or .svg.")
]


def plot_file(path: Path) -> Path:
    """The path, if a plot can be asked of it; raises InputError `PLOT_FORMAT`, `PLOT_FOLDER`."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"`{path.name}` is no name of a plot", code="PLOT_FORMAT",
                         hint="end it in .png or .svg")  # fmt: skip
    if not path.parent.is_dir():
        raise InputError(f"there is no folder `{path.parent}`", code="PLOT_FOLDER",
                         hint="make it first, or name another file")  # fmt: skip
    return path


def plot_stock(rows: Sequence[Row], path: Path, title: str) -> Path:
    """Stock over time, a curve for each place, above what arrives and leaves in all of them.

    Rows: `location`, `on` (ISO day), `stock` (units, any number), `arriving_units`,
    `leaving_units`. Beyond eight places, those with the least stock are one curve.
    """
    days = sorted({str(row["on"]) for row in rows})
    x = list(range(len(days)))
    with _drawn(path, 8, 6) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        for number, (name, levels) in enumerate(_curves(rows, days).items()):
            upper.plot(x, levels, color="black", label=plain(name), markersize=4, linewidth=1.2,
                       linestyle=_LINES[number % len(_LINES)],
                       marker=_MARKS[number % len(_MARKS)])  # fmt: skip
        upper.axhline(0, color=GREY, linewidth=0.8)
        upper.set(title=plain(title), ylabel="units at day's end")
        upper.legend(fontsize=8, frameon=False)
        _bars_of_days(lower, rows, days)
        step = max(1, -(-len(x) // MOST_TICKS))
        lower.set_xticks(x[::step])
        lower.set_xticklabels([_short(day) for day in days[::step]])
    return path


def _curves(rows: Sequence[Row], days: list[str]) -> dict[str, list[float]]:
    """Levels by place, most stock first, the rest as one."""
    place = {day: number for number, day in enumerate(days)}
    levels: dict[str, list[float]] = {}
    for row in rows:
        curve = levels.setdefault(str(row["location"]), [0.0] * len(days))
        curve[place[str(row["on"])]] = _height(row["stock"])
    names = sorted(levels, key=lambda name: (-sum(map(abs, levels[name])), name))
    kept = names if len(names) <= MOST_CURVES else names[: MOST_CURVES - 1]
    found = {name: levels[name] for name in kept}
    rest = [levels[name] for name in names[len(kept) :]]
    if rest:
        found[f"{len(rest)} others"] = [sum(values) for values in zip(*rest, strict=True)]
    return found


def _bars_of_days(axes: "Axes", rows: Sequence[Row], days: list[str]) -> None:
    for name, sign, hatch in (("arriving", 1, ""), ("leaving", -1, "///")):
        totals = dict.fromkeys(days, 0)
        for row in rows:
            totals[str(row["on"])] += int(row[f"{name}_units"])
        heights = [_height(sign * totals[day]) for day in days]
        axes.bar(range(len(days)), heights, label=name, hatch=hatch,
                 facecolor=GREY if sign > 0 else "white", edgecolor="black", width=0.6)  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(ylabel="units")
    axes.legend(fontsize=8, frameon=False, ncols=2)


def plot_flows(places: Sequence[Row], flows: Sequence[Row], path: Path, title: str) -> Path:
    """Places by longitude and latitude, and an arrow for each flow, as wide as it has units.

    Places: `id`, `latitude_microdegrees`, `longitude_microdegrees` (None: not drawn). Flows:
    `origin`, `destination`, `quantity_units`; those of one way are summed, and those with an end
    that has no coordinates are counted below the plot. Raises InputError `PLOT_NO_COORDINATES`.
    """
    spots = {
        str(row["id"]): (row["longitude_microdegrees"] / 1e6, row["latitude_microdegrees"] / 1e6)
        for row in places
        if row["latitude_microdegrees"] is not None and row["longitude_microdegrees"] is not None
    }
    if not spots:
        raise InputError("no location states its coordinates", code="PLOT_NO_COORDINATES",
                         hint="load Location rows with latitude and longitude")  # fmt: skip
    units: dict[tuple[str, str], int] = {}
    for row in flows:
        way = (str(row["origin"]), str(row["destination"]))
        units[way] = units.get(way, 0) + int(row["quantity_units"])
    drawn = {way: count for way, count in units.items() if spots.keys() >= set(way)}
    lost = len(units) - len(drawn)
    with _drawn(path, 8, 7) as figure:
        axes = figure.subplots()
        busy = {end for way in drawn for end in way}
        axes.margins(0.1)
        _dots(axes, spots, busy)
        named = _arrows(axes, spots, drawn)
        middle = sum(latitude for _, latitude in spots.values()) / len(spots)
        axes.set_aspect(1 / max(0.1, cos(radians(middle))), adjustable="datalim")
        note = f"\nnot drawn, for want of coordinates: {lost} of {len(units)} ways" if lost else ""
        axes.set(title=plain(title), xlabel=f"degrees east{note}", ylabel="degrees north")
        _labels(figure, axes, spots, busy, named)
    return path


def _dots(axes: "Axes", spots: Mapping[str, Spot], busy: set[str]) -> None:
    for name, (x, y) in sorted(spots.items()):
        axes.plot([x], [y], marker="o", color="black", linestyle="", zorder=3,
                  markersize=5 if name in busy else 3,
                  markerfacecolor="black" if name in busy else "white")  # fmt: skip


def _arrows(
    axes: "Axes", spots: Mapping[str, Spot], units: Mapping[tuple[str, str], int]
) -> list[tuple[str, list[Spot]]]:
    """An arrow for each way, the wider the more; the texts of the largest, and where they may be.

    The ways are bent, so a text stands on the bend: that of the way back is on the other side.
    """
    most = max([1.0, *map(_height, units.values())])
    ordered = sorted(units.items(), key=lambda pair: (-pair[1], pair[0]))
    named = []
    for number, ((origin, destination), count) in enumerate(ordered):
        begin, end = spots[origin], spots[destination]
        axes.annotate("", xy=end, xytext=begin, arrowprops={
            "arrowstyle": "-|>", "color": "black", "alpha": 0.7, "shrinkA": 5, "shrinkB": 5,
            "linewidth": 0.6 + 4.4 * _height(count) / most, "connectionstyle": f"arc3,rad={BEND}",
        })  # fmt: skip
        if number < MOST_NAMED_FLOWS:
            named.append((f"{count:,}", [_along(begin, end, part) for part in ON_THE_WAY]))
    return named


def _along(begin: Spot, end: Spot, part: float) -> Spot:
    """A point of the bent way: a parabola whose top is half of `BEND` of its length aside."""
    across, along = end[0] - begin[0], end[1] - begin[1]
    aside = 2 * BEND * part * (1 - part)
    return begin[0] + part * across + aside * along, begin[1] + part * along - aside * across


def _labels(
    figure: "Figure", axes: "Axes", spots: Mapping[str, Spot], busy: set[str],
    named: Sequence[tuple[str, list[Spot]]],
) -> None:  # fmt: skip
    """Names beside their places and numbers on their ways, apart from each other."""
    figure.draw_without_rendering()  # only now is it known where a degree is
    to_pixels, pixels = axes.transData.transform, figure.dpi / 72
    order = sorted(spots, key=lambda name: (name not in busy, name))
    texts = [axes.annotate(plain(name), spots[name], fontsize=7,
                           color="black" if name in busy else GREY) for name in order]  # fmt: skip
    texts += [axes.annotate(text, where[0], fontsize=7, zorder=4, bbox={
        "boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8,
    }) for text, where in named]  # fmt: skip
    boxes = [text.get_window_extent() for text in texts]
    where = [[tuple(to_pixels(at) / pixels) for at in points]
             for points in ([spots[name]] for name in order)]  # fmt: skip
    where += [[tuple(to_pixels(at) / pixels) for at in points] for _, points in named]
    left, bottom, right, top = (float(edge / pixels) for edge in axes.bbox.extents)
    dots = [(x - 3, y - 3, x + 3, y + 3) for ((x, y),) in where[: len(order)]]
    sizes = [(box.width / pixels + 2, box.height / pixels + 1) for box in boxes]
    centres = placed(where, sizes, dots, (left, bottom, right, top))
    for text, spot, middle in zip(texts, where, centres, strict=True):
        text.set(ha="center", va="center", in_layout=False)
        text.set_anncoords("offset points")
        text.set_position((middle[0] - spot[0][0], middle[1] - spot[0][1]))


COST_PARTS = {
    "holding_cents": HOLDING, "shortage_cents": SHORTAGE, "transport_cents": MOVEMENTS,
    "lines_cents": LINE_COST, "purchases_cents": PREMIUM,
}  # fmt: skip


def plot_costs(
    rows: Sequence[Row], path: Path, title: str = "expected cost", currency: str = ""
) -> Path:
    """A stacked bar for each row: its parts upwards, and below zero what a part saves.

    Rows: `name`, and whole cents in any of holding_cents, shortage_cents, transport_cents,
    lines_cents, purchases_cents; what a row leaves out counts as none.
    """
    names = [plain(row["name"]).replace("_", " ") for row in rows]
    with _drawn(path, max(6, 1.2 * len(rows) + 3), 5) as figure:
        axes = figure.subplots()
        axes.use_sticky_edges = False
        above, below = [0.0] * len(rows), [0.0] * len(rows)
        for number, (part, label) in enumerate(COST_PARTS.items()):
            heights = [_height(int(row.get(part) or 0)) / 100 for row in rows]
            if not any(heights):
                continue
            under = [low if height < 0 else high
                     for height, low, high in zip(heights, below, above, strict=True)]  # fmt: skip
            axes.bar(range(len(rows)), heights, bottom=under, width=0.6, label=label,
                     hatch=_HATCHES[number], facecolor=str(0.55 + 0.1 * number),
                     edgecolor="black")  # fmt: skip
            above = [top + max(0.0, h) for top, h in zip(above, heights, strict=True)]
            below = [low + min(0.0, h) for low, h in zip(below, heights, strict=True)]
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xticks(range(len(rows)))
        axes.set_xticklabels(names, fontsize=8)
        axes.set(title=plain(title), ylabel=plain(currency) or "money")
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return path


def plot_frontier(
    rows: Sequence[Row], between: Sequence[str], path: Path, title: str, currency: str = ""
) -> Path:
    """One mark for each plan: what it comes to in the one objective, and in the other.

    Rows: `weights`, and the amounts as a frontier states them: micros, grams of carbon.
    """
    with _drawn(path, 7, 5) as figure:
        axes = figure.subplots()
        across, up = ([_objective(row, name) for row in rows] for name in between)
        axes.plot(across, up, color="black", marker="o", markersize=5, linewidth=1.0,
                  linestyle=":")  # fmt: skip
        axes.margins(0.12)
        for row, x, y in zip(rows, across, up, strict=True):
            pair = " : ".join(f"{row['weights'][f'{name}_per_mille']:,}" for name in between)
            axes.annotate(pair, (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8)
        units = ["kg CO2e" if name == "carbon" else plain(currency) or "money" for name in between]
        axes.set(title=plain(title), xlabel=f"{between[0]}, {units[0]}",
                 ylabel=f"{between[1]}, {units[1]}")  # fmt: skip
    return path


def _objective(row: Row, name: str) -> float:
    """Money in whole units of a currency, or kilograms."""
    if name == "carbon":
        return _height(row["carbon_grams"] or 0) / 1_000
    return _height(row[f"{name}_micros"]) / 1_000_000


def _height(number: Any) -> float:
    """A number as the plot draws it, however many digits it has."""
    if abs(number) > MOST_DRAWN:
        raise InputError("a number has more than 100 digits", code="PLOT_RANGE",
                         hint="count the item in a coarser unit")  # fmt: skip
    return float(number)


def _short(day: str) -> str:
    return f"{date.fromisoformat(day):%d %b}"


@contextmanager
def _drawn(path: Path, width: float, height: float) -> "Iterator[Figure]":
    """A figure that is written when the block ends: whole, or not at all."""
    plot_file(path)
    matplotlib = _matplotlib()
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that the font lacks is a box, not a failure
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "svg.hashsalt": "evenkeel", "svg.fonttype": "none", "text.parse_math": False,
            "axes.unicode_minus": False,
        })  # fmt: skip
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        kind = path.suffix.lower()[1:]
        unsaid = ("Date", "Creator") if kind == "svg" else ("Software",)
        content = BytesIO()
        figure.savefig(content, format=kind, dpi=120, metadata=dict.fromkeys(unsaid))
    _write(path, content.getvalue())


def _matplotlib() -> Any:
    """The library, its caches in a folder that goes again: nothing of a user's is read."""
    import sys

    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    before = os.environ.get("MPLCONFIGDIR")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MPLCONFIGDIR"] = folder
        try:
            import matplotlib as found
            import matplotlib.font_manager  # its list of fonts is kept in that folder

            found.use("Agg")
        finally:
            if before is None:
                del os.environ["MPLCONFIGDIR"]
            else:
                os.environ["MPLCONFIGDIR"] = before
    return found


def _write(path: Path, content: bytes) -> None:
    # A name that nobody can guess, made new: nothing that lies in the folder is written through.
    temporary = path.with_name(f".evenkeel-{secrets.token_hex(8)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        why = (error.strerror or "not writable").lower()
        raise OutsideError(f"cannot write `{path}`: {why}", code="PLOT_NOT_WRITTEN",
                           hint="name a file in a folder that can be written"
                           ) from error  # fmt: skip
