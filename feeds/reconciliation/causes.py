"""What a difference between two sources comes from: timing, a movement, a unit, or unknown."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, pairwise

from feeds.reconciliation.said import END, NEVER, Move, Place, Said, timeline
from ontology.events import moment_of

TIMING, MISSING_MOVEMENT, UNIT, UNKNOWN = "timing", "missing movement", "unit", "unknown"
CAUSES = (TIMING, MISSING_MOVEMENT, UNIT, UNKNOWN)

USUAL_FACTORS = (10, 12, 24, 1_000)
"""Packs that are common enough to be looked for where no UnitConversion is stated."""
MOST_TOGETHER, NEWEST = 3, 12
"""So many movements of one source alone are added up to a difference, out of the newest so many."""
MOST_NAMED = 20
"""All movements together that one has and the other lacks explain a difference, up to so many."""

MoveKey = tuple[Hashable, int]
Signed = tuple[Move, int, str]
"""A movement, its units as it adds to the difference, and the source that lacks it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Base units to one pack of an item, and the pack's name; unnamed where none is stated."""

    ratio: Fraction
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a difference was taken for, in words, with the movements or the pack that explain it.

    `lacks` is the source that lacks the movements. `pack_of` is the source that counts in packs.
    `assumed` says what was taken for granted of counts on the day of such a movement.
    """

    name: str
    evidence: str = ""
    movements: tuple[str, ...] = ()
    lacks: str = ""
    pack: Pack | None = None
    pack_of: str = ""
    assumed: str = ""


@dataclass(frozen=True)
class Pair:
    """Two sources' words on the same stock: the places that are compared as one, and the window."""

    one: Said
    other: Said
    ones: tuple[Place, ...]
    others: tuple[Place, ...]
    units: tuple[int, int]
    start: int
    at: int

    @property
    def difference(self) -> int:
        """By how much the one says more."""
        return self.units[0] - self.units[1]


def cause_of(pair: Pair, packs: Sequence[Pack], alike: Sequence[Fraction]) -> Cause:
    """The first that holds of: equal at some moment of the window, a pack, movements; unknown.

    `packs` are those stated for the item; `alike` the usual factors by which all positions of the
    item differ between the two. A pack holds only where movements that both tell differ by it, too.
    """
    return (
        _equal_before(pair) or _of_pack(pair, packs, alike) or _of_movements(pair) or Cause(UNKNOWN)
    )


def _equal_before(pair: Pair) -> Cause | None:
    """Timing: what one says now the other said within the window, and has gone on from there.

    Not where the one counted after what the other went on by: it has had its last word.
    """
    found = []
    for behind, ahead, places, units in (
        (pair.one, pair.other, pair.others, pair.units[0]),
        (pair.other, pair.one, pair.ones, pair.units[1]),
    ):
        steps = timeline(ahead, places, pair.start, pair.at)
        until = [since for (_, said), (since, _) in pairwise(steps)
                 if said == units]  # fmt: skip
        if not until:
            continue
        moves = [m for place in places for m in ahead.moves_of(place) if m.since >= until[-1]]
        if not any(_is_in_count(pair, move, behind.source) for move in moves):
            assumed = _all_assumed(_assumed(pair, move, behind.source) for move in moves)
            found.append((until[-1], behind.source, ahead.source, units, assumed))
    if not found:
        return None
    since, behind_of, ahead_of, units, assumed = max(found)
    evidence = f"{ahead_of} said {units:,}, too, until {time_text(since)}"
    return Cause(TIMING, _with(evidence, assumed), lacks=behind_of, assumed=assumed)


def _all_assumed(each: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, each)))


def _with(evidence: str, assumed: str) -> str:
    return f"{evidence}; {assumed}" if assumed else evidence


def _of_pack(pair: Pair, packs: Sequence[Pack], alike: Sequence[Fraction]) -> Cause | None:
    small, large = sorted(map(abs, pair.units))
    if small == 0 or pair.units[0] * pair.units[1] < 0:
        return None
    ratio = Fraction(large, small)
    stated = [pack for pack in packs if max(pack.ratio, 1 / pack.ratio) == ratio]
    usual = [Pack(factor) for factor in alike if factor == ratio]
    if not (stated or usual) or not _moves_agree(pair, ratio):
        return None
    pack = (stated or usual)[0]
    in_packs = abs(pair.units[0]) == (small if pack.ratio > 1 else large)
    source = pair.one.source if in_packs else pair.other.source
    named = f"the {pack.unit} that is stated" if pack.unit else "all positions of the item alike"
    return Cause(UNIT, f"{ratio} times as much: {named}", pack=pack, pack_of=source)


def _moves_agree(pair: Pair, ratio: Fraction) -> bool:
    """Whether movements after the counts differ by the same factor, where both sources tell any."""
    one, other = (_since_counts(said, places) for said, places in
                  ((pair.one, pair.ones), (pair.other, pair.others)))  # fmt: skip
    if not (len(pair.one.moves) and len(pair.other.moves)):
        return True
    factor = ratio if abs(pair.units[0]) > abs(pair.units[1]) else 1 / ratio
    return sorted(Fraction(m.units) for m in one) == sorted(factor * m.units for m in other)


def _since_counts(said: Said, places: Sequence[Place]) -> list[Move]:
    """The movements of some places that come on top of what was counted there."""
    found = []
    for place in places:
        day = said.day_of(place)
        moves = said.moves_of(place)
        found += [
            m for m in moves if day is None or (day != NEVER and m.day > _included(said, day))
        ]
    return found


def _included(said: Said, day: int) -> int:
    """The last day whose movements a count of a day includes."""
    return day if said.counts_at == END else day - 1


def _of_movements(pair: Pair) -> Cause | None:
    """Movements that one has and the other lacks: all of them since the other's count, or a few."""
    one, other = _unmatched(pair)
    signed = [*((m, m.units, pair.other.source) for m in one),
              *((m, -m.units, pair.one.source) for m in other)]  # fmt: skip
    recent = [each for each in signed if not _is_in_count(pair, each[0], each[2])]
    chosen = tuple(recent)
    if not 0 < len(chosen) <= MOST_NAMED or _sum(chosen) != pair.difference:
        told = all(len(said.moves) for said in (pair.one, pair.other))
        chosen = _few(signed, pair.difference, MOST_TOGETHER if told else 1)
    if not chosen:
        return None
    # A count that has a movement in it is the last word on it: nothing will come by itself.
    late = all(move.since > pair.start and not _is_in_count(pair, move, lacks)
               for move, _, lacks in chosen)  # fmt: skip
    assumed = _all_assumed(_assumed(pair, move, lacks) for move, _, lacks in chosen)
    return Cause(TIMING if late else MISSING_MOVEMENT,
                 _with(_lacking(chosen, late=late), assumed),
                 tuple(move.id for move, _, _ in chosen),
                 chosen[0][2] if len({lacks for _, _, lacks in chosen}) == 1 else "",
                 assumed=assumed)  # fmt: skip


def _unmatched(pair: Pair) -> tuple[list[Move], list[Move]]:
    """What each tells that the other does not: matched by name, by day, then by units alone."""
    one, other = (
        [move for place in places for move in said.moves_of(place)]
        for said, places in ((pair.one, pair.ones), (pair.other, pair.others))
    )
    for by in (_name, _day, _units):
        both = Counter(map(by, one)) & Counter(map(by, other))
        one, other = _without(one, by, both.copy()), _without(other, by, both.copy())
    return one, other


def _name(move: Move) -> MoveKey:
    return move.id, move.units


def _day(move: Move) -> MoveKey:
    return move.day, move.units


def _units(move: Move) -> MoveKey:
    return "", move.units


def _without(
    moves: list[Move], by: Callable[[Move], MoveKey], matched: Counter[MoveKey]
) -> list[Move]:
    """The movements that are left when so many of each key have found their match."""
    left = []
    for move in moves:
        if matched[by(move)] > 0:
            matched[by(move)] -= 1
        else:
            left.append(move)
    return left


def _is_in_count(pair: Pair, move: Move, source: str) -> bool:
    """Whether the last count of a source speaks of a time after a movement.

    By the moments of both where they are of one day and known, else by their days.
    """
    said, place, day = _last_counted(pair, source)
    if day == NEVER or place is None:
        return False
    moment = said.counted_at(place) if move.day == day else None
    if moment is not None and move.at is not None:
        return move.at <= moment
    return move.day <= _included(said, day)


def _assumed(pair: Pair, move: Move, source: str) -> str:
    """What decides whether a movement is in the last count, where both are of one day."""
    said, place, day = _last_counted(pair, source)
    if place is None or move.day != day:
        return ""
    moment = said.counted_at(place)
    if moment is not None and move.at is not None:
        order = "after" if move.at <= moment else "before"
        return f"{source} counted at {time_text(moment)}, {order} it"
    return f"{source} is taken to count at the {said.counts_at} of the day"


def _last_counted(pair: Pair, source: str) -> tuple[Said, Place | None, int]:
    """Of a source the place that it counted last, and the day; before all days if it never did."""
    said, places = (pair.one, pair.ones) if source == pair.one.source else (pair.other, pair.others)
    days = [(day, place) for place in places if (day := said.day_of(place)) is not None]
    day, place = max(days, key=lambda each: each[0], default=(NEVER, None))
    return said, place, day


def _few(signed: list[Signed], difference: int, most: int) -> tuple[Signed, ...]:
    """The fewest of the newest movements that sum to a difference, at most so many.

    A source that tells no movements lacks all of them: there one alone must explain it.
    """
    newest = sorted(signed, key=lambda each: (-each[0].day, each[0].id))[:NEWEST]
    for size in range(1, most + 1):
        for chosen in combinations(newest, size):
            if _sum(chosen) == difference:
                return chosen
    return ()


def _sum(chosen: Sequence[Signed]) -> int:
    return sum(units for _, units, _ in chosen)


def _lacking(chosen: Sequence[Signed], *, late: bool) -> str:
    """Who lacks which movements, in words."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for move, _, lacks in sorted(chosen, key=lambda each: (each[2], each[0].day, each[0].id)):
        day = date(1970, 1, 1) + timedelta(days=move.day)
        by_source[lacks].append(f"{move.id} ({move.units:+,} on {day})")
    verb = "has not yet" if late else "lacks"
    return "; ".join(f"{source} {verb} {', '.join(told)}" for source, told in by_source.items())


def time_text(micros: int) -> str:
    """A time as a person reads it, to the minute, in UTC."""
    return moment_of(micros).strftime("%Y-%m-%d %H:%M UTC")
