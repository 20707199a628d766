"""A section of the demo: a count that corrects stock, tried before it is loaded."""

import tempfile
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from api.demo.sections import head
from api.screen import fact_changes

if TYPE_CHECKING:
    from graph.facts import StatedFact
    from service.house import House

Row = dict[str, Any]
_MAPPING = """
format: evenkeel-mapping/1
chain: {chain}
source: stock-count
version: 1
known: [Item, Location]
as_of: {day}
files:
  - file: recount.csv
    effective: counted_on
    principal:
      class: StockPosition
      fields: by_header
"""


def live(house: "House", chain: str, line: Row | None, facts: "Iterable[StatedFact]") -> Row | None:
    """What a count of the next day would change that finds nothing where a line takes from.

    A dry run: nothing is loaded. None where the line takes nothing that was counted.
    """
    from service.intake.deliveries import Delivery
    from service.intake.sync import sync

    counted = [fact.record for fact in facts if fact.class_name == "StockPosition"]
    taken = [one for one in counted if line and one.location == line.get("origin")]
    found = next((one for one in taken if one.counted_on and one.on_hand_units), None)
    if found is None:
        return None
    day: date = found.counted_on + timedelta(days=1)
    lot = f"{found.item},{found.location},{found.lot or ''}"
    with tempfile.TemporaryDirectory() as folder:
        rows, mapping = Path(folder) / "recount.csv", Path(folder) / "recount.yaml"
        rows.write_text("item,location,lot,on_hand_units,total_units,counted_on\n"
                        f"{lot},0,0,{day}\n", encoding="utf-8")  # fmt: skip
        mapping.write_text(_MAPPING.format(chain=chain, day=day), encoding="utf-8")
        return sync(house, [rows], mapping, Delivery("demo"), dry_run=True).summary


def tell(screen: Console, summary: Row) -> None:
    """The facts and the lines that would change."""
    why = "A delivery is tried first: the same steps up to the writing, and the plan made again."
    head(screen, "A count that finds nothing there, before it is loaded", why)
    fact_changes.show(screen, summary)
