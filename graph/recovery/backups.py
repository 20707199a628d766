"""Backups: the artifacts and the log up to one event in a folder, whole or not at all."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import orjson

from graph.artifacts import ArtifactStore
from graph.disk import write_durably, writing
from graph.persons import PERSONS_FILE
from graph.progress import Progress, silent
from graph.recovery.segments import SegmentFile, Tail, in_order
from ontology.canonical import canonical, digest
from ontology.errors import EvenkeelError, InputError, OutsideError

BACKUP_FORMAT = "evenkeel-backup/1"
MANIFEST = "manifest.json"
BESIDE = tuple(PERSONS_FILE + ending for ending in ("", "-journal", "-wal", "-shm"))
"""What may be opened in a backup's folder beside the manifest and the artifacts."""

_OF_HOMES = ("artifacts", "log", "neo4j")
"""Folders by which a data folder is known; a backup has none of them."""
_SEGMENT = re.compile(r"[0-9]{12}\.jsonl")
_PLACE = re.compile(r"[0-9a-f]{2}")
_KEPT_FILE = re.compile(
    r"mappings/[a-z][a-z0-9_-]{0,63}\.yaml|transparency/(keys|[0-9]{12}\.checkpoint)"
)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: the log up to an event, its root, and the digest of each chain there.

    `segments` are file names with the SHA-256 of their content, in order; `artifacts` are all that
    lay beside the log; `files` are small files of the data folder, by their name in it. The bytes
    of all are in the folder under their SHA-256.
    """

    sequence: int
    root: str
    states: Mapping[str, str]
    segments: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    artifacts: tuple[str, ...]


def write_backup(
    folder: Path,
    store: ArtifactStore,
    log: Sequence[SegmentFile],
    states: Mapping[str, str],
    files: Mapping[str, bytes],
    kept: Iterable[str] = (),
    progress: Progress = silent,
) -> tuple[Backup, int]:
    """Copy what the folder lacks, then put the new manifest in place of the last one.

    `kept` are the artifacts of the last backup there: the new one has them, too, also where the
    store has lost them since. Gives the backup and how many artifacts were copied. Until the
    manifest is replaced, the last backup is what the folder holds. Raises OutsideError
    `BACKUP_NOT_WRITTEN`, `DISK_FULL`.
    """
    with writing(folder, refused="BACKUP_NOT_WRITTEN", hint="name a folder that you may write"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = ArtifactStore(folder)
        here, names = set(target.names()), store.names()
        missing = [name for name in names if name not in here]
        unsound = set()
        for done, name in enumerate(missing):
            progress("copying artifacts", done, len(missing))
            try:
                target.put(store.get(name))
            except OutsideError as error:
                if error.code not in ("ARTIFACT_CORRUPT", "ARTIFACT_MISSING"):
                    raise
                unsound.add(name)  # nothing in the log needs it: the caller has looked
        end = log[-1].end if log else Tail()
        logged = tuple((file.path.name, target.put(_bytes_of(file))) for file in log)
        more = tuple((name, target.put(data)) for name, data in sorted(files.items()))
        sound = tuple(sorted({*names, *kept} - unsound))
        backup = Backup(end.sequence, end.tree.root.hex(), dict(states), logged, more, sound)
        listed = target.put("\n".join(sound).encode())
        document = {"format": BACKUP_FORMAT, **asdict(backup), "artifacts": listed}
        sealed = {**document, "seal": digest(canonical(document))}
        write_durably(folder / MANIFEST, canonical(sealed))
    return backup, len(missing) - len(unsound)


def refuse_data_folder(folder: Path, home: Path) -> None:
    """Hold a backup to a folder of its own. Raises InputError `BACKUP_PLACE`.

    Within the data folder it is lost with it; and a backup without names takes away the file of
    names that is in its folder, which in a data folder is the only one.
    """
    there, mine = folder.resolve(), home.resolve()
    if mine in (there, *there.parents) or any((there / name).is_dir() for name in _OF_HOMES):
        raise InputError(
            f"`{folder}` is a data folder, or lies in one", code="BACKUP_PLACE",
            hint="name a folder elsewhere, best on another disk; nothing was written",
        )  # fmt: skip


def refuse_strange(folder: Path) -> None:
    """Hold all that is opened in a backup's folder to be plain files and folders; opens none.

    A link leads elsewhere, and who opens a pipe or a device may wait for ever. What lies beside the
    backup in the folder counts for nothing. Raises InputError `BACKUP_STRANGE` naming the first.
    """
    try:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if _PLACE.fullmatch(path.name):
                _hold_plain(folder, path, S_ISDIR)
                for file in sorted(path.iterdir()):
                    _hold_plain(folder, file, S_ISREG)
            elif path.name in (MANIFEST, *BESIDE):
                _hold_plain(folder, path, S_ISREG)
    except OSError as error:
        raise _corrupt(folder, f"it cannot be read: {error.strerror}") from error


def _hold_plain(folder: Path, path: Path, is_kind: Callable[[int], bool]) -> None:
    if not is_kind(path.lstat().st_mode):
        wanted = "folder" if is_kind is S_ISDIR else "file"
        raise InputError(
            f"`{path.relative_to(folder)}` in the backup `{folder}` is no plain {wanted}",
            code="BACKUP_STRANGE", hint="a link, a pipe or a device is never part of a backup: "
            "take it away or use another folder; nothing was written",
        )  # fmt: skip


def read_backup(folder: Path) -> Backup:
    """The backup of a folder, by its manifest.

    Raises InputError `NO_BACKUP`, `BACKUP_CORRUPT`, `BACKUP_STRANGE`.
    """
    refuse_strange(folder)
    path = folder / MANIFEST
    try:
        document = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"there is no backup in `{folder}`", code="NO_BACKUP",
                         hint="name a folder that `evenkeel backup` wrote") from error  # fmt: skip
    except (OSError, orjson.JSONDecodeError) as error:
        raise _corrupt(folder, "its manifest cannot be read") from error
    try:
        if document.pop("seal") != digest(canonical(document)):
            raise _corrupt(folder, "its manifest was changed")
        if document["format"] != BACKUP_FORMAT:
            raise _corrupt(folder, f"it is not of the format {BACKUP_FORMAT}")
        listed = ArtifactStore(folder).get(document["artifacts"]).decode()
        return Backup(
            document["sequence"], document["root"], document["states"],
            tuple((str(name), str(sha)) for name, sha in document["segments"]),
            tuple((str(name), str(sha)) for name, sha in document["files"]),
            tuple(listed.split()),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OutsideError) as error:
        raise _corrupt(folder, "its manifest names what is not there") from error


def verified_log(
    folder: Path, backup: Backup, progress: Progress = silent
) -> list[tuple[str, bytes]]:  # fmt: skip
    """The segments of a backup by name, after every byte of it has been checked.

    Raises InputError `BACKUP_CORRUPT` naming the first artifact or segment that is not whole.
    """
    source = ArtifactStore(folder)
    for done, name in enumerate(backup.artifacts):
        progress("checking artifacts", done, len(backup.artifacts))
        _sound(folder, source, name)
    for name, sha in backup.files:
        _sound(folder, source, sha)
        if _KEPT_FILE.fullmatch(name) is None:
            raise _corrupt(folder, f"`{name[:80]}` is no file that a backup holds")
    files = [(name, _sound(folder, source, sha)) for name, sha in backup.segments]
    end = Tail()
    try:
        for file in in_order([(Path(name), partial(bytes, data)) for name, data in files]):
            end = file.end
    except OutsideError as error:
        raise _corrupt(folder, error.what) from error
    if (end.sequence, end.tree.root.hex()) != (backup.sequence, backup.root):
        raise _corrupt(folder, "its log does not give the root in its manifest")
    if any(_SEGMENT.fullmatch(name) is None for name, _ in files):
        raise _corrupt(folder, "a segment's name is none")
    return files


def _sound(folder: Path, source: ArtifactStore, name: str) -> bytes:
    try:
        return source.get(name)
    except EvenkeelError as error:
        raise _corrupt(folder, error.what) from error
    except OSError as error:
        raise _corrupt(folder, f"artifact `{name[:80]}` cannot be read") from error


def _bytes_of(file: SegmentFile) -> bytes:
    """The whole lines of a file as it was read; what was appended since is left out."""
    return file.path.read_bytes()[: file.whole_bytes]


def _corrupt(folder: Path, why: str) -> InputError:
    return InputError(f"the backup in `{folder}` is damaged: {why}", code="BACKUP_CORRUPT",
                      hint="use another backup; nothing was written")  # fmt: skip


def name_of_backup(backup: Backup) -> bytes:
    """What tells one backup from another: the SHA-256 of what it holds."""
    return digest(canonical({"root": backup.root, "artifacts": list(backup.artifacts)})).encode()
