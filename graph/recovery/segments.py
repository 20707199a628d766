"""Segments: the log as append-only files beside the artifacts, for when the database is lost."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from graph.disk import sync_folder, write_durably, writing
from graph.merkle import CompactRange, fold
from graph.recovery.records import UNREADABLE, Record, record_fault
from graph.transparency.tree_hashes import TreeHashes
from ontology.canonical import canonical, digest
from ontology.errors import OutsideError

SEGMENT_FORMAT = "evenkeel-segment/1"
SEGMENT_EVENTS = 1_000
"""So many events are in a closed segment."""

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""

_SUM = 64


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the segments end: the tree over all their leaves, and the last leaf."""

    tree: CompactRange = field(default_factory=CompactRange)
    leaf: str = ""

    @property
    def sequence(self) -> int:
        """The last event that they hold."""
        return self.tree.size


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """What one file holds: whole lines only, up to byte `whole_bytes`."""

    path: Path
    start: CompactRange
    records: tuple[Record, ...]
    end: Tail
    closed: bool
    whole_bytes: int


class Segments:
    """The segment files of one data folder: `<first sequence>.jsonl`, each line with its SHA-256.

    The first line of a file holds the peaks of the tree before it, the last line of a closed one
    the root that it ends at; each line between is an event with all that it takes to append it
    again. What `write_held` has returned from survives a power cut. Any number of threads and
    processes may write, each while it holds them. The hashes of the tree, from which proofs are
    made, are kept beside them as far as the disk allows.
    """

    def __init__(self, folder: Path, segment_events: int = SEGMENT_EVENTS) -> None:
        self.folder = folder
        self.hashes = TreeHashes(folder / "tree.hashes")
        self._segment_events = segment_events
        self._known: tuple[Path, int, SegmentFile] | None = None
        self._lock = Lock()

    def files(self) -> list[Path]:
        """The files in their order."""
        found = self.folder.glob("[0-9]" * 12 + ".jsonl")
        return sorted(path for path in found if path.is_file())

    def tail(self) -> Tail:
        """Where they end. Raises OutsideError `SEGMENT_CORRUPT` where the last file is none."""
        last = self._last()
        return last.end if last is not None else Tail()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the segments: nobody else writes them while the block runs."""
        with self._lock, self._writing():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.folder / "writing.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)

    def write_held(self, records: Sequence[Record]) -> None:
        """Bring records, the first of which follows the last that is here, by who holds them.

        Raises OutsideError `DISK_FULL`, `LOG_NOT_WRITTEN`, `SEGMENT_CORRUPT`, and `LOG_DIVERGED`
        where they do not follow.
        """
        missing = list(records)
        while missing:
            file = self._open_file(self._last())
            if missing[0]["sequence"] != file.end.sequence + 1:
                raise diverged(file.end.sequence + 1)
            room = max(1, self._segment_events - len(file.records))
            self._extend(file, missing[:room])
            del missing[:room]

    def read(self) -> Iterator[SegmentFile]:
        """Every file, checked: each begins where the one before it ends, and closed ones add up.

        Raises OutsideError `SEGMENT_CORRUPT` naming the first file that does not, and what of the
        log is before it. A torn end of the last file is left out.
        """
        yield from in_order([(path, path.read_bytes) for path in self.files()])

    def start_before(self, size: int) -> CompactRange:
        """The tree before the last file of those that hold one of the first `size` events.

        Raises OutsideError `SEGMENT_CORRUPT`.
        """
        files = [path for path in self.files() if int(path.stem) <= size]
        if not files:
            return CompactRange()
        with files[-1].open("rb") as file:
            line = file.readline().removesuffix(b"\n")
        try:
            return _start(files[-1], orjson.loads(line[_SUM + 1 :])) if line else CompactRange()
        except UNREADABLE as error:
            raise corrupt(files[-1], "it is not what was written", 0) from error

    def leaves(self, after: int) -> Iterator[bytes]:
        """The leaf hashes of the files that begin after so many events, in order.

        They are read quickly, and believed: the caller compares the root that they give.
        """
        for path in self.files():
            if int(path.stem) > after:
                yield from _leaves(path)

    def adopt(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Put checked files of another copy of this log into the folder."""
        with self.held():
            for name, data in files:
                write_durably(self.folder / name, data)

    def _last(self) -> SegmentFile | None:
        """The last file with a whole first line; read again only where somebody wrote since."""
        if self._known is not None and _is_still_last(*self._known):
            return self._known[2]
        files = self.files()
        if not files:
            return None
        key = (files[-1], files[-1].stat().st_size)
        if self._known is None or self._known[:2] != key:
            found = _file_at(files.pop())
            while files and not found.records:  # begun, but nothing in it yet
                before = _file_at(files.pop())
                found = replace(found, end=before.end) if found.whole_bytes else before
                if found.end.leaf:
                    break
            self._known = (*key, found)
        return self._known[2]

    def _open_file(self, last: SegmentFile | None) -> SegmentFile:
        """The file that takes the next record: the last one, or a new one after closing that."""
        end = last.end if last is not None else Tail()
        if last is not None and not last.closed and last.whole_bytes:
            if len(last.records) < self._segment_events:
                return last
            self._append(last, line_of({"closed": end.sequence, "root": end.tree.root.hex()}))
        path = self.folder / f"{end.sequence + 1:012}.jsonl"
        fresh = SegmentFile(path, end.tree, (), end, closed=False, whole_bytes=0)
        peaks = [peak.hex() for peak in end.tree.peaks]
        first = {"format": SEGMENT_FORMAT, "after": end.sequence, "peaks": peaks}
        size = self._append(fresh, line_of(first))
        sync_folder(self.folder)
        return replace(fresh, whole_bytes=size)

    def _extend(self, file: SegmentFile, records: Sequence[Record]) -> None:
        size = self._append(file, b"".join(map(line_of, records)))
        leaves = [bytes.fromhex(record["leaf"]) for record in records]
        end = Tail(fold(leaves, file.end.tree), records[-1]["leaf"])
        self.hashes.extend(file.end.tree, leaves)
        self._known = (
            file.path, size,
            replace(file, records=(*file.records, *records), end=end, whole_bytes=size),
        )  # fmt: skip

    def _append(self, file: SegmentFile, data: bytes) -> int:
        """Append lines after the whole ones, cutting off what a crash left; gives the size."""
        handle = os.open(file.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, file.whole_bytes)
            if os.pwrite(handle, data, file.whole_bytes) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
        return file.whole_bytes + len(data)

    def _writing(self) -> AbstractContextManager[None]:
        hint = "make the data folder writable; what the database holds is safe"
        return writing(self.folder, refused="LOG_NOT_WRITTEN", hint=hint)


def _is_still_last(path: Path, size: int, file: SegmentFile) -> bool:
    """Whether a file is as it was: another is begun only after this one gains its closing line."""
    if file.closed or (file.path, file.whole_bytes) != (path, size):
        return False
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _leaves(path: Path) -> Iterator[bytes]:
    """The leaves of the whole lines of a file."""
    data = path.read_bytes()
    for line in data[: data.rfind(b"\n") + 1].splitlines()[1:]:
        try:
            record = orjson.loads(line[_SUM + 1 :])
            if "leaf" in record:
                yield bytes.fromhex(record["leaf"])
        except UNREADABLE:
            file_of(path, data)  # tells which line it is
            return


def line_of(document: Mapping[str, Any]) -> bytes:
    """A document as a line: its SHA-256, a blank, its canonical bytes."""
    body = canonical(document)
    return digest(body).encode() + b" " + body + b"\n"


def in_order(files: Sequence[tuple[Path, Callable[[], bytes]]]) -> Iterator[SegmentFile]:
    """The files of a log by name and content, each checked as `Segments.read` says."""
    end = Tail()
    for number, (path, content) in enumerate(files):
        data = content()
        found = file_of(path, data)
        is_last = number == len(files) - 1
        if is_last and found.whole_bytes == 0:
            return
        if not is_last and (not found.closed or found.whole_bytes < len(data)):
            raise corrupt(path, "it breaks off before its end", end.sequence)
        if found.start != end.tree:
            raise corrupt(path, "it does not begin where the one before it ends", end.sequence)
        yield found
        end = found.end if found.records else end


def file_of(path: Path, data: bytes) -> SegmentFile:
    """The content of one file up to its last whole line. Raises OutsideError `SEGMENT_CORRUPT`.

    Where the last line breaks off, or sectors of it are empty, a crash left it: it was never
    acknowledged. Anything else that does not add up was changed afterwards.
    """
    try:
        return _file_of(path, data)
    except UNREADABLE as error:
        raise corrupt(path, "it is not what was written", 0) from error


def _file_of(path: Path, data: bytes) -> SegmentFile:
    documents, whole = _whole_lines(path, data)
    if not documents:
        return SegmentFile(path, CompactRange(), (), Tail(), closed=False, whole_bytes=0)
    start = _start(path, documents[0])
    closed = "closed" in documents[-1]
    records = tuple(documents[1 : -1 if closed else None])
    end = Tail(start)
    for record in records:
        fault = record_fault(record, end.sequence + 1)
        if fault:
            raise corrupt(path, f"event {end.sequence + 1} {fault}", end.sequence)
        end = Tail(end.tree.append(bytes.fromhex(record["leaf"])), record["leaf"])
    if closed and (end.sequence, end.tree.root.hex()) != (
        documents[-1]["closed"], documents[-1].get("root"),
    ):  # fmt: skip
        raise corrupt(path, "its root is not that of its events", start.size)
    return SegmentFile(path, start, records, end, closed, whole)


def _file_at(path: Path) -> SegmentFile:
    return file_of(path, path.read_bytes())


def _whole_lines(path: Path, data: bytes) -> tuple[list[Record], int]:
    """The lines up to the last whole one, and how many bytes those are."""
    documents: list[Record] = []
    place = 0
    while (end := data.find(b"\n", place)) >= 0 and _is_whole(data[place:end]):
        documents.append(orjson.loads(data[place + _SUM + 1 : end]))
        place = end + 1
    if not _is_torn(data, place):
        why = f"line {len(documents) + 1} was changed"
        raise corrupt(path, why, _last_event(documents))
    return documents, place


def _is_whole(line: bytes) -> bool:
    return digest(line[_SUM + 1 :]).encode() + b" " == line[: _SUM + 1]


def _is_torn(data: bytes, place: int) -> bool:
    """Whether what a power cut leaves of one write can be all that is after a place.

    That is a beginning of it, or sectors of it that were never written, which read as zeros. A
    line that came to its end and does not add up was whole once, and then changed.
    """
    rest = data[place:]
    if any(map(_is_whole, rest.split(b"\n")[1:-1])):
        return False  # what is after it was written later, so it was once whole
    if b"\n" in rest or _is_whole(rest[:-1]):
        return _has_empty_sector(data, place)
    return True


def _has_empty_sector(data: bytes, place: int) -> bool:
    """Whether a sector of the disk that lies after a place, as far as it does, is all zeros."""
    starts = (place, *range(place + SECTOR_BYTES - place % SECTOR_BYTES, len(data), SECTOR_BYTES))
    sectors = (data[start : start + SECTOR_BYTES - start % SECTOR_BYTES] for start in starts)
    return any(sector and not any(sector) for sector in sectors)


def _last_event(documents: Sequence[Record]) -> int:
    """The event that lines end with, as far as they say it."""
    last = documents[-1] if documents else {}
    stated = [last[name] for name in ("sequence", "after", "closed") if name in last]
    return int(stated[0]) if stated else 0


def _start(path: Path, first: Record) -> CompactRange:
    if first.get("format") != SEGMENT_FORMAT:
        raise corrupt(path, f"it is not of the format {SEGMENT_FORMAT}", 0)
    return CompactRange(first["after"], tuple(bytes.fromhex(peak) for peak in first["peaks"]))


def corrupt(path: Path, why: str, sound: int) -> OutsideError:
    """The error for a file that is not what was written."""
    return OutsideError(
        f"segment `{path.name}` of the log is damaged: {why}", code="SEGMENT_CORRUPT",
        hint=f"up to event {max(sound, 0)} all is sound; `evenkeel restore FOLDER --missing` puts "
        "it back from a backup, or delete the folder `log` while the database is whole",
    )  # fmt: skip


def diverged(sequence: int) -> OutsideError:
    """The error for a database and segments that are not of one log."""
    return OutsideError(
        f"the database and the segments of the log differ at event {sequence}",
        code="LOG_DIVERGED", hint="the data folder and the database belong to different logs: "
        "restore both from one backup",
    )  # fmt: skip
