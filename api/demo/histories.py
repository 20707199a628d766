"""The demo's chapters on real histories: what their cells mean, lead times, demand, service."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from api.output import plain
from api.screen import drawing

if TYPE_CHECKING:
    from graph.progress import Progress
    from ontology.columns import Snapshot
    from service.forecast import ForecastMade
    from service.house import House
    from service.kpis.value import Kpi

SHOWN = 8


@dataclass(frozen=True)
class History:
    """A real history as it was loaded, with what can be counted in it."""

    name: str
    feed: drawing.Row
    snapshot: "Snapshot"
    figures: "list[Kpi]"
    made: "ForecastMade | None"


def live(house: "House", name: str, progress: "Progress") -> History:
    """Load a history, forecast it where it has demand, and count."""
    from service.examples import example_named, load_example
    from service.forecast import make_forecast
    from service.kpis.figures import chain_kpis

    chain = example_named(name).chain
    progress(f"{name}: loading", 0, 0)
    synced = load_example(house, name)
    made = None
    if synced.summary["records"].get("DemandObservation"):
        progress(f"{name}: forecasting", 0, 0)
        made = make_forecast(house, chain)
    progress(f"{name}: counting", 0, 0)
    return History(name, synced.summary, house.facts(chain), chain_kpis(house, chain), made)


def document_of(history: History) -> drawing.Row:
    """A history as plain data for `--json`."""
    from api.commands.kpi import kpi_document

    return {
        "example": history.name,
        "feed": history.feed,
        "figures": [kpi_document(kpi) for kpi in history.figures],
        "forecast": dict(history.made.counts) if history.made else None,
    }


def tell(screen: Console, history: History) -> None:
    """The chapter, section by section."""
    from api.demo.sections import head, tell_loaded

    screen.rule(Text(history.name, style="bold"), characters="=", align="left")
    tell_loaded(screen, history.feed)
    if len(history.snapshot.table("DeliveryLine")):
        head(screen, "What the words in its cells mean", "A cell that says where the number is, or "
             "why there is none, is no bad cell.")  # fmt: skip
        _meanings(screen, history.snapshot)
        head(screen, "How long suppliers take", "A lead time is a distribution, and its sample "
             "size says how far to trust it.")  # fmt: skip
        _lead_times(screen, history.snapshot)
    if history.made is not None:
        head(screen, "What the demand model says", "Quantiles with a version, and days that it was "
             "fitted to.")  # fmt: skip
        counts = history.made.counts
        screen.print(f"{counts['observations']:,} observations, {counts['pairs']:,} places and "
                     f"items, {counts['quantiles']:,} quantiles by {history.made.model} from "
                     f"{history.made.starts_on} on.")  # fmt: skip
    head(screen, "Its key figures", "What cannot be computed says what is missing; it is never 0.")
    _figures(screen, history.figures)


def _meanings(screen: Console, snapshot: "Snapshot") -> None:
    lines = snapshot.table("DeliveryLine")
    made = drawing.table("of each line", "says", "lines", numbers=["lines"])
    for field in ("weight_basis", "freight_basis", "ordered_status"):
        words, counts = np.unique(lines[field].astype(str), return_counts=True)
        for word, number in sorted(zip(words, counts, strict=True), key=lambda e: -e[1]):
            drawing.add(made, field.replace("_", " "), word, f"{number:,}")
    screen.print(made)


def _lead_times(screen: Console, snapshot: "Snapshot") -> None:
    table = snapshot.table("LeadTimeOutcome")
    made = drawing.table("subject", "sample", "half within, days", "nine of ten within",
                         numbers=["sample", "half within, days", "nine of ten within"])  # fmt: skip
    sizes = dict(zip(table["subject"], table["sample_size"].tolist(), strict=True))
    for subject in sorted(sizes, key=lambda name: (-sizes[name], name))[:SHOWN]:
        rows = np.flatnonzero(table["subject"] == subject)
        days, weight = table["lead_time_days"][rows], table["weight"][rows]
        order = np.argsort(days)
        upto = np.cumsum(weight[order]) / weight.sum()
        half, most = (int(days[order][np.searchsorted(upto, p)]) for p in (0.5, 0.9))
        drawing.add(made, plain(subject), f"{sizes[subject]:,}", f"{half:,}", f"{most:,}")
    screen.print(made)


def _figures(screen: Console, figures: "list[Kpi]") -> None:
    from api.commands.kpi import grouped

    made = drawing.table("figure", "value", "unit", "rows", numbers=["value", "rows"])
    for kpi in figures:
        if not kpi.reason:
            drawing.add(made, kpi.definition.title, grouped(kpi.text), kpi.unit,
                        f"{kpi.row_count:,}")  # fmt: skip
    screen.print(made)
    lacking = [kpi.definition.title for kpi in figures if kpi.reason]
    if lacking:
        screen.print(f"Not computable here: {', '.join(lacking)}.")
