"""Where every thing is and what is in it: events folded in the order of their time."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from feeds.epcis.goods import Goods, Stock
from feeds.epcis.meanings import Effect
from feeds.epcis.resolving import Resolved

AWAY = "\0away"
"""Under way between locations."""
GONE = "\0gone"
"""Sold, destroyed, used up: no longer a thing of the chain."""
_ON_THE_SPOT = "relocation"

Booking = tuple[str, str, str, str]
"""Item, lot (or empty), location and kind of a movement."""


@dataclass(slots=True)
class Told:
    """What one event did: units by booking, counts, and whether it changed where things are.

    `movements` are the units of each booking in order, without those that cancel out, once it is
    `kept`.
    """

    booked: Counter[Booking] = field(default_factory=Counter)
    movements: tuple[tuple[Booking, int], ...] = ()
    counted: Counter[Stock] = field(default_factory=Counter)
    count_place: str = ""
    links: int = 0
    shifts: int = 0

    def kept(self, once: "dict[_Effect, Told]") -> "Told":
        """The same in little memory: what many did alike is there `once`. It can only be read."""
        self.movements = tuple((key, units) for key, units in sorted(self.booked.items()) if units)
        self.booked = _NO_BOOKING
        if self.counted:
            return self
        self.counted = _NO_COUNT
        effect = (self.movements, self.count_place, self.links, self.shifts)
        return once.setdefault(effect, self)


_Effect = tuple[tuple[tuple[Booking, int], ...], str, int, int]
"""All that an event did which counted nothing."""
_NO_BOOKING: Counter[Booking] = Counter()
_NO_COUNT: Counter[Stock] = Counter()


class Yard:
    """The state after some events. Single things are never in two places, so telling that one
    arrived where it is moves nothing; quantities outside of containers are not followed.
    """

    def __init__(self) -> None:
        self.where: dict[str, str] = {}
        self.holder: dict[str, str] = {}
        self.held: dict[str, set[str]] = defaultdict(set)
        self.bulk: dict[str, dict[Stock, int]] = defaultdict(dict)
        self.goods: dict[str, Goods] = {}
        self.last: dict[str, int] = {}
        self._effects: dict[_Effect, Told] = {}
        self._opened: set[str] = set()

    def note(self, found: Resolved) -> None:
        """Remember which things an event spoke of, whatever it did to them."""
        for line, goods in found.lines:
            if goods is not None and not line.is_amount and goods.units:
                self.goods[line.thing] = goods
        for thing in {line.thing for line, _ in found.lines if not line.is_amount}:
            self.last[thing] = found.event.index
        if found.event.parent:
            self.last[found.event.parent] = found.event.index

    def tell(self, found: Resolved) -> Told:
        """Take an event in; events come in the order of `Resolved.order`."""
        told = Told()
        self.note(found)
        if found.event.kind == "transformation":
            self._transform(found, told)
        elif found.event.kind in ("aggregation", "association"):
            self._pack(found, told)
        else:
            self._objects(found, told)
        return told.kept(self._effects)

    def _objects(self, found: Resolved, told: Told) -> None:
        singles = [line.thing for line, _ in found.lines if not line.is_amount]
        roots = [found.event.parent] if found.event.parent else []
        for thing in [*roots, *singles]:
            self._move(thing, found, told)
        for thing in singles:
            self._leave_behind(thing, told)
        if found.event.kind == "transaction":
            return  # the document says which goods it is about; their own events move them
        for line, goods in found.lines:
            if line.is_amount and goods is not None and goods.units is not None:
                self._move_amount(goods.stock, goods.units, found, told)
        if found.means.effect == Effect.COUNT:
            self._count(found, told)

    def _move(self, thing: str, found: Resolved, told: Told) -> None:
        """One thing, and what is in it, by the meaning of the event."""
        effect, kind = found.means.effect, found.means.kind
        at, old = found.place, self.where.get(thing)
        if effect in (Effect.CREATE, Effect.ARRIVE) and at is not None:
            self._shift(thing, at, kind, told)
        elif effect in (Effect.LOCATE, Effect.COUNT):
            target = at if effect == Effect.COUNT or old is None else found.stays_at
            if target is not None and old != GONE:
                self._see(thing, target, kind, told, is_count=effect == Effect.COUNT)
        elif effect == Effect.DEPART and old not in (AWAY, GONE):
            self._shift(thing, AWAY, kind, told, found.origin)
        elif effect == Effect.REMOVE and old != GONE:
            if found.event.step == "decommissioning" and thing not in self.goods:
                self._empty(thing, told)  # a pallet's number ends, not what stood on it
            self._shift(thing, GONE, kind, told, found.origin)

    def _see(self, thing: str, at: str, kind: str, told: Told, *, is_count: bool) -> None:
        """A thing is here: one that was known elsewhere is brought, an unknown one was here."""
        for one in self._tree(thing):
            if one not in self.where:
                self.where[one] = at
                told.shifts += 1
        self._shift(thing, at, kind, told, brings=not is_count)

    def _shift(
        self, root: str, target: str, kind: str, told: Told, origin: str | None = None,
        *, brings: bool = True,
    ) -> None:  # fmt: skip
        """Move a thing and all in it: out of where it is (else of `origin`), into the target."""
        for thing in self._tree(root):
            old = self.where.get(thing)
            if old == target or (old == GONE and target == AWAY):
                continue
            source = old if old is not None else origin if target in (AWAY, GONE) else None
            for stock, units in self._content(thing).items():
                if source is not None and source not in (AWAY, GONE):
                    told.booked[*stock, source, kind] -= units
                if brings and target not in (AWAY, GONE):
                    told.booked[*stock, target, kind] += units
            self.where[thing] = target
            told.shifts += 1

    def _content(self, thing: str) -> dict[Stock, int]:
        """The units that a thing stands for by itself: its own, and loose goods in it."""
        content = Counter(self.bulk.get(thing, {}))
        goods = self.goods.get(thing)
        if goods is not None and goods.units and thing not in self._opened:
            content[goods.stock] += goods.units
        return content

    def _tree(self, root: str) -> Iterator[str]:
        """A thing, what is in it, what is in that, and so on: each once."""
        seen, waiting = {root}, [root]
        while waiting:
            thing = waiting.pop()
            yield thing
            inner = sorted(self.held.get(thing, set()) - seen)
            seen.update(inner)
            waiting.extend(inner)

    def _leave_behind(self, thing: str, told: Told) -> None:
        """What was moved by itself is no longer in what stayed elsewhere."""
        holder = self.holder.get(thing)
        if holder is not None and self.where.get(thing) != self.where.get(holder):
            self._unlink(thing, told)

    def _move_amount(self, stock: Stock, units: int, found: Resolved, told: Told) -> None:
        effect, kind = found.means.effect, found.means.kind
        if effect in (Effect.CREATE, Effect.ARRIVE) and found.place is not None:
            told.booked[*stock, found.place, kind] += units
        elif effect in (Effect.DEPART, Effect.REMOVE) and found.origin is not None:
            told.booked[*stock, found.origin, kind] -= units
        elif effect == Effect.COUNT:
            told.counted[stock] += units

    def _count(self, found: Resolved, told: Told) -> None:
        told.count_place = found.place or ""
        seen: set[str] = set()
        for line, _ in found.lines:
            if not line.is_amount:
                seen.update(self._tree(line.thing))
        for thing in seen:
            told.counted.update(self._content(thing))

    def _pack(self, found: Resolved, told: Told) -> None:
        """Link and unlink parent and children, and move the parent by the step."""
        event, parent = found.event, found.event.parent
        singles = [line.thing for line, _ in found.lines if not line.is_amount]
        amounts: Counter[Stock] = Counter()
        for line, goods in found.lines:
            if line.is_amount and goods is not None and goods.units:
                amounts[goods.stock] += goods.units
        if not parent or found.is_of_a_place:
            for thing in singles:
                self._move(thing, found, told)
            return
        if event.action == "DELETE":
            self._arrive_to_work(parent, found, told)
            self._move(parent, found, told)
            self._unpack(parent, singles, amounts, told, is_all=not found.lines)
            return
        if event.action == "ADD":
            self._arrive_to_work(parent, found, told)
        before = self.where.get(parent)
        self._link(parent, singles, told)
        learned = self._fill(parent, amounts, found, told)
        self._move(parent, found, told)
        self._book_learned(learned, before, found, told)
        if event.action == "ADD":
            self._join(parent, singles, told)

    def _arrive_to_work(self, parent: str, found: Resolved, told: Told) -> None:
        """What is packed or unpacked is where that is done, if it was under way or unknown."""
        if found.place is not None and self.where.get(parent, AWAY) == AWAY:
            self._see(parent, found.place, _ON_THE_SPOT, told, is_count=False)

    def _link(self, parent: str, children: list[str], told: Told) -> None:
        for child in children:
            if self.holder.get(child) == parent or parent in self._tree(child):
                continue  # a circle would move nothing, for ever
            self._unlink(child, told)
            self.holder[child] = parent
            self.held[parent].add(child)
            told.links += 1
        if children:
            self._open(parent, told)

    def _join(self, parent: str, children: list[str], told: Told) -> None:
        """What was put into a thing is where that is."""
        at = self.where.get(parent)
        if at is not None and at not in (AWAY, GONE):
            for child in children:
                if self.where.get(child) != GONE:
                    self._see(child, at, _ON_THE_SPOT, told, is_count=False)

    def _open(self, parent: str, told: Told) -> None:
        """A pack whose content is told by itself counts by that alone."""
        goods = self.goods.get(parent)
        if goods is None or not goods.is_pack or parent in self._opened:
            return
        at = self.where.get(parent)
        if at is not None and at not in (AWAY, GONE) and goods.units:
            told.booked[*goods.stock, at, "packing"] -= goods.units
        self._opened.add(parent)

    def _fill(
        self, parent: str, amounts: Counter[Stock], found: Resolved, told: Told
    ) -> dict[Stock, int]:
        """Loose goods in a thing: added ones join, observed ones are what is there.

        Gives back what was observed and not known before.
        """
        inside = self.bulk[parent]
        learned: dict[Stock, int] = {}
        arrives = found.means.effect == Effect.ARRIVE and self.where.get(parent) != found.place
        for stock, units in sorted(amounts.items()):
            if found.event.action == "ADD":
                inside[stock] = inside.get(stock, 0) + units
                told.links += 1
            elif stock not in inside:
                learned[stock] = inside[stock] = units
                told.links += 1
            elif arrives and inside[stock] != units:
                self._correct(parent, stock, units, told)
        if amounts:
            self._open(parent, told)
        return learned

    def _correct(self, parent: str, stock: Stock, units: int, told: Told) -> None:
        """Less or more came in than went out: what left stays booked, what is there counts."""
        at = self.where.get(parent)
        if at is not None and at not in (AWAY, GONE):
            told.booked[*stock, at, "receipt"] += units - self.bulk[parent][stock]
        self.bulk[parent][stock] = units
        told.links += 1

    def _book_learned(
        self, learned: dict[Stock, int], before: str | None, found: Resolved, told: Told
    ) -> None:
        """Goods told of after the thing that brought them in: they came with it.

        Where the thing moves by this very event, its shift has booked them already.
        """
        if found.means.effect == Effect.ARRIVE and before is not None and before == found.place:
            for stock, units in learned.items():
                told.booked[*stock, before, found.means.kind] += units

    def _unpack(
        self, parent: str, children: list[str], amounts: Counter[Stock], told: Told, *,
        is_all: bool,
    ) -> None:  # fmt: skip
        if is_all:
            self._empty(parent, told)
            return
        for child in children:
            if self.holder.get(child) == parent:
                self._unlink(child, told)
        at = self.where.get(parent)
        if at is not None and at not in (AWAY, GONE):
            self._join(parent, [child for child in children if child not in self.where], told)
        inside = self.bulk[parent]
        for stock, units in amounts.items():
            left = inside.pop(stock, 0) - units
            if left > 0:
                inside[stock] = left
            told.links += 1

    def _empty(self, thing: str, told: Told) -> None:
        for child in sorted(self.held.get(thing, set())):
            self._unlink(child, told)
        told.links += len(self.bulk.pop(thing, {}))

    def _unlink(self, child: str, told: Told) -> None:
        holder = self.holder.pop(child, None)
        if holder is not None:
            self.held[holder].discard(child)
            told.links += 1

    def _transform(self, found: Resolved, told: Told) -> None:
        """Inputs are used up, outputs come to be, at the place of the event."""
        for line, goods in found.lines:
            is_input = line.role == "input"
            if not line.is_amount:
                target = GONE if is_input else found.place
                if target is not None and self.where.get(line.thing) != target:
                    kind = "consumption" if is_input else "production"
                    self._shift(line.thing, target, kind, told, found.origin)
                    self._leave_behind(line.thing, told)
            elif goods is not None and goods.units and found.place is not None:
                kind = "consumption" if is_input else "production"
                place = (found.origin if is_input else found.place) or found.place
                told.booked[*goods.stock, place, kind] += -goods.units if is_input else goods.units
