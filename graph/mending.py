"""What a delivery keeps so that its rows can be mended, and which rows of others it settles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.artifacts import ArtifactStore

IntMatrix = npt.NDArray[np.int64]
_PLACE = ("event", "row")
_CLOCKS = ("since", "standing", "order")


def _none() -> IntMatrix:
    return np.zeros((0, 2), np.int64)


def _no_clocks() -> IntMatrix:
    return np.zeros((0, 3), np.int64)


@dataclass(frozen=True)
class Mending:
    """The mapping's text (the digest of its artifact), the headers of files with rows set aside.

    `settles` is int64 of shape (rows, 2): event and position (from 0) of rows that were set aside
    before and that this delivery settles. `clocks` is int64 of shape (rows, 3), of the rows that
    it sets aside itself: since when they would be true, the standing of their source, its order.
    """

    mapping_text: str = ""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settles: IntMatrix = field(default_factory=_none)
    clocks: IntMatrix = field(default_factory=_no_clocks)


def mending_document(store: ArtifactStore, mending: Mending) -> dict[str, Any]:
    """What a manifest says of it: nothing where there is nothing to say."""
    told: dict[str, Any] = {}
    if mending.mapping_text:
        told["mapping_text"] = {"artifact": mending.mapping_text}
        told["headers"] = {name: list(columns) for name, columns in mending.headers.items()}
    if len(mending.settles):
        told["settles"] = {"artifact": store.put_matrix(mending.settles, _PLACE)}
    if len(mending.clocks):
        told["clocks"] = {"artifact": store.put_matrix(mending.clocks, _CLOCKS)}
    return {"mending": told} if told else {}


def mending_of(store: ArtifactStore, manifest: Mapping[str, Any]) -> Mending:
    """What a manifest says of mending."""
    told = manifest.get("mending", {})
    return Mending(
        told.get("mapping_text", {}).get("artifact", ""),
        {name: tuple(columns) for name, columns in told.get("headers", {}).items()},
        store.get_matrix(told["settles"]["artifact"]) if "settles" in told else _none(),
        store.get_matrix(told["clocks"]["artifact"]) if "clocks" in told else _no_clocks(),
    )
