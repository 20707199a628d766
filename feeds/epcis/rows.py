"""What events did, as rows of facts: one sheet per class, a column per field, as in a feed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby

from feeds.epcis.events import AMOUNT, Event, Line, Refused
from feeds.epcis.goods import Catalogue, Ours, Stock, as_named
from feeds.epcis.memory import Withdrawal
from feeds.epcis.resolving import Resolved
from feeds.epcis.yard import AWAY, GONE, Booking, Told, Yard
from feeds.facts.ledger import Refusal
from feeds.formats.sheet import Sheet
from ontology.columns import Snapshot, Table
from ontology.gs1 import identifier_form
from ontology.terms import join_key

HEADERS = {
    "Item": ("id", "base_unit"),
    "Lot": ("id", "item"),
    "Location": ("id", "gln"),
    "StockMovement": ("id", "item", "location", "kind", "quantity_units", "effective_on", "lot",
                      "effective_at_microseconds"),
    "StockPosition": ("item", "location", "lot", "on_hand_units", "unit", "counted_on"),
    "SerialUnit": ("item", "serial", "location"),
    "HandlingUnit": ("sscc", "location", "parent_sscc"),
    "TraceEvent": ("id", "kind", "occurred_at_microseconds", "occurred_on", "action", "step",
                   "disposition", "read_point", "business_location", "parent", "name"),
    "TraceObject": ("event", "role", "thing", "unit", "stated_quantity"),
    "TraceWithdrawal": ("id", "event", "event_name", "occurred_at_microseconds",
                        "declared_at_microseconds", "reason", "corrected_by"),
}  # fmt: skip
"""The sheets of a document by class, in the order in which they refer to each other."""
_AS_SAID = ("TraceEvent", "TraceObject", "TraceWithdrawal")
REFUSED_IN = "StockMovement"
"""The sheet that carries a row for every refused event, so that each is quarantined once."""

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Work:
    """All that a document said and did; `told` and `stands` hold connected older events, too.

    `said(i)` is what the event at place i + 1 says.
    `yard` is the state after all of them, `before` the one after the older ones as told so far.
    What is made of the events has the source's names, the facts `present` have `ours`.
    """

    name: str
    said: Callable[[int], str]
    refused: tuple[Refused, ...]
    events: tuple[Event, ...]
    withdrawals: tuple[tuple[int, Withdrawal], ...]
    catalogue: Catalogue
    yard: Yard
    before: Yard
    told: Mapping[str, Told]
    stands: Mapping[str, Resolved]
    present: Snapshot
    ours: Ours = as_named

    def position(self, stock: Stock, place: str) -> str:
        """The natural key of a stock position among the facts present."""
        item, lot = stock
        lot_of_ours = self.ours("Lot", lot) if lot else None
        return join_key((self.ours("Item", item), self.ours("Location", place), lot_of_ours))

    @property
    def index(self) -> int:
        """The event that stands for what connected older events now do otherwise."""
        told = [event.index for event in self.events] + [at for at, _ in self.withdrawals]
        return min(told, default=1)


def sheets(work: Work) -> Iterator[Sheet]:
    """The sheets that have rows, whose numbers are places of events in the document, from 1.

    What the events did is let go of before the sheets of what they said.
    """
    yield from _sheets(work, [name for name in HEADERS if name not in _AS_SAID])
    as_said = replace(work, yard=Yard(), before=Yard(), told={}, stands={})
    del work
    yield from _sheets(as_said, _AS_SAID)


def _sheets(work: Work, names: Iterable[str]) -> Iterator[Sheet]:
    for name in names:
        sheet = _sheet(work, name, HEADERS[name])
        if sheet is not None:
            yield sheet
        del sheet  # its rows are large, and the next one is made before this name is bound again


def _sheet(work: Work, name: str, header: tuple[str, ...]) -> Sheet | None:
    rows, refused = _ROWS[name](work), dict[int, Refusal]()
    if name == REFUSED_IN:
        rows = _with_refused(rows, work.refused, len(header), refused)
    numbered = ((at or work.index, cells) for at, cells in rows)
    first = next(numbered, None)
    if first is None:
        return None
    return Sheet(
        f"{work.name}#{name}", header, chain([first], numbered), _by_number(work.said), refused
    )


def _with_refused(
    rows: Iterable[Row], events: Iterable[Refused], width: int, refused: dict[int, Refusal]
) -> Iterator[Row]:
    """The rows and a blank one per refused event, which `refused` then has by its place."""
    count = 0
    for row in rows:
        count += 1
        yield row
    for one in sorted(events, key=lambda one: one.index):
        refused[count] = Refusal(one.code, one.reason)
        count += 1
        yield one.index, [""] * width


def _by_number(said: Callable[[int], str]) -> Callable[[int], str]:
    # What a row says is asked for long after: by then the rest of the work is gone.
    return lambda number: said(number - 1)


def _movements(work: Work) -> Iterable[Row]:
    """What events moved beyond what the facts so far say of them.

    A movement that was stated stays; what makes up for it takes effect at the same moment, so
    that at every moment the sum is what the events told in the end. The rows are in the order of
    their events, few of them in memory at a time.
    """
    stated, used = _stated(work)
    by_place = sorted(work.told, key=lambda digest: work.stands[digest].event.index)
    for _, digests in groupby(by_place, lambda digest: work.stands[digest].event.index):
        yield from sorted(
            row for digest in digests
            for row in _moved(work, digest, stated.get(digest, Counter()), used[digest])
        )  # fmt: skip


def _moved(work: Work, digest: str, said: Counter[Booking], count: int) -> Iterator[Row]:
    event, told = work.stands[digest].event, work.told[digest].movements
    named, wanted = dict[Booking, Booking](), Counter[Booking]()
    for booking, units in told:
        item, lot, location, kind = booking
        key = (work.ours("Item", item), lot and work.ours("Lot", lot),
               work.ours("Location", location), kind)  # fmt: skip
        named.setdefault(key, booking)  # as the source has it: it is read by its links once more
        wanted[key] += units
    for key in sorted(wanted.keys() | said.keys()):
        units = wanted[key] - said[key]
        if units:
            item, lot, location, kind = named.get(key, key)
            yield event.index, [
                f"{digest}.{count}", item, location, kind, str(units), event.on.isoformat(),
                lot, str(event.at_microseconds),
            ]  # fmt: skip
            count += 1


def _stated(work: Work) -> tuple[dict[str, Counter[Booking]], Counter[str]]:
    """By event: what the facts so far say that it moved, and the next number of a movement."""
    table = work.present.table("StockMovement")
    booked: dict[str, Counter[Booking]] = {}
    used: Counter[str] = Counter()
    for row, key in enumerate(table["id"].tolist()):
        digest, _, number = key.partition(".")
        if digest in work.told and number.isdecimal():
            booking = (table["item"][row], table["lot"][row] or "", table["location"][row],
                       table["kind"][row])  # fmt: skip
            booked.setdefault(digest, Counter())[booking] += int(table["quantity_units"][row])
            used[digest] = max(used[digest], int(number) + 1)
    return booked, used


def latest_counts(work: Work) -> dict[tuple[Stock, str], str]:
    """By stock and location: the event that counted it last, among those told here."""
    found: dict[tuple[Stock, str], str] = {}
    for one in sorted(work.stands.values(), key=lambda one: one.order):
        told = work.told[one.event.digest]
        for stock in told.counted:
            found[stock, told.count_place] = one.event.digest
    return found


def _positions(work: Work) -> Iterable[Row]:
    stated = work.present.table("StockPosition")
    for (stock, place), digest in latest_counts(work).items():
        event, units = work.stands[digest].event, work.told[digest].counted[stock]
        item, lot = stock
        cells = [item, place, lot, str(units), work.catalogue.base_units[item],
                 event.on.isoformat()]  # fmt: skip
        row = stated.row_of.get(work.position(stock, place)) if len(stated) else None
        if row is not None and event.index == 0 and _says(stated, row, cells):
            continue
        yield event.index, cells


def _says(table: Table, row: int, cells: list[str]) -> bool:
    return [str(table["on_hand_units"][row]), str(table["counted_on"][row])] == [cells[3], cells[5]]


def _serials(work: Work) -> Iterable[Row]:
    table = work.present.table("SerialUnit")
    known = dict(zip(zip(table["item"].tolist(), table["serial"].tolist(), strict=True),
                     table["location"].tolist(), strict=True))  # fmt: skip
    for thing, goods in work.yard.goods.items():
        key = identifier_form(thing)
        if key is None or key.qualifier != "21":
            continue
        is_its_own = goods.stock[0].zfill(14) == key.key
        serial = key.value if is_its_own else f"{key.key}.{key.value}"
        ours = (work.ours("Item", goods.stock[0]), serial)
        at = _location(work.yard.where.get(thing))
        is_there = ours in known and (known[ours] or "") == _our_location(work, at)
        if ours not in known or (not is_there and _is_told(work, thing)):
            yield work.yard.last.get(thing, 0), [goods.stock[0], serial, at]


def _handling_units(work: Work) -> Iterable[Row]:
    table = work.present.table("HandlingUnit")
    pairs = zip(table["location"].tolist(), table["parent_sscc"].tolist(), strict=True)
    known = dict(zip(table["sscc"].tolist(), pairs, strict=True))
    for thing, index in work.yard.last.items():
        sscc = _sscc(thing)
        if not sscc:
            continue
        at = _location(work.yard.where.get(thing))
        parent = _sscc(work.yard.holder.get(thing, ""))
        here = (_our_location(work, at), parent)
        is_new = sscc not in known or (known[sscc][0] or "", known[sscc][1]) != here
        if is_new and (sscc not in known or _is_told(work, thing)):
            yield index, [sscc, at, parent]


def _is_told(work: Work, thing: str) -> bool:
    """Whether events say where a thing is, or said so until now: else other facts stand."""
    return any(thing in yard.where or thing in yard.holder for yard in (work.yard, work.before))


def _sscc(thing: str) -> str:
    key = identifier_form(thing) if thing else None
    return key.key if key is not None and key.ai == "00" else ""


def _location(where: str | None) -> str:
    return "" if where in (None, AWAY, GONE) else str(where)


def _our_location(work: Work, at: str) -> str:
    return at and work.ours("Location", at)


def _event(event: Event) -> list[str]:
    return [event.digest, event.kind, str(event.at_microseconds), event.on.isoformat(),
            event.action, event.step, event.disposition, event.read_point,
            event.business_location, event.parent, event.name]  # fmt: skip


def _object(event: Event, line: Line) -> list[str]:
    role = line.role + AMOUNT * line.is_amount
    return [event.digest, role, line.thing, line.unit, line.amount]


def _withdrawal(one: Withdrawal) -> list[str]:
    declared = one.declaration
    return [
        f"{one.digest}.{declared.at_microseconds}", one.digest, one.name,
        str(one.at_microseconds), str(declared.at_microseconds), declared.reason,
        "|".join(declared.corrected_by),
    ]  # fmt: skip


_ROWS: dict[str, Callable[[Work], Iterable[Row]]] = {
    "Item": lambda work: sorted(
        (at, [item, unit]) for item, (unit, at) in work.catalogue.added_items.items()
    ),
    "Lot": lambda work: sorted(
        (at, [lot, item]) for lot, (item, at) in work.catalogue.added_lots.items()
    ),
    "Location": lambda work: sorted(
        (at, [gln, gln]) for gln, at in work.catalogue.added_places.items()
    ),
    "StockMovement": _movements,
    "StockPosition": lambda work: sorted(_positions(work)),
    "SerialUnit": lambda work: sorted(_serials(work)),
    "HandlingUnit": lambda work: sorted(_handling_units(work)),
    "TraceEvent": lambda work: ((event.index, _event(event)) for event in work.events),
    "TraceObject": lambda work: (
        (event.index, cells)
        for event in work.events for cells in sorted(_object(event, one) for one in event.lines)
    ),
    "TraceWithdrawal": lambda work: sorted((at, _withdrawal(one)) for at, one in work.withdrawals),
}  # fmt: skip
"""The rows of each class in the order of their events, which those of `Work` have themselves."""
