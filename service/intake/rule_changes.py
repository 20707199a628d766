"""What a delivery does to the findings of the rules, also on facts that it does not state."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from graph.fold import Statements
from graph.state import State
from ontology.columns import Table
from ontology.findings import Finding
from ontology.terms import RESOURCE
from rules.delta import delta
from rules.lookups import keys_only
from rules.release import Release
from service.intake.changes import ADDED, CHANGED, CLOSED, ClassChanges
from service.intake.fact_rules import NEAR_ROWS

_OTHER = {ADDED, CHANGED, CLOSED}
MOST_NAMED = 100
"""So many findings of each kind are named; all are counted."""


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """Findings that appear and that go with a delivery, and how many facts were judged for it."""

    appeared: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    judged: int

    def told(self) -> dict[str, Any]:
        """As a document: all are counted, the first are named."""
        return {
            "judged": self.judged, "appeared": len(self.appeared), "gone": len(self.gone),
            "findings": [{"change": word, **asdict(one)}
                         for word, found in (("appeared", self.appeared), ("gone", self.gone))
                         for one in found[:MOST_NAMED]],
        }  # fmt: skip

    def notices(self) -> Iterator[str]:
        """A line for each rule that facts break now and did not before."""
        counts = Counter(_rule(one) for one in self.appeared)
        for name, count in sorted(counts.items()):
            first = next(one for one in self.appeared if _rule(one) == name)
            what = first.focus_node.removeprefix(RESOURCE)
            yield (f"{count:,} finding{'s' if count > 1 else ''} of the rule `{name}` appear with "
                   f"this delivery, such as on {what}: {first.message}")  # fmt: skip


def rule_changes(
    release: Release,
    before: State,
    after: State,
    stated: Mapping[str, Statements],
    changes: Sequence[ClassChanges],
) -> RuleChanges | None:
    """How the findings on all facts differ with a delivery; None beyond NEAR_ROWS changed facts.

    `before` has all that comes in force ahead of the delivery. It takes time by what the changes
    can reach, not by what stands.
    """
    changed = {one.name: _changed(one, stated[one.name].table) for one in changes}
    if sum(map(len, changed.values())) > NEAR_ROWS:
        return None
    found = delta(release.watch, before.about, after.about, changed)
    return RuleChanges(found.appeared, found.gone, sum(map(len, found.focus.values())))


def _changed(changes: ClassChanges, rows: Table) -> Table:
    """The keys of the facts that are not as before."""
    is_other = np.array([word in _OTHER for word in changes.outcomes.tolist()], np.bool_)
    return keys_only(rows.take(np.flatnonzero(is_other)))


def _rule(finding: Finding) -> str:
    return finding.source_shape.rpartition("/")[2]
