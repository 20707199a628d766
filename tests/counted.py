"""Counted stock as a source delivers it: one small file, and the mapping that reads it."""

from collections.abc import Iterable
from pathlib import Path

HEADER = "item,location,lot,units,counted"
BY_DAY = "effective: counted_on"
FULL = f"{BY_DAY}\n    mode: full"
PLAIN = "mode: changes"
MAPPING = """
format: evenkeel-mapping/1
chain: CHAIN
source: SOURCE
version: 1
known: [Item, Location]
files:
FILES
  - file: stock.csv
    optional: true
    MODE
    principal:
      class: StockPosition
      fields:
        item: item
        location: location
        lot: lot
        on_hand_units: units
        total_units: units
        counted_on: counted
DERIVED
"""


def mapping_text(
    chain: str, source: str = "wms", mode: str = BY_DAY, *, files: str = "", derived: str = ""
) -> str:
    """The mapping of `stock.csv` in a mode, after other `files`, with what is `derived` of it."""
    text = MAPPING.replace("CHAIN", chain).replace("SOURCE", source).replace("MODE", mode)
    return text.replace("FILES\n", files).replace("DERIVED\n", derived)


def write_counts(folder: Path, lines: Iterable[str], mapping: str) -> tuple[list[Path], Path]:
    """The file of some lines and its mapping, in a folder that is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stock.csv").write_text("\n".join([HEADER, *lines]))
    (folder / "mapping.yaml").write_text(mapping)
    return [folder / "stock.csv"], folder / "mapping.yaml"
