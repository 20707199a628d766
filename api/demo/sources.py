"""The demo's chapter on sources that err: repeats, a row mended, late news, two words."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from api.output import plain
from api.screen import drawing
from api.screen.amounts import count

if TYPE_CHECKING:
    from graph.progress import Progress
    from service.house import House
    from service.intake.sync import Synced
    from service.stewardship.mending import Settled
    from service.stewardship.reconcile import Comparison
    from service.stewardship.settle import Settled as Agreed

NAME = "sources"
CHAIN = "demo_sources"
AGENT = "demo"
_MAPPING = """
format: evenkeel-mapping/1
chain: demo_sources
source: {source}
version: 1
known: [Item, Location]
constants:
  - class: Source
    fields: {{id: {{constant: erp}}, priority: {{constant: 200}}}}
files:
  - file: stock.csv
    effective: counted_on
    principal:
      class: StockPosition
      fields: {{item: item, location: location, on_hand_units: units, total_units: units,
               counted_on: counted_on}}
    derived:
      - class: Item
        fields: {{id: item}}
      - class: Location
        fields: {{id: location, kind: {{constant: hub}}}}
"""
FIRST = ("bolt,north,1200,2026-03-03", "nut,north,twelve hundred,2026-03-03",
         "washer,south,300,2026-03-03")  # fmt: skip
OTHER_BODY = ("bolt,north,1300,2026-03-03",)
LATE = ("bolt,north,900,2026-03-01",)
OTHER_SOURCE = ("bolt,north,100,2026-03-03", "nut,north,1200,2026-03-03",
                "washer,south,290,2026-03-03")  # fmt: skip
BETWEEN = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOUBTED = "washer"


@dataclass(frozen=True)
class Sources:
    """What was lived through, in its order."""

    first: "Synced"
    again: "Synced"
    refused: str
    mended: "Settled"
    late: "Synced"
    stock: tuple[tuple[str, int | None], ...]
    compared: "Comparison"
    agreed: "Agreed"


def live(house: "House", progress: "Progress") -> Sources:
    """Two sources deliver; told again it replays, and every answer is the first one."""
    from ontology.errors import InputError
    from service.house import AsOf
    from service.stewardship.quarantine import fix
    from service.stewardship.reconcile import compare_sources
    from service.stewardship.settle import accept

    progress(f"{NAME}: delivering", 0, 0)
    first, again = (_sent(house, "wms", "count-1", FIRST) for _ in range(2))
    refused = ""
    try:
        _sent(house, "wms", "count-1", OTHER_BODY)
    except InputError as error:
        refused = f"{error} [{error.code}]"
    known = first.summary["event"]
    mended = fix(house, known, 1, {"units": "1200"}, agent=AGENT, reason="read off the shelf")
    late = _sent(house, "wms", "count-0", LATE)
    stock = tuple(
        (words, _bolts(house, as_of))
        for words, as_of in (
            ("now", AsOf()),
            ("on 2 March, as was known before", AsOf(BETWEEN, late.summary["event"] - 1)),
            ("on 2 March, as is known now", AsOf(BETWEEN)),
        )
    )
    _sent(house, "erp", "export-1", OTHER_SOURCE)
    compared = compare_sources(house, CHAIN, ("wms", "erp"))
    both = (*compared.found.differences, *compared.settled)
    differs = next(one.key for one in both if one.place[0] == DOUBTED)
    agreed = accept(house, CHAIN, ("wms", "erp"), differs, "wms", "counted twice", AGENT)
    return Sources(first, again, refused, mended, late, stock, compared, agreed)


def _sent(house: "House", source: str, name: str, rows: tuple[str, ...]) -> "Synced":
    from service.intake.deliveries import Delivery
    from service.intake.sync import sync

    with tempfile.TemporaryDirectory() as folder:
        file, mapping = Path(folder) / "stock.csv", Path(folder) / "mapping.yaml"
        file.write_text("\n".join(("item,location,units,counted_on", *rows)), encoding="utf-8")
        mapping.write_text(_MAPPING.format(source=source), encoding="utf-8")
        return sync(house, [file], mapping, Delivery(AGENT, name))


def _bolts(house: "House", as_of: Any) -> int | None:
    table = house.facts(CHAIN, as_of).table("StockPosition")
    rows = (table["item"] == "bolt").nonzero()[0]
    return int(table["on_hand_units"][rows[0]]) if len(rows) else None


def document_of(lived: Sources) -> drawing.Row:
    """The chapter as plain data for `--json`."""
    return {
        "example": NAME,
        "feed": lived.first.summary,
        "replayed": lived.again.replayed,
        "refused": lived.refused,
        "mended_by_event": lived.mended.event,
        "bolts": dict(lived.stock),
        "differences": [
            {"position": one.key, "units": list(one.units), "cause": one.cause.name}
            for one in (*lived.compared.found.differences, *lived.compared.settled)
        ],
        "agreed_by_event": lived.agreed.event.sequence,
    }


def tell(screen: Console, lived: Sources) -> None:
    """The chapter, section by section."""
    from api.demo.sections import head, tell_loaded

    screen.rule(Text(NAME, style="bold"), characters="=", align="left")
    tell_loaded(screen, lived.first.summary)
    head(screen, "The same again, and something else under its name",
         "A sender that hears nothing sends again: nothing may act twice.")  # fmt: skip
    screen.print(f"Sent again: the answer is event {lived.again.summary['event']}, as before.")
    screen.print(f"Something else: {plain(lived.refused)}")
    head(screen, "The row that was set aside, mended by a person",
         "It goes through the mapping, rules and gates again, and counts as of its "
         "own day.")  # fmt: skip
    screen.print(f"{count(len(lived.mended.numbers), 'row')} {lived.mended.state} by event "
                 f"{lived.mended.event}; reason and person stand in the log.")  # fmt: skip
    head(screen, "A count of 1 March that comes last",
         "It changes what is answered for the past, not what was known then, nor the "
         "present.")  # fmt: skip
    made = drawing.table("bolts at north", "units", numbers=["units"])
    for words, units in lived.stock:
        drawing.add(made, words, "not known" if units is None else f"{units:,}")
    screen.print(made)
    _tell_compared(screen, lived)


def _tell_compared(screen: Console, lived: Sources) -> None:
    from api.demo.sections import head
    from api.screen.reconciled import differences_table

    head(screen, "The same stock as another source tells it",
         "Each source by its own deliveries alone; what differs gets a cause or a "
         "person.")  # fmt: skip
    both = sorted((*lived.compared.found.differences, *lived.compared.settled),
                  key=lambda one: one.key)  # fmt: skip
    screen.print(differences_table(both, lived.compared.sources))
    choice = lived.agreed.choices[0]
    screen.print(f"{plain(choice.difference.key)}: {choice.units:,} units stand, the word of "
                 f"{choice.source}, by event {lived.agreed.event.sequence}.")  # fmt: skip
