"""Where a plan lies: the places and families that its lines touch, as some facts say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

from governance.plan_cases import Placed
from graph.artifacts import ArtifactStore
from graph.plans import check_seal
from ontology.columns import Snapshot, Table

Document = Mapping[str, Any]
MOST_KNOWN = 512
"""Of so many plans it is kept what they touch: a sealed document says the same for ever."""


@dataclass(frozen=True, slots=True)
class Touched:
    """The locations and the items that the lines of a plan name, each once, in order."""

    ends: tuple[str, ...]
    items: tuple[str, ...]


class Placing:
    """Where things are by the facts of one snapshot: read once, and asked of any number of plans.

    INVARIANT: whoever asks where a plan lies asks here, so all that is decided on it agrees.
    """

    def __init__(self, facts: Snapshot) -> None:
        locations = facts.table("Location")
        columns = (locations[name].tolist() for name in ("id", "part_of", "region"))
        self._above = {
            key: (part_of, region) for key, part_of, region in zip(*columns, strict=True)
        }
        self._families = _families(facts.table("Item"))
        self._names: dict[str, tuple[str, ...]] = {}

    def of(self, touched: Touched) -> Placed:
        """The places, each by all of its names, and the families; None for what is not known."""
        is_known = self._above.keys() >= set(touched.ends)
        places = tuple(sorted({self._names_of(end) for end in touched.ends})) if is_known else None
        return Placed(places, _families_of(self._families, touched.items))

    def _names_of(self, key: str) -> tuple[str, ...]:
        """A location, all that it is part of, and their regions."""
        if key not in self._names:
            found: set[str] = set()
            at: str | None = key
            while at is not None and at not in found:
                part_of, region = self._above.get(at, (None, ""))
                found |= {at, region}
                at = part_of
            self._names[key] = tuple(sorted(found - {""}))
        return self._names[key]


def touched_by(decision: Document) -> Touched:
    """What the lines of a decision name."""
    lines = decision["lines"]
    ends = {line.get(end) for line in lines for end in ("origin", "destination")} - {None, ""}
    return Touched(_once(ends), _once(line["item"] for line in lines))


def placed_in(facts: Snapshot, decision: Document) -> Placed:
    """Where the lines of a plan lie, and which families they move, as some facts say."""
    return Placing(facts).of(touched_by(decision))


@lru_cache(maxsize=MOST_KNOWN)
def touched_in(store: ArtifactStore, artifact: str) -> Touched:
    """What a sealed plan touches, read once. Raises as reading it does, and `PLAN_SEAL`."""
    document = store.get_document(artifact)
    check_seal(document)
    return touched_by(document["decision"])


def families_in(items: Table, wanted: Iterable[str]) -> tuple[str, ...] | None:
    """The families of items, each once: empty for items of none; None where one is not known.

    An item of no family is in none that anybody's power is limited to.
    """
    return _families_of(_families(items), wanted)


def _families(items: Table) -> dict[str, str | None]:
    return dict(zip(items["id"].tolist(), items["family"].tolist(), strict=True))


def _families_of(
    known: Mapping[str, str | None], wanted: Iterable[str]
) -> tuple[str, ...] | None:  # fmt: skip
    mine = set(wanted)
    if not mine <= known.keys():
        return None
    return tuple(sorted({str(known[item] or "") for item in mine}))


def _once(names: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({intern(str(name)) for name in names}))
