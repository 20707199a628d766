"""What a caller sees of one chain: of each moment the facts that its grants show together."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.state import State
from ontology.access import ANY, Grant
from ontology.canonical import digest_of
from ontology.columns import Snapshot, Table
from ontology.on_demand import OnDemand
from service.house import AsOf, House
from service.kept import Kept
from service.permits.labels import Labels, StatedLabels
from service.permits.masks import GrantMask, Mask
from service.permits.partner_fields import OWN_FIELDS, PARTNER, without_own_fields
from service.permits.row_rules import CLASSES, ROW_RULES

Rows = npt.NDArray[np.intp]

LIMITS = ("regions", "suppliers", "families", "classes", "zones")
UNLABELLED: Labels = frozenset()


@dataclass(frozen=True)
class Judge:
    """Judges facts and lines one by one, among the facts of one moment."""

    masks: tuple[GrantMask, ...]
    bare: tuple[GrantMask, ...]
    """The same without any clearance."""
    is_whole: bool = False
    is_plain: bool = False

    def shows(self, class_name: str, values: Mapping[str, Any]) -> bool:
        """Whether a fact, or a line of a plan, is seen; `values` are by the record's fields."""
        if self.is_whole:
            return class_name in ROW_RULES
        return any(mask.shows(class_name, values) for mask in self.masks)

    def left_out(self, class_name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a fact that is seen which are not: those that no partner sees."""
        names = OWN_FIELDS.get(class_name, ())
        if not names or self.is_whole:
            return ()
        others = (mask for mask in self.masks if not mask.is_of_partner)
        return () if any(mask.shows(class_name, values) for mask in others) else names

    def told(self, class_name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values of a fact that is seen, without those that are not."""
        return {**values, **dict.fromkeys(self.left_out(class_name, values))}

    def bears_label(self, class_name: str, values: Mapping[str, Any]) -> bool:
        """Whether it takes a clearance to see it."""
        return not self.is_plain and not any(mask.shows(class_name, values) for mask in self.bare)


@dataclass(frozen=True)
class Shown:
    """A moment of a chain as a caller may see it."""

    snapshot: Snapshot
    labelled: Mapping[str, Mask] = field(default_factory=dict)
    """Per class of `snapshot`, the rows that it took a clearance to see; none where left out."""
    is_partial: bool = False
    """Whether anything is hidden: then nobody is told of which delivery and row a fact is."""
    worked_out: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    """What readers worked out of it, kept for as long as it is."""

    def takes_clearance(self, class_name: str, row: int) -> bool:
        """Whether a row of the snapshot is labelled, itself or by what it names."""
        return class_name in self.labelled and bool(self.labelled[class_name][row])


@dataclass(frozen=True)
class View:
    """What some grants show of a chain; `labels` are all that the chain ever stated.

    A whole view hides nothing, of the present and of any other time: one grant alone, without
    limits, is cleared for every label. Else each fact is shown that one of the grants shows.
    """

    house: House = field(repr=False)
    stated: StatedLabels = field(repr=False)
    kept: Kept = field(repr=False)
    chain: str
    grants: tuple[Grant, ...]
    is_owner: bool = False
    labels: Labels = UNLABELLED

    @cached_property
    def is_whole(self) -> bool:
        """Whether it hides nothing."""
        return self.is_owner or any(is_whole(grant, self.labels) for grant in self.grants)

    @property
    def is_plain(self) -> bool:
        """Whether it is whole and nothing takes a clearance: nothing to hide, nothing to note."""
        return self.is_owner or (self.is_whole and not self.labels)

    @cached_property
    def key(self) -> str:
        """Equal for views that show the same of every moment; empty for those that are plain."""
        if self.is_plain:
            return ""
        told = [[one.chain, one.role == PARTNER, *(sorted(getattr(one, name)) for name in LIMITS)]
                for one in self.grants]  # fmt: skip
        return digest_of([self.chain, sorted(told), sorted(map(list, self.labels))])

    def mark(self) -> tuple[str, int]:
        """Equal where the same is seen of the same question: labels of the present count always."""
        return (self.key, 0 if self.is_plain else self.house.facts(self.chain).sequence)

    def shown(self, as_of: AsOf | None = None) -> Shown:
        """The facts of a moment, as `House.facts` gives them, that are seen. Raises as that."""
        snapshot = self.house.facts(self.chain, as_of)
        if self.is_plain:
            return Shown(snapshot)
        present = self.house.facts(self.chain)
        effective = None if as_of is None else as_of.effective
        what = ("shown", self.key, snapshot.sequence, effective, present.sequence)
        return self.kept.once(what, lambda: self._shown(snapshot, present))

    def judge(self, state: State | None = None) -> Judge:
        """Judges among the facts of a state; of the present, where none is given."""
        if self.is_plain:
            return Judge((), (), is_whole=True, is_plain=True)
        present = self.house.facts(self.chain)
        snapshot = present if state is None else state.snapshot
        what = ("judge", self.key, snapshot.sequence, present.sequence)
        return self.kept.once(what, lambda: self._judge(snapshot, present))

    def _judge(self, snapshot: Snapshot, present: Snapshot) -> Judge:
        beside = self.stated.beside(self.chain, present)
        bare = (replace(grant, classes=(), zones=()) for grant in self.grants)
        return Judge(
            tuple(GrantMask(grant, snapshot, beside) for grant in self.grants),
            tuple(GrantMask(grant, snapshot, beside) for grant in bare), self.is_whole,
        )  # fmt: skip

    def _shown(self, snapshot: Snapshot, present: Snapshot) -> Shown:
        judge = self._judge(snapshot, present)
        names = tuple(snapshot.tables)
        bare = OnDemand(names, lambda name: _any_of(judge.bare, name, snapshot))
        rows = OnDemand(names, lambda name: np.flatnonzero(
            _any_of(judge.masks, name, snapshot) | self.is_whole))  # fmt: skip
        return Shown(
            Snapshot(
                snapshot.sequence,
                OnDemand(names, lambda name: self._told(judge, snapshot, name, rows[name])),
                OnDemand(tuple(snapshot.addresses),
                         lambda name: snapshot.addresses[name][rows[name]]),
                OnDemand(tuple(snapshot.clocks), lambda name: snapshot.clocks[name][rows[name]]),
            ),
            OnDemand(names, lambda name: ~bare[name][rows[name]]), is_partial=not self.is_whole,
        )  # fmt: skip

    def _told(self, judge: Judge, snapshot: Snapshot, name: str, rows: Rows) -> Table:
        """The rows of a class that are seen, without the fields of them that are not."""
        found = snapshot.tables[name].take(rows)
        if name not in OWN_FIELDS or self.is_whole:
            return found
        others = tuple(mask for mask in judge.masks if not mask.is_of_partner)
        return without_own_fields(found, ~_any_of(others, name, snapshot)[rows])


def is_whole(grant: Grant, labels: Labels) -> bool:
    """Whether a grant alone hides nothing where these labels are all that was ever stated.

    A partner's hides what is the owner's, always.
    """
    return (
        not grant.is_limited
        and grant.role != PARTNER
        and all(
            ANY in cleared or one.name in cleared
            for one in labels
            for cleared in (grant.classes if one.clearance == CLASSES else grant.zones,)
        )
    )


def _any_of(masks: tuple[GrantMask, ...], name: str, snapshot: Snapshot) -> Mask:
    found = np.zeros(len(snapshot.table(name)), np.bool_)
    for mask in masks:
        found |= mask.rows(name)
    return found
