"""What a delivery keeps of identity: by which links its cells were read, what a change restates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.artifacts import ArtifactStore
from ontology.columns import Table, empty_table

IntArray = npt.NDArray[np.int64]
IntMatrix = npt.NDArray[np.int64]
WITHDRAWN = -(2**62)
"""The standing of what is taken back: below every source, so that whatever is said later counts."""
_RANKS = ("standing", "order")


def _no_links() -> Table:
    return empty_table("IdentityLink")


@dataclass(frozen=True)
class Linked:
    """Links (rows of IdentityLink), and what they did.

    `used` has, per class and field, the link by which the cell of each row was read: a row of
    `links`, or -1. `ranks` has, per class that a change of links restates, int64 of shape
    (rows, 2): the standing and the order of the statement that each row repeats. Such rows stand
    whatever stood before.
    """

    links: Table = field(default_factory=_no_links)
    used: Mapping[str, Mapping[str, IntArray]] = field(default_factory=dict)
    ranks: Mapping[str, IntMatrix] = field(default_factory=dict)

    def in_order(self, rows: Mapping[str, npt.NDArray[np.intp] | slice]) -> "Linked":
        """The same for these classes alone, their rows in another order."""
        used = {name: {field: at[rows[name]] for field, at in fields.items()}
                for name, fields in self.used.items() if name in rows}  # fmt: skip
        ranks = {name: ranks[rows[name]] for name, ranks in self.ranks.items() if name in rows}
        return Linked(self.links, used, ranks)

    def own(self, table: Table) -> Table:
        """A table of the delivery in the source's own identifiers."""
        columns = dict(table.columns)
        for name, at in self.used.get(table.name, {}).items():
            rows = np.flatnonzero(at >= 0)
            column = columns[name].copy()
            column[rows] = self.links["external_id"][at[rows]]
            columns[name] = column
        return Table(table.name, columns)


def linked_document(store: ArtifactStore, linked: Linked) -> dict[str, Any]:
    """What a manifest says of the links as a whole: nothing where there are none."""
    return {"links": {"artifact": store.put_table(linked.links)}} if len(linked.links) else {}


def linked_entry(store: ArtifactStore, linked: Linked, name: str) -> dict[str, Any]:
    """What a manifest says of them at a class, row by row."""
    told: dict[str, Any] = {}
    used = linked.used.get(name, {})
    if used:
        fields = sorted(used)
        matrix = np.column_stack([used[each] for each in fields])
        told["used"] = {"artifact": store.put_matrix(matrix, tuple(fields)), "fields": fields}
    if name in linked.ranks:
        told["ranks"] = {"artifact": store.put_matrix(linked.ranks[name], _RANKS)}
    return told


def ranks_of(store: ArtifactStore, entries: Mapping[str, Any]) -> dict[str, IntMatrix]:
    """The ranks that the tables of a manifest state."""
    return {name: store.get_matrix(entry["ranks"]["artifact"])
            for name, entry in entries.items() if "ranks" in entry}  # fmt: skip


def linked_of(store: ArtifactStore, manifest: Mapping[str, Any]) -> Linked:
    """All that a manifest says of links."""
    entries = manifest["tables"]
    used = {}
    for name, entry in entries.items():
        if "used" in entry:
            matrix = store.get_matrix(entry["used"]["artifact"])
            used[name] = {each: matrix[:, at] for at, each in enumerate(entry["used"]["fields"])}
    links = manifest.get("links")
    table = store.get_table(links["artifact"]) if links else _no_links()
    return Linked(table, used, ranks_of(store, entries))
