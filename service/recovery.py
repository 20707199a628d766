"""Backup, restore, rebuild and digest: the log and its artifacts outlive any database."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from neo4j import Driver

from graph.artifacts import ArtifactStore
from graph.disk import sync_folder, write_durably, writing
from graph.locking import holding
from graph.log import Log
from graph.login import open_driver
from graph.merkle import fold
from graph.migrate import migrate
from graph.persons import Persons
from graph.progress import Progress, silent
from graph.projection import Projection, open_graph
from graph.recovery.backups import (
    Backup,
    name_of_backup,
    read_backup,
    refuse_data_folder,
    refuse_strange,
    verified_log,
    write_backup,
)
from graph.recovery.digests import Digests, digests, replay
from graph.recovery.losses import Loss, left_out, losses
from graph.recovery.records import event_of
from graph.recovery.segments import SegmentFile, Segments, in_order
from graph.server import ManagedServer, managed_server, open_database
from graph.settings import Settings
from graph.transparency.signed_checkpoints import SignedCheckpoints
from ontology.errors import EvenkeelError, InputError, OutsideError, StateError
from ontology.events import FEED_LOADED, PERSON_ERASED, PLAN_MADE, Event
from service.house import (
    REBUILD,
    House,
    artifacts_folder,
    is_half_rebuilt,
    log_folder,
    refuse_half_restored,
    restoring_mark,
    transparency_folder,
)

LOSSES_SHOWN = 5
_NO_DATABASE = {"LOG_BEHIND", "NOT_MIGRATED", "DATABASE_FAILED", "SERVER_FAILED",
                "PASSWORD_MISSING", "PASSWORD_WRONG", "DATABASE_UNREACHABLE"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A database made anew: its digests, those of the one before (None: it could not be read)."""

    after: Digests
    before: Digests | None
    why_not: str


def backup(
    house: House, folder: Path, progress: Progress = silent, *, persons: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Copy the log and the artifacts into a folder, as of one event; what is there stays.

    Who the pseudonyms in it stand for is copied only where `persons` asks for it, into a file of
    its own, which the next backup replaces or takes away.

    Killed at any point, the folder holds the last backup or the new one. Raises StateError
    `LOG_INCOMPLETE` where artifacts are lost, InputError `BACKUP_OTHER` where the folder holds the
    backup of another log, `BACKUP_PLACE` where it is a data folder or in one.
    """
    refuse_data_folder(folder, house.settings.data_folder)
    refuse_strange(folder)
    log, store = house.projection.log, house.store
    log.settle()
    files = list(Segments(log_folder(house.settings)).read())
    events = [event_of(record) for file in files for record in file.records]
    known = _known_before(folder, files)
    lost = list(losses(store, events, known))
    if lost:
        raise incomplete(lost)
    upto = events[-1].sequence if events else 0
    states = house.reader.chain_digests(upto)
    mappings = (house.settings.data_folder / "mappings").glob("*.yaml")
    more = {f"mappings/{path.name}": path.read_bytes() for path in mappings}
    signed = SignedCheckpoints(transparency_folder(house.settings)).files()
    more |= {f"transparency/{name}": data for name, data in signed.items()}
    _copy_persons(house, folder, wanted=persons)
    made, copied = write_backup(folder, store, files, states, more, known, progress)
    return {
        "folder": str(folder), "sequence": made.sequence, "root": made.root,
        "states": dict(made.states), "artifacts": len(made.artifacts), "copied": copied,
        **_counted(events),
    }  # fmt: skip


def _copy_persons(house: House, folder: Path, *, wanted: bool) -> None:
    there = Persons(folder).path
    with writing(folder, refused="BACKUP_NOT_WRITTEN", hint="name a folder that you may write"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        there.unlink(missing_ok=True)
    if wanted:
        house.persons.copy_to(folder)


def restore(settings: Settings, folder: Path, progress: Progress = silent) -> dict[str, Any]:
    """Bring a backup into an empty data folder; every byte is checked before one is written.

    Killed at any point, nothing starts there until the same restore is given again and goes on.
    Raises InputError `NO_BACKUP`, `BACKUP_CORRUPT`, `BACKUP_STRANGE`; StateError `HOME_NOT_EMPTY`,
    `LOG_DIFFERS`, `STILL_BUSY`.
    """
    found = read_backup(folder)
    _refuse_unless_empty(settings, name_of_backup(found))
    files = verified_log(folder, found, progress)
    with _alone(settings, progress, "restores or rebuilds"):
        return _restored(settings, folder, found, files, progress)


def _restored(
    settings: Settings, folder: Path, found: Backup, files: list[tuple[str, bytes]],
    progress: Progress,
) -> dict[str, Any]:  # fmt: skip
    """The second half of a restore, which writes, by the only one who does."""
    mark, name = restoring_mark(settings), name_of_backup(found)
    _refuse_unless_empty(settings, name)  # another may have ended meanwhile
    if mark.exists():
        _drop_half(settings, progress)
    write_durably(mark, name)
    source, store = ArtifactStore(folder), _store(settings)
    for done, artifact in enumerate(found.artifacts):
        progress("copying artifacts", done, len(found.artifacts))
        store.put(source.get(artifact))
    for kept, artifact in found.files:
        path = settings.data_folder / kept
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_durably(path, source.get(artifact))
    if Persons(folder).path.exists():
        Persons(folder).copy_to(settings.data_folder)
    segments = Segments(log_folder(settings))
    segments.adopt(files)
    with open_database(settings, progress) as driver:
        migrate(driver)
        projection = Projection(Log(driver), store, is_alone=not settings.neo4j_uri)
        replay(projection, segments.read(), progress)
        made = digests(projection)
    if (made.root, made.states) != (found.root, found.states) or not made.agree:
        raise _differs("the restored log is not the one that was backed up")
    events = [event_of(record) for file in segments.read() for record in file.records]
    for event in events:
        if event.kind == PERSON_ERASED:  # INVARIANT: who was erased does not come back
            Persons(settings.data_folder).erase(event.payload["person"])
    mark.unlink()
    sync_folder(settings.data_folder)
    return {"folder": str(folder), "artifacts": len(found.artifacts), **told(made),
            **_counted(events)}  # fmt: skip


def _drop_half(settings: Settings, progress: Progress) -> None:
    """Delete what a killed restore left of log and store: half of a log is mended by none.

    What has come into a database at NEO4J_URI stays, and is compared.
    """
    shutil.rmtree(log_folder(settings), ignore_errors=True)
    if not settings.neo4j_uri:
        _drop_store(settings, progress)


def _drop_store(settings: Settings, progress: Progress) -> None:
    server = managed_server(settings)
    server.stop(progress)
    shutil.rmtree(server.home.folder, ignore_errors=True)


@contextmanager
def _alone(settings: Settings, progress: Progress, what: str) -> Iterator[None]:
    """Nobody else restores or rebuilds in this data folder, which is made where it is not there.

    Raises StateError `STILL_BUSY`; OutsideError `HOME_NOT_WRITABLE`, `DISK_FULL` for what the disk
    refuses while the block runs.
    """
    home, waiting = settings.data_folder, f"waiting for another process that {what} the data folder"
    with writing(home, refused="HOME_NOT_WRITABLE", hint="make it writable, or set EVENKEEL_HOME"):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with holding(home / "rebuilding.lock", 1.0, progress, waiting):
            yield


def refill(settings: Settings, folder: Path, progress: Progress = silent) -> dict[str, Any]:
    """Put back from a backup what this data folder has lost or damaged of log and artifacts.

    Needs no database. Gives the segments and artifacts that came back, and the events of which
    artifacts are lost for good. Raises InputError `NO_BACKUP`, `BACKUP_CORRUPT`, `BACKUP_STRANGE`,
    `BACKUP_OTHER`; StateError `STILL_BUSY`, `RESTORE_UNFINISHED`.
    """
    refuse_half_restored(settings)
    found = read_backup(folder)
    kept = verified_log(folder, found, progress)
    with _alone(settings, progress, "restores or rebuilds"):
        return _refilled(settings, folder, found, kept)


def _refilled(
    settings: Settings, folder: Path, found: Backup, kept: list[tuple[str, bytes]]
) -> dict[str, Any]:
    """The second half of a refill, which writes, by the only one who does."""
    segments, store = Segments(log_folder(settings)), _store(settings)
    source = ArtifactStore(folder)
    mended = _mended(segments, kept, folder)
    segments.adopt(mended)
    events = [event_of(record) for file in segments.read() for record in file.records]
    known, back = set(found.artifacts), 0
    while True:
        lost = list(losses(store, events))
        missing = {name for loss in lost for name in loss.artifacts} & known
        for name in sorted(missing):
            store.put(source.get(name))
        back += len(missing)
        if not missing:
            return {"folder": str(folder), "segments": [name for name, _ in mended],
                    "artifacts": back, "lost": told_losses(lost)}  # fmt: skip


def _mended(
    segments: Segments, kept: list[tuple[str, bytes]], folder: Path
) -> list[tuple[str, bytes]]:  # fmt: skip
    """The files that differ from what a backup holds: its bytes, and after them what is newer."""
    theirs = list(in_order([(Path(name), partial(bytes, data)) for name, data in kept]))
    with suppress(OutsideError):  # what is damaged is compared when it is mended
        mine = list(segments.read())
        common = min(len(_leaves(mine)), len(_leaves(theirs)))
        if _leaves(mine)[:common] != _leaves(theirs)[:common]:
            raise _other(folder)
    here = {path.name: path.read_bytes() for path in segments.files()}
    whole = here | {name: data + here.get(name, b"")[len(data) :] for name, data in kept}
    try:
        list(in_order([(Path(name), partial(bytes, whole[name])) for name in sorted(whole)]))
    except OutsideError as error:
        raise InputError(
            f"the log here and the backup in `{folder}` do not fit together: it is of another log, "
            "or something newer than it is damaged", code="BACKUP_OTHER", hint="while the database "
            "is whole, delete the folder `log`: it is written anew; else use a later backup",
        ) from error  # fmt: skip
    return [(name, data) for name, data in sorted(whole.items()) if here.get(name) != data]


def rebuild(settings: Settings, progress: Progress = silent) -> Rebuilt:
    """Make the database anew from segments and artifacts, in a second server that takes over.

    The one before serves until the new one has been compared with the log. Killed at any point,
    the old store or the new one is found by the next start. Where nothing is left of the one
    before, the first server is filled; killed, nothing starts there until the next rebuild. A
    database at NEO4J_URI is no store of ours: it gets the events that it lacks, all of them where
    it is empty. Raises StateError `NOTHING_TO_REBUILD`, `LOG_INCOMPLETE`, `LOG_DIFFERS`,
    `STILL_BUSY`, `RESTORE_UNFINISHED`; OutsideError `SEGMENT_CORRUPT`, `LOG_DIVERGED`.
    """
    with _alone(settings, progress, "restores or rebuilds"):
        if not is_half_rebuilt(settings):
            refuse_half_restored(settings)
        if settings.neo4j_uri:
            made = _filled(settings, _whole_log(settings), progress)
            restoring_mark(settings).unlink(missing_ok=True)  # of a rebuild of the managed one
            return made
        if is_half_rebuilt(settings) or managed_server(settings).home.is_lost:
            return _in_place(settings, _whole_log(settings), progress)
        with _present(settings, progress) as (present, why_not):
            files, before = _whole_log(settings), _digests_or_none(present)
            return Rebuilt(_in_second(settings, present, files, progress), before, why_not)


def _whole_log(settings: Settings) -> list[SegmentFile]:
    """The segments, where every artifact that they name is there."""
    files = list(Segments(log_folder(settings)).read())
    events = [event_of(record) for file in files for record in file.records]
    if not events:
        raise StateError("there are no segments of a log to rebuild from",
                         code="NOTHING_TO_REBUILD", hint="restore a backup")  # fmt: skip
    lost = list(losses(_store(settings), events))
    if lost:
        raise incomplete(lost)
    return files


def _filled(settings: Settings, files: list[SegmentFile], progress: Progress) -> Rebuilt:
    with open_database(settings, progress) as driver:
        migrate(driver)
        projection = Projection(Log(driver), _store(settings), is_alone=not settings.neo4j_uri)
        replay(projection, files, progress)
        made = _checked(projection, Segments(log_folder(settings)))
    return Rebuilt(made, None, "the database at NEO4J_URI got what it lacked")


def _in_place(settings: Settings, files: list[SegmentFile], progress: Progress) -> Rebuilt:
    """Fill the first server: its password is new, and the mark keeps others out."""
    mark = restoring_mark(settings)
    write_durably(mark, REBUILD)
    _drop_store(settings, progress)
    made = _filled(settings, files, progress).after
    mark.unlink()
    sync_folder(settings.data_folder)
    return Rebuilt(made, None, "there is none")


def _in_second(
    settings: Settings, present: Projection | None, files: list[SegmentFile], progress: Progress
) -> Digests:
    """Fill a second server, compare it, and put it in place of the first."""
    segments, old, second = (
        Segments(log_folder(settings)),
        managed_server(settings),
        _second(settings),
    )
    second.stop(progress)
    shutil.rmtree(second.home.folder, ignore_errors=True)  # what a killed rebuild left
    try:
        with open_driver(second.start(progress)) as driver:
            migrate(driver)
            projection = Projection(Log(driver), _store(settings), is_alone=True)
            replay(projection, files, progress)
            made = _checked(projection, segments)
            with segments.held():  # nobody acknowledges anything until the new one serves
                if present is not None:
                    present.log.settle_held(segments)
                made = _with_the_rest(projection, segments, made)
                old.take_over(second, progress)
    finally:
        second.stop(progress)
    with open_driver(old.start(progress)) as driver:
        if Log(driver).head().tree.root.hex() != made.root:
            raise _differs("the database that took over is not the one that was compared")
    old.home.drop_before()
    shutil.rmtree(second.home.folder.parent, ignore_errors=True)
    return made


def _checked(projection: Projection, segments: Segments) -> Digests:
    made = digests(projection)
    if not made.agree:
        raise _differs("the graph that was made does not show what the log says")
    tail = segments.tail()
    if made.sequence == tail.sequence and made.root != tail.tree.root.hex():
        raise _differs("the new log has another root than the segments")
    return made


def _with_the_rest(projection: Projection, segments: Segments, made: Digests) -> Digests:
    """What was acknowledged while the new database was made."""
    if segments.tail().sequence == made.sequence:
        return made
    replay(projection, segments.read())
    return _checked(projection, segments)


@contextmanager
def _present(settings: Settings, progress: Progress) -> Iterator[tuple[Projection | None, str]]:
    """The database that is to be replaced, as far as it can be read, or why it cannot."""
    if not managed_server(settings).home.data.is_dir():
        yield None, "there is none"
        return
    driver: Driver | None = None
    found: Projection | None = None
    why = ""
    try:
        driver = open_database(settings, progress)
        found = open_graph(driver, _store(settings), Segments(log_folder(settings)))
    except EvenkeelError as error:
        if error.code not in _NO_DATABASE:
            raise
        why = error.what
    try:
        yield found, why
    finally:
        if driver is not None:
            driver.close()


def _digests_or_none(present: Projection | None) -> Digests | None:
    try:
        return None if present is None else digests(present)
    except EvenkeelError:
        return None


def _second(settings: Settings) -> ManagedServer:
    """The server that the new database is made in, with the password of the one before."""
    try:
        password = managed_server(settings).home.password()
    except StateError:
        password = ""
    return ManagedServer(
        settings.data_folder / "rebuilding", settings.cache, heap=settings.neo4j_heap,
        pagecache=settings.neo4j_pagecache, password=password, is_brief=True,
    )  # fmt: skip


def inspect(house: House) -> dict[str, Any]:
    """Digests of the log, of the state of each chain and of the graph; and what is not there."""
    log = house.projection.log
    lost = list(losses(house.store, log.events()))
    damage = ""
    try:
        files = list(Segments(log_folder(house.settings)).read())
    except OutsideError as error:
        files, damage = [], error.what
    kept = files[-1].end.sequence if files else 0
    try:
        found: Mapping[str, Any] = told(digests(house.projection))
    except OutsideError as error:
        found = {"sequence": log.head().sequence, "root": log.head().tree.root.hex(),
                 "states": {}, "graph": {}, "agree": False, "why": error.what}  # fmt: skip
    sound = bool(found["agree"]) and not lost and not damage and kept >= found["sequence"]
    return {**found, "segments": {"sequence": kept, "files": len(files), "damage": damage},
            "left_out": list(left_out(house.store, log.events())),
            "lost": told_losses(lost), "sound": sound}  # fmt: skip


def told(found: Digests) -> dict[str, Any]:
    """Digests as a document."""
    return {
        "sequence": found.sequence, "root": found.root, "states": dict(found.states),
        "graph": {**found.graph, "plans": found.plans}, "agree": found.agree,
    }  # fmt: skip


def told_losses(lost: list[Loss]) -> list[dict[str, Any]]:
    """Losses as a document."""
    return [{"event": one.sequence, "kind": one.kind, "name": one.name,
             "artifacts": list(one.artifacts)} for one in lost]  # fmt: skip


def incomplete(lost: list[Loss]) -> StateError:
    """The error for a log that names artifacts which are lost."""
    shown = "; ".join(str(loss) for loss in lost[:LOSSES_SHOWN])
    more = f"; and {len(lost) - LOSSES_SHOWN} more" if len(lost) > LOSSES_SHOWN else ""
    return StateError(
        f"artifacts of {len(lost)} events are lost: {shown}{more}", code="LOG_INCOMPLETE",
        hint="put them back with `evenkeel restore FOLDER --missing`; `evenkeel digest` lists them",
    )  # fmt: skip


def _differs(what: str) -> StateError:
    return StateError(what, code="LOG_DIFFERS", hint="keep everything as it is and report this; a "
                      "database at NEO4J_URI has to be emptied first")  # fmt: skip


def _refuse_unless_empty(settings: Settings, name: bytes) -> None:
    mark, home = restoring_mark(settings), settings.data_folder
    if mark.exists() and mark.read_bytes() == name:
        return
    holds = [
        mark.exists(), bool(_store(settings).names()),
        bool(Segments(log_folder(settings)).files()), managed_server(settings).home.data.exists(),
    ]  # fmt: skip
    if any(holds):
        raise StateError(
            f"the data folder `{home}` is not empty", code="HOME_NOT_EMPTY",
            hint="set EVENKEEL_HOME to a new folder; nothing was written",
        )  # fmt: skip


def _known_before(folder: Path, files: list[SegmentFile]) -> tuple[str, ...]:
    """What the last backup in the folder holds, so that it is not looked at again."""
    try:
        last = read_backup(folder)
    except InputError:
        return ()
    leaves = _leaves(files)
    tree = fold(map(bytes.fromhex, leaves[: last.sequence]))
    if last.sequence > len(leaves) or tree.root.hex() != last.root:
        raise _other(folder)
    return last.artifacts


def _other(folder: Path) -> InputError:
    return InputError(f"`{folder}` holds the backup of another log, or of a later event",
                      code="BACKUP_OTHER", hint="name another folder")  # fmt: skip


def _leaves(files: list[SegmentFile]) -> list[str]:
    return [record["leaf"] for file in files for record in file.records]


def _store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(artifacts_folder(settings))


def _counted(events: list[Event]) -> dict[str, int]:
    kinds = [event.kind for event in events]
    return {"events": len(events), "deliveries": kinds.count(FEED_LOADED),
            "plans": kinds.count(PLAN_MADE)}  # fmt: skip
