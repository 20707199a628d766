"""What a log, its states and its graph come to in a few digests; and a log appended again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.progress import Progress, silent
from graph.projection import Projection, read_back
from graph.recovery.segments import SegmentFile
from graph.snapshot import SnapshotReader
from graph.statements import read
from ontology.canonical import digest_of
from ontology.columns import Snapshot
from ontology.events import PLAN_MADE
from ontology.vocabulary import MEASUREMENTS


@dataclass(frozen=True, slots=True)
class Digests:
    """The log's size and root, and per chain the digests of its state and of what the graph shows.

    `expected` is what the graph must show of each chain; `plans` and `expected_plans` are digests
    over all plans with the numbers of their lines and shortfalls, in the graph and in the log.
    """

    sequence: int
    root: str
    states: Mapping[str, str]
    graph: Mapping[str, str]
    expected: Mapping[str, str]
    plans: str
    expected_plans: str

    @property
    def agree(self) -> bool:
        """Whether the graph shows what the log says."""
        return (self.graph, self.plans) == (self.expected, self.expected_plans)


def digests(projection: Projection) -> Digests:
    """Look at everything: leaves, root, the fold of each chain from its first event, the graph.

    Raises StateError `LOG_BROKEN`, OutsideError `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`.
    """
    log = projection.log
    head = log.audit()
    reader = SnapshotReader(log, projection.store)  # no checkpoint: the log alone is the truth
    read_all = {chain: reader.read(chain, head.projected) for chain in log.chains()}
    folded = {chain: found for chain, found in read_all.items() if found.tables}
    shown = {chain: read_back(log.driver, chain, head.projected) for chain in folded}
    plans = [[row["plan"], row["lines"], row["shortfalls"]]
             for row in read(log.driver, "digest_plans", {})]  # fmt: skip
    return Digests(
        head.sequence, head.tree.root.hex(),
        {chain: snapshot.digest for chain, snapshot in folded.items()},
        {chain: snapshot.digest for chain, snapshot in shown.items()},
        {chain: _in_graph(snapshot).digest for chain, snapshot in folded.items()},
        digest_of(plans), digest_of(_plans_of(projection, head.projected)),
    )  # fmt: skip


def replay(
    projection: Projection, files: Iterable[SegmentFile], progress: Progress = silent
) -> int:  # fmt: skip
    """Append and project the events of segments that are not here yet; gives the last one.

    Raises OutsideError `LOG_DIVERGED` where what is here is no beginning of theirs,
    `ARTIFACT_MISSING` or `ARTIFACT_CORRUPT`.
    """
    done = projection.catch_up()
    for file in files:
        for record in file.records:
            if record["sequence"] >= done:  # the last one that is here is looked at, too
                progress("appending events", record["sequence"], 0)
                projection.append_again(record)
    return projection.log.head().sequence


def _in_graph(snapshot: Snapshot) -> Snapshot:
    """A snapshot without what stays columns."""
    tables = {name: table for name, table in snapshot.tables.items() if name not in MEASUREMENTS}
    return Snapshot(snapshot.sequence, tables)


def _plans_of(projection: Projection, upto: int) -> list[list[Any]]:
    made = [event.payload["record"] for event in projection.log.events(upto=upto)
            if event.kind == PLAN_MADE]  # fmt: skip
    return sorted([one["digest"], one["line_count"], one["shortfall_count"]] for one in made)
