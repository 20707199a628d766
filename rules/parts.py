"""Parts of a release: which movements and stock another release than the whole judges."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ontology.columns import Snapshot, Table
from ontology.errors import InputError

if TYPE_CHECKING:
    from rules.release import Release

MaskArray = npt.NDArray[np.bool_]
PLACES = {"Movement": ("destination", "origin"), "StockAfterMoves": ("location",)}
"""What a part may judge otherwise than the whole, and where a row of it is: the first stated."""
JUDGED = tuple(PLACES)
MOST_PERCENT = 100
_FIELDS = {"release", "regions", "families", "share_percent", "salt", "canary"}


@dataclass(frozen=True)
class Part:
    """A release that judges what arrives in some regions, of some families, and of it a share.

    A region is a location, whatever is part of it, or the text that locations name as theirs; none
    means all of them, and so of families. Of items and places the `share_percent` belong whose
    SHA-256 with `salt`, modulo 100, is below it. A canary judges what is its own alone. Raises
    InputError RELEASE_BAD.
    """

    release: "Release"
    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    share_percent: int = MOST_PERCENT
    salt: str = ""
    is_canary: bool = False

    def __post_init__(self) -> None:
        """Refuse what covers nothing or is no part."""
        if self.release.parts or not 0 < self.share_percent <= MOST_PERCENT:
            raise InputError("a part is one release, for 1 to 100 percent", code="RELEASE_BAD",
                             hint="name a release that was proposed by itself")  # fmt: skip

    @property
    def named(self) -> tuple[Any, ...]:
        """What tells it from other parts: release, regions, families, share, salt, canary."""
        return (self.release.digest, self.regions, self.families, self.share_percent, self.salt,
                self.is_canary)  # fmt: skip

    def to_document(self) -> dict[str, Any]:
        """The part as JSON, with all of its release."""
        return {"release": self.release.to_document(), "regions": list(self.regions),
                "families": list(self.families), "share_percent": self.share_percent,
                "salt": self.salt, "canary": self.is_canary}  # fmt: skip


def part_from(document: Any, release: "Release") -> Part:
    """The part that `to_document` wrote, its release already read. Raises InputError."""
    if not isinstance(document, Mapping) or set(document) != _FIELDS:
        raise InputError("a part is not written as parts are", code="RELEASE_BAD")
    return Part(release, tuple(document["regions"]), tuple(document["families"]),
                document["share_percent"], document["salt"], document["canary"])  # fmt: skip


def judges_of(
    release: "Release", snapshot: Snapshot, rows: Table, places: tuple[str, ...]
) -> list[tuple["Release", MaskArray]]:
    """Which release judges which rows: the whole and each part, with a mask over the rows.

    `places` are the columns that say where a row is, the first that is stated. What no part
    covers, the whole judges; what several cover, each of them does, but for canaries, of which
    the first that covers a row judges it alone.
    """
    if not release.parts:
        return [(release, np.ones(len(rows), np.bool_))]
    covered = [(part, _covered(part, snapshot, rows, places)) for part in release.parts]
    free = np.ones(len(rows), np.bool_)
    found: list[tuple[Release, MaskArray]] = []
    for part, mask in covered:
        if part.is_canary:
            found.append((part.release, mask & free))
            free &= ~mask
    others = np.zeros(len(rows), np.bool_)
    for part, mask in covered:
        if not part.is_canary:
            found.append((part.release, mask & free))
            others |= mask
    return [(release.whole, free & ~others), *found]


def belongs(part: Part, snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether of some pairs of item and place any is of a part, as `judges_of` tells of rows."""
    within, families = regions_of(snapshot), _families_of(snapshot)
    return any(_is_of(part, (item, place), within.get(place, frozenset({place})),
                      families.get(item, "")) for item, place in pairs)  # fmt: skip


def strays(whole: "Release", part: "Release") -> tuple[str, ...]:
    """What a part says otherwise than the whole, though only the whole decides it; sorted.

    Rules on anything but JUDGED, by IRI; knobs and policies by name.
    """
    found = {iri for iri, _ in _elsewhere(whole) ^ _elsewhere(part)}
    for mine, theirs in ((whole.knobs, part.knobs), (whole.policies, part.policies)):
        found |= {name for name, _ in set(mine.items()) ^ set(theirs.items())}
    return tuple(sorted(found))


def _elsewhere(release: "Release") -> set[tuple[str, str]]:
    return {(each.rule.iri, repr((each.target, each.shape))) for each in release.compiled
            if each.target not in JUDGED}  # fmt: skip


def _covered(part: Part, snapshot: Snapshot, rows: Table, places: tuple[str, ...]) -> MaskArray:
    """Which rows a part covers; each pair of item and place is looked at once."""
    within, families = regions_of(snapshot), _families_of(snapshot)
    items = rows["item"].tolist()
    columns = [rows[name].tolist() for name in places]
    known: dict[tuple[str, str], bool] = {}
    mask = np.zeros(len(rows), np.bool_)
    for row, (item, *stated) in enumerate(zip(items, *columns, strict=True)):
        key = (item, next((place for place in stated if place), ""))
        if key not in known:
            known[key] = _is_of(part, key, within.get(key[1], frozenset({key[1]})),
                                families.get(item, ""))  # fmt: skip
        mask[row] = known[key]
    return mask


def _is_of(part: Part, key: tuple[str, str], regions: frozenset[str], family: str) -> bool:
    if part.regions and regions.isdisjoint(part.regions):
        return False
    if part.families and family not in part.families:
        return False
    return part.share_percent == MOST_PERCENT or share_of(*key, part.salt) < part.share_percent


def share_of(item: str, place: str, salt: str) -> int:
    """The percentile of an item at a place, 0 to 99: SHA-256 of salt, item and place, modulo 100.

    It is the same in every process and on every day.
    """
    told = f"{salt}\x00{item}\x00{place}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:8], "big") % MOST_PERCENT


def _families_of(snapshot: Snapshot) -> dict[str, str]:
    table = snapshot.table("Item")
    return dict(zip(table["id"].tolist(), table["family"].tolist(), strict=True))


def regions_of(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Per location the names of the regions that it lies in: itself and upwards, each once."""
    table = snapshot.table("Location")
    columns = (table[name].tolist() for name in ("id", "part_of", "region"))
    above = {key: (part_of, region) for key, part_of, region in zip(*columns, strict=True)}
    found = {}
    for key in above:
        names: set[str] = set()
        at: str | None = key
        while at is not None and at not in names:
            part_of, region = above.get(at, (None, ""))
            names |= {at, region} if region else {at}
            at = part_of
        found[key] = frozenset(names)
    return found
