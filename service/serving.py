"""What each process serves: the release in force as it sees it, told to the others by a file."""

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson

from governance.scopes import EVERYWHERE
from graph.disk import write_durably
from ontology.canonical import canonical
from ontology.events import micros_of
from service.house import House

FOLDER = "serving"
BEAT_SECONDS, STALE_SECONDS = 10, 60
"""So often a process tells what it serves; who has said nothing for so long is gone."""
_FIELDS = {"process", "seen_micros", "sequence", "shipped", "in_force"}


@dataclass(frozen=True, slots=True)
class Served:
    """What one process serves: by scope in words the digest in force, as of a governance event."""

    process: str
    seen_micros: int
    sequence: int
    shipped: str
    in_force: Mapping[str, str]


@dataclass(frozen=True)
class Heartbeat:
    """Tells what this process serves, as a file of the data folder that is its own."""

    house: House
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"
    )

    def beat(self, now: datetime | None = None) -> Served:
        """Say what is served now. Raises OutsideError where the folder cannot be written."""
        found = served(self.house, self.name, now or datetime.now(UTC))
        folder = self.house.settings.data_folder / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(self._path, canonical(asdict(found)))
        return found

    def end(self) -> None:
        """The process serves no more."""
        self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.house.settings.data_folder / FOLDER / f"{self.name}.json"


def served(house: House, process: str, now: datetime) -> Served:
    """What this process serves, by every scope that anything was put in force for."""
    state, at = house.ledger.present(now)
    scopes = {EVERYWHERE, *(each.scope for each in state.releases.timeline)}
    whole = state.governing("", at, house.shipped.digest).whole
    said = {scope.words: state.releases.standing(scope, at) for scope in scopes}
    said[EVERYWHERE.words] = whole
    said |= {f"canary {case.digest}": case.digest for case, _ in state.releases.canaries(at)}
    return Served(process, micros_of(now), state.sequence, house.shipped.digest,
                  dict(sorted(said.items())))  # fmt: skip


def processes(data_folder: Path, now: datetime) -> list[Served]:
    """What every process says that was heard of lately; the files of others are removed."""
    found = []
    for path in sorted((data_folder / FOLDER).glob("*.json")):
        said = _read(path)
        if said is None or micros_of(now) - said.seen_micros > STALE_SECONDS * 1_000_000:
            with suppress(OSError):
                path.unlink()
        else:
            found.append(said)
    return found


def remarks(told: Sequence[Served]) -> list[str]:
    """What is not as it should be: processes that differ, and code that is not what governs."""
    found = []
    if len({tuple(sorted(each.in_force.items())) for each in told}) > 1:
        last = max(each.sequence for each in told)
        late = [each.process for each in told if each.sequence < last]
        found.append("processes serve different releases"
                     + (f"; behind: {', '.join(late)}" if late else ""))  # fmt: skip
    if len({each.shipped for each in told}) > 1:
        found.append("processes were started from different code: their shipped releases differ")
    whole = EVERYWHERE.words
    for shipped, force in sorted({(each.shipped, each.in_force[whole]) for each in told}):
        if shipped != force:
            found.append(f"release {force[:12]} is in force, not {shipped[:12]}, which came with "
                         "the code")  # fmt: skip
    return found


def in_force_at(house: House, chain: str, at: datetime | None = None) -> dict[str, Any]:
    """What governs a chain (empty: all others) at a time: the whole, and each part."""
    state, present = house.ledger.present()
    when = at or present
    found = state.governing(chain, when, house.shipped.digest)
    return {"chain": chain, "at": when, "sequence": state.sequence, "whole": found.whole,
            "shipped": house.shipped.digest, "parts": [asdict(part) for part in found.parts]
            }  # fmt: skip


def _read(path: Path) -> Served | None:
    try:
        said = orjson.loads(path.read_bytes())
        return Served(**said) if set(said) == _FIELDS else None
    except (OSError, ValueError, TypeError):
        return None
