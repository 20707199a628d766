"""All gates over one delivery: a verdict per row, and whether the feed goes on at all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from feeds.gates.balances import impossible_balances
from feeds.gates.findings import MARK, NO_ROW, QUARANTINE, VERDICTS, GateFinding
from feeds.gates.outliers import outliers
from feeds.gates.packs import unit_mismatches
from feeds.gates.past import Past
from feeds.gates.resent import likely_resends
from feeds.gates.shift import shifts
from feeds.gates.silence import sequence_findings, silences
from feeds.gates.thresholds import DEFAULTS, Thresholds
from feeds.gates.transitions import (
    expired_lots,
    moments_off_their_day,
    wrong_days,
    wrong_signs,
)
from ontology.columns import Table
from ontology.findings import SEVERITIES

Verdicts = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Judgement:
    """What the gates say of a delivery.

    `findings` are in the order of class, row and code. `verdicts` has one of ACCEPT, MARK and
    QUARANTINE per row of each class: the strictest of the row's findings. `set_aside` counts rows
    that reading had refused before, of `rows` in all.
    """

    findings: tuple[GateFinding, ...]
    verdicts: Mapping[str, Verdicts]
    rows: int
    set_aside: int
    limits: Thresholds = field(default=DEFAULTS)

    @cached_property
    def quarantined(self) -> int:
        """How many rows the gates quarantine."""
        return sum(int((verdicts == QUARANTINE).sum()) for verdicts in self.verdicts.values())

    @property
    def stops(self) -> bool:
        """Whether more than the set share of rows is bad, so that nothing of it is to be loaded."""
        bad = self.set_aside + self.quarantined
        enough = self.rows >= self.limits.stop_least_rows
        return enough and 100 * bad > self.limits.stop_share_percent * self.rows

    @property
    def marked(self) -> tuple[GateFinding, ...]:
        """The findings for which something is marked: a row that stays, or what is missing."""
        return tuple(
            finding for finding in self.findings
            if VERDICTS[finding.severity] == MARK and self._stays(finding)
        )  # fmt: skip

    def summary(self) -> dict[str, int]:
        """How often each code was found, by code."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def line(self) -> str:
        """The judgement in one line."""
        bad = self.set_aside + self.quarantined
        if not self.stops:
            return f"{bad} of {self.rows} rows set aside, {len(self.marked)} marks"
        share = self.limits.stop_share_percent
        return (
            f"{bad} of {self.rows} rows would be set aside, more than {share} %: nothing is loaded"
        )

    def _stays(self, finding: GateFinding) -> bool:
        verdicts = self.verdicts.get(finding.class_name)
        gone = finding.row != NO_ROW and verdicts is not None
        return not gone or verdicts is None or verdicts[finding.row] != QUARANTINE


def judge(
    tables: Mapping[str, Table], past: Past, *, limits: Thresholds = DEFAULTS,
    severities: Mapping[str, str] | None = None, set_aside: int = 0, source: str = "",
    sequence: int | None = None, is_full: bool = True,
) -> Judgement:  # fmt: skip
    """Hold a delivery to every gate. Pure: the same delivery and past, the same judgement.

    `severities` gives a code another severity than its own (`Info` only records it). `set_aside`
    rows were refused when the files were read; they count towards stopping. `sequence` is the
    delivery's number in its source's own count; one that `is_full` repeats all that stands, so
    that what is absent from it is silent. Raises ValueError for an unknown severity.
    """
    chosen = severities or {}
    for severity in chosen.values():
        if severity not in SEVERITIES:
            raise ValueError(f"`{severity}` is no severity")
    mine = dict(tables)
    heard = [d.sequence for d in past.deliveries if d.sequence is not None]
    found = [
        *sequence_findings(source, sequence, heard),
        *silences(mine, past, limits, is_full=is_full), *shifts(mine, past, limits),
        *wrong_days(mine), *wrong_signs(mine), *moments_off_their_day(mine),
        *expired_lots(mine, past),
        *impossible_balances(mine, past),
        *likely_resends(mine, past, limits), *_values(mine, past, limits),
    ]  # fmt: skip
    found = [replace(one, severity=chosen.get(one.code, one.severity)) for one in found]
    rows = sum(map(len, mine.values())) + set_aside
    return Judgement(tuple(sorted(found)), _verdicts(mine, found), rows, set_aside, limits)


def _values(tables: dict[str, Table], past: Past, limits: Thresholds) -> list[GateFinding]:
    """Units and outliers: a row that is counted in another unit is not told of twice."""
    units = unit_mismatches(tables, past, limits)
    known = {(finding.class_name, finding.row, finding.column) for finding in units}
    return units + [
        finding for finding in outliers(tables, past, limits)
        if (finding.class_name, finding.row, finding.column) not in known
    ]  # fmt: skip


def _verdicts(tables: dict[str, Table], found: list[GateFinding]) -> dict[str, Verdicts]:
    verdicts = {name: np.zeros(len(table), np.int8) for name, table in tables.items()}
    for finding in found:
        if finding.row != NO_ROW:
            rows = verdicts[finding.class_name]
            rows[finding.row] = max(int(rows[finding.row]), VERDICTS[finding.severity])
    return verdicts
