"""Laws of segments: what was acknowledged is in a file; what is torn or changed is named."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from neo4j import Driver

from graph.log import Log
from graph.merkle import CompactRange
from graph.migrate import migrate
from graph.recovery.records import Record, event_of, leaf_of, record_of
from graph.recovery.segments import (
    SECTOR_BYTES,
    SegmentFile,
    Segments,
    Tail,
    file_of,
    line_of,
)
from ontology.errors import EvenkeelError, OutsideError, StateError
from ontology.events import Event, NewEvent
from tests.graph.conftest import empty_the_graph
from tests.limits import largest_file

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def request(number: int) -> NewEvent:
    return NewEvent(
        "feed.loaded", f"key {number}", "ada", NOON, payload={"chain": "c", "n": number}
    )


def record(number: int, text: str = "") -> Record:
    payload = {"chain": "c", "n": number} | ({"text": text} if text else {})
    event = Event(number, "feed.loaded", f"key {number}", "ada", NOON, NOON, "", payload,
                  f"{number:064x}", "")  # fmt: skip
    return record_of(event, "body") | {"leaf": leaf_of(event)}


def written(folder: Path, events: int, per_file: int = 3) -> Segments:
    segments = Segments(folder, per_file)
    with segments.held():
        segments.write_held([record(number) for number in range(1, events + 1)])
    return segments


def sequences(segments: Segments) -> list[int]:
    return [one["sequence"] for file in segments.read() for one in file.records]


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    return Segments(tmp_path / "log", 3)


@pytest.fixture
def log(database: Driver, segments: Segments) -> Log:
    """An empty log that keeps segments of three events."""
    empty_the_graph(database)
    migrate(database)
    return Log(database, segments=segments)


@pytest.mark.parametrize("events", [1, 3, 4, 7])
def test_what_is_written_is_read(tmp_path: Path, events: int) -> None:
    """Every event is there as it was, in files that each begin where the one before it ends."""
    files = list(written(tmp_path, events).read())
    assert [record(n) for n in range(1, events + 1)] == [r for f in files for r in f.records]
    assert [True] * (len(files) - 1) + [False] == [file.closed for file in files]
    assert [CompactRange(), *(file.end.tree for file in files[:-1])] == [f.start for f in files]
    assert events == Segments(tmp_path, 3).tail().sequence


def test_an_acknowledged_event_is_in_the_segments(log: Log, segments: Segments) -> None:
    """When `append` returns, first or again, the segments hold what the database does."""
    for number in range(1, 8):
        log.append(request(number))
        assert number == Segments(segments.folder, 3).tail().sequence
    shutil.rmtree(segments.folder)
    assert log.append(request(2)).replayed
    assert Tail(log.head().tree, log.read()[-1].leaf) == segments.tail()
    assert log.records() == [one for file in segments.read() for one in file.records]


def test_racing_writers_share_the_segments(database: Driver, log: Log, segments: Segments) -> None:
    """Of four writers with readers of their own nobody doubles or leaves out an event."""
    logs = [Log(database, segments=Segments(segments.folder, 3)) for _ in range(4)]

    def work(turn: int) -> None:
        for number in range(5):
            logs[turn].append(request(10 * turn + number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(range(1, 21)) == sequences(segments)
    assert log.head().tree == segments.tail().tree


def test_a_full_disk_acknowledges_nothing_and_doubles_nothing(log: Log, segments: Segments) -> None:
    """What could not be written is an error; sent again it is the same event, and is written."""
    log.append(request(1))
    size = segments.files()[0].stat().st_size
    with largest_file(size + 100):
        assert "DISK_FULL" == code_of(lambda: log.append(request(2)))
    assert [1] == sequences(Segments(segments.folder, 3))
    assert log.append(request(2)).replayed
    assert [1, 2] == sequences(segments)


def cut(path: Path) -> Iterator[int]:
    """A file shortened to every length within its last line, the longest first."""
    data = path.read_bytes()
    begin = data.rfind(b"\n", 0, len(data) - 1) + 1
    for size in range(len(data) - 1, begin - 1, -1):
        path.write_bytes(data[:size])
        yield size


@pytest.mark.parametrize(("events", "left"), [(5, 4), (4, 3), (1, 0), (2, 1)])
def test_a_torn_last_line_loses_nothing_before_it(tmp_path: Path, events: int, left: int) -> None:
    """Cut at every byte of its last line: what is before it stands, and writing goes on."""
    for number, size in enumerate(cut(written(tmp_path / "log", events).files()[-1])):
        torn = Segments(tmp_path / "log", 3)
        assert list(range(1, left + 1)) == sequences(torn), size
        assert left == torn.tail().sequence
        if number % 50 == 0:
            copy = tmp_path / f"copy{number}"
            shutil.copytree(tmp_path / "log", copy)
            mended = Segments(copy, 3)
            with mended.held():
                mended.write_held([record(n) for n in range(left + 1, 9)])
            assert list(range(1, 9)) == sequences(Segments(copy, 3))


@pytest.mark.parametrize("last", [b"", b"0", b"0" * 65 + b"{}", b"\0" * 900])
@pytest.mark.parametrize("events", [1, 3, 4])
def test_a_first_line_that_was_not_finished(tmp_path: Path, last: bytes, events: int) -> None:
    """A file that was begun, or what a crash leaves at the end of one, is written over."""
    segments = written(tmp_path, events)
    if events == 3:
        (tmp_path / "000000000004.jsonl").write_bytes(last)
    else:
        path = segments.files()[-1]
        path.write_bytes(path.read_bytes() + last)
    again = Segments(tmp_path, 3)
    with again.held():
        again.write_held([record(number) for number in range(events + 1, 9)])
    assert list(range(1, 9)) == sequences(Segments(tmp_path, 3))


@pytest.mark.parametrize("events", [1, 2, 3, 4, 5])
def test_a_changed_byte_in_the_last_line_is_damage(tmp_path: Path, events: int) -> None:
    """Any byte of it, its end too: file, line and what to do are named, and nothing is dropped."""
    path = written(tmp_path, events).files()[-1]
    data = path.read_bytes()
    begin = data.rfind(b"\n", 0, len(data) - 1) + 1
    line = data[:begin].count(b"\n") + 1
    for place in (*range(begin, len(data), 5), begin + 64, len(data) - 2, len(data) - 1):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        for work in (lambda: sequences(Segments(tmp_path, 3)), Segments(tmp_path, 3).tail):
            with pytest.raises(OutsideError) as refused:
                work()
            assert ("SEGMENT_CORRUPT", True) == (
                refused.value.code, f"`{path.name}`" in refused.value.what)  # fmt: skip
            assert "up to event" in refused.value.hint
        assert "was changed" not in refused.value.what or f"line {line} " in refused.value.what


def emptied(data: bytes, begin: int) -> Iterator[bytes]:
    """A file of which some sectors of what begins there were never written, or their end."""
    first = begin // SECTOR_BYTES
    last = (len(data) - 1) // SECTOR_BYTES
    for chosen in range(1, 2 ** (last - first + 1)):
        left = bytearray(data)
        for number in range(first, last + 1):
            if chosen >> (number - first) & 1:
                start = max(begin, number * SECTOR_BYTES)
                size = min(len(data), (number + 1) * SECTOR_BYTES) - start
                left[start : start + size] = bytes(size)
        yield bytes(left)


def test_sectors_that_a_power_cut_left_empty(tmp_path: Path) -> None:
    """Whichever sectors of the last line never came to the disk: it was not acknowledged."""
    path = written(tmp_path, 5).files()[-1]
    data = path.read_bytes()
    begin = data.rfind(b"\n", 0, len(data) - 1) + 1
    found = list(emptied(data, begin))
    assert len(found) >= 2
    for left in found:
        path.write_bytes(left)
        assert [1, 2, 3, 4] == sequences(Segments(tmp_path, 3))


def test_an_empty_sector_before_a_whole_line_is_damage(tmp_path: Path) -> None:
    """What was written later is there, so what is before it was once whole: nothing is dropped."""
    segments = Segments(tmp_path)
    with segments.held():
        segments.write_held([record(number, "x" * 2 * SECTOR_BYTES) for number in (1, 2, 3)])
    path = segments.files()[-1]
    data = path.read_bytes()
    last = data.rfind(b"\n", 0, len(data) - 1)
    starts = [start for start in range(0, last - SECTOR_BYTES, SECTOR_BYTES)
              if b"\n" not in data[start : start + SECTOR_BYTES]]  # fmt: skip
    assert starts
    for start in starts:
        path.write_bytes(data[:start] + bytes(SECTOR_BYTES) + data[start + SECTOR_BYTES :])
        assert "SEGMENT_CORRUPT" == code_of(lambda: sequences(Segments(tmp_path)))


def changed_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(bytes(data))


def forged(path: Path) -> None:
    """One agent named instead of another, and every sum made to fit."""
    lines = path.read_bytes().splitlines()
    forged = record(2) | {"agent": "eve"}
    lines[2] = line_of(forged).rstrip(b"\n")
    path.write_bytes(b"\n".join(lines) + b"\n")


def shortened(path: Path) -> None:
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b"\n")


def swapped(path: Path) -> None:
    shutil.copy(path.with_name("000000000004.jsonl"), path)


@pytest.mark.parametrize("harm", [changed_byte, forged, shortened, swapped, Path.unlink])
def test_a_changed_segment_is_named(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """A closed file that was changed, cut, swapped or taken away is refused."""
    segments = written(tmp_path, 8)
    harm(segments.files()[0])
    with pytest.raises(OutsideError) as refused:
        list(segments.read())
    assert "SEGMENT_CORRUPT" == refused.value.code
    named = "000000000004" if harm == Path.unlink else "000000000001"
    assert named in refused.value.what


def test_a_log_can_be_made_again(database: Driver, log: Log, segments: Segments) -> None:
    """The events of the segments, appended again: the same log to the last byte."""
    for number in range(1, 6):
        log.append(request(number))
    before, records = log.head(), log.records()
    empty_the_graph(database)
    migrate(database)
    again = Log(database)
    for one in (one for file in segments.read() for one in file.records):
        assert event_of(one) == again.append_again(one)
        again.append_again(one)
    assert (before, records) == (again.audit(), again.records())
    assert log.append(request(3)).replayed


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as refused:
        work()
    return refused.value.code


def test_another_log_is_refused(database: Driver, log: Log, tmp_path: Path) -> None:
    """Segments and database of two logs are never joined, whichever is longer."""
    log.append(request(1))
    for events, code in ((1, "LOG_DIVERGED"), (2, "LOG_BEHIND")):
        other = Log(database, segments=written(tmp_path / str(events), events))
        assert code == code_of(other.settle)
    assert "LOG_DIVERGED" == code_of(lambda: log.append_again(record(1)))
    assert "LOG_DIVERGED" == code_of(lambda: log.append_again(record(3)))
    assert 1 == log.head().sequence


def test_a_database_that_lost_its_newest_events(database: Driver, log: Log) -> None:
    """It does not go on as if nothing had been there: it says what it lacks."""
    for number in (1, 2):
        log.append(request(number))
    empty_the_graph(database)
    migrate(database)
    with pytest.raises(StateError, match=r"ends at event 0, but .* up to event 2") as refused:
        log.settle()
    assert "LOG_BEHIND" == refused.value.code


def test_segments_that_lost_theirs_get_them_back(log: Log, segments: Segments) -> None:
    """What only the database has is brought into the segments when it is opened."""
    numbers = count(1)
    for _ in range(7):
        log.append(request(next(numbers)))
    segments.files()[-1].unlink()
    shortened(segments.files()[-1])
    assert 7 == Log(log.driver, segments=Segments(segments.folder, 3)).settle().sequence
    assert list(range(1, 8)) == sequences(Segments(segments.folder, 3))


def test_an_empty_file_is_no_segment(tmp_path: Path) -> None:
    """Nothing was written: nothing is there."""
    (tmp_path / "000000000001.jsonl").touch()
    assert [] == sequences(Segments(tmp_path))
    found: SegmentFile = file_of(tmp_path / "000000000001.jsonl", b"")
    assert (0, ()) == (found.whole_bytes, found.records)
