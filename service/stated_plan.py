"""What a plan document states, whoever wrote it: read within limits, and never trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from graph.artifacts import ArtifactStore
from ontology.canonical import LARGEST_INTEGER
from ontology.canonical_columns import columns_from
from ontology.errors import InputError
from solver.network.columns import IntArray

MOST_BYTES = 256 * 10**6
"""Of a plan document: one of 50,000 items has about 170 MB."""

MOST_PARTS = 20 * 10**6
"""Brackets, commas and colons of a document: in memory it takes up to 100 bytes for each."""

MOST_ARTIFACT_BYTES = 512 * 10**6
"""Of a network or a certificate: nine million arcs have about 400 MB."""

_BLOCK = 2**24
_DIGITS = frozenset("0123456789abcdef")

MOST_REFUSALS, MOST_LETTERS = 20, 400
"""So many refusals of a check are told, each at most so long: a document is quoted in them."""


def document_from(path: Path) -> Any:
    """The JSON document of a file.

    Raises InputError `PLAN_UNREADABLE`, also where an object states a name twice (readers of JSON
    differ on which of them counts), and `PLAN_TOO_LARGE` before anything is made of it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        _refuse_large(f"`{path}`", len(data), MOST_BYTES)
        _refuse_dense(f"`{path}`", data)
        document = orjson.loads(data)
    except (OSError, orjson.JSONDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise InputError(
            f"`{path}` cannot be read: {reason}",
            hint="give a plan.json that `evenkeel plan --json` printed", code="PLAN_UNREADABLE",
        ) from error  # fmt: skip
    _refuse_stated_twice(f"`{path}`", data, document)
    return document


def document_at(store: ArtifactStore, name: str) -> Any:
    """The document of an artifact. Raises as `document_from` and `ArtifactStore.get`."""
    data = _artifact(store, name, MOST_BYTES)
    _refuse_dense(f"artifact `{name}`", data)
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(f"artifact `{name}` is not JSON", code="BAD_PLAN") from error


def content_of(part: Mapping[str, Any], store: ArtifactStore | None) -> Mapping[str, Any]:
    """The columns of a network or a certificate: in the plan itself, or in the artifact named.

    Raises InputError `ARTIFACTS_WANTED`, `PLAN_TOO_LARGE`, or OutsideError as `ArtifactStore.get`.
    """
    if "inline" in part:
        return part["inline"]  # type: ignore[no-any-return]
    if store is None:
        raise InputError(
            f"the plan names its network and certificate (`{clipped(str(part['artifact']))}`)",
            hint="give the folder that holds them with `--artifacts`", code="ARTIFACTS_WANTED",
        )  # fmt: skip
    return columns_from(_artifact(store, part["artifact"], MOST_ARTIFACT_BYTES))


def column(values: Any, name: str) -> IntArray:
    """A stated column. Raises InputError `BAD_PLAN` or `NUMBER_RANGE`."""
    if isinstance(values, np.ndarray):
        return values  # of an artifact: exact as read
    if not isinstance(values, list) or not set(map(type, values)) <= {int}:
        raise InputError(f"`{name}` is not a list of whole numbers", code="BAD_PLAN")
    if values and (max(values) > LARGEST_INTEGER or min(values) < -LARGEST_INTEGER):
        raise InputError(f"`{name}` holds a number beyond ±{LARGEST_INTEGER}", code="NUMBER_RANGE")
    return np.array(values, np.int64)


def whole(value: Any, name: str) -> int:
    """A stated number. Raises InputError `BAD_PLAN` unless it is a whole one."""
    if type(value) is not int:
        raise InputError(f"`{name}` is not a whole number", code="BAD_PLAN")
    return value


def is_digest(name: str) -> bool:
    """Whether a text is a SHA-256 in hexadecimal, and so the name of an artifact."""
    return len(name) == 64 and _DIGITS.issuperset(name)


def told(lines: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The first of many lines, none of them endless."""
    more = len(lines) - MOST_REFUSALS
    rest = (f"and {more:,} more",) if more > 0 else ()
    return tuple(map(clipped, lines[:MOST_REFUSALS])) + rest


def clipped(text: str) -> str:
    """A text of at most `MOST_LETTERS` letters."""
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 3]}..."


def _artifact(store: ArtifactStore, name: Any, most: int) -> bytes:
    if not isinstance(name, str):
        raise InputError("the plan names an artifact by no text", code="BAD_PLAN")
    if store.has(name):
        _refuse_large(f"artifact `{name}`", store.size(name), most)
    return store.get(name)


def _refuse_stated_twice(what: str, data: bytes, document: Any) -> None:
    """Raises where fewer names came out of a text than stand in it, or it is nested deeply."""
    try:
        is_twice = _names_in(data) != _names_in(orjson.dumps(document))
        why = "an object in it states a name twice, and readers differ on which one counts"
    except orjson.JSONEncodeError:
        is_twice, why = True, "it is nested too deeply"
    if is_twice:
        raise InputError(f"{what} cannot be read: {why}", code="PLAN_UNREADABLE",
                         hint="give the plan.json as it was written")  # fmt: skip


def _names_in(data: bytes) -> int:
    """How many names the objects of a JSON text have: its colons outside of texts."""
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    found, is_inside = 0, 0
    for start in range(0, len(plain), _BLOCK):
        block = np.frombuffer(plain, np.uint8, min(_BLOCK, len(plain) - start), start)
        inside = (np.cumsum(block == ord('"'), dtype=np.uint8) + is_inside) & 1
        found += int(np.count_nonzero((block == ord(":")) & (inside == 0)))
        is_inside = int(inside[-1])
    return found


def _refuse_large(what: str, size: int, most: int) -> None:
    if size > most:
        raise InputError(
            f"{what} has more than {most // 10**6:,} MB, which is the most that is read",
            code="PLAN_TOO_LARGE", hint="no plan of 50,000 items has as much",
        )  # fmt: skip


def _refuse_dense(what: str, data: bytes) -> None:
    parts = sum(map(data.count, (b"[", b"{", b",", b":")))
    if parts > MOST_PARTS:
        raise InputError(
            f"{what} has {parts:,} parts, and at most {MOST_PARTS:,} are read",
            code="PLAN_TOO_LARGE", hint="no plan of 50,000 items has as many",
        )  # fmt: skip
