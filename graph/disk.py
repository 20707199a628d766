"""Writing to the local disk: whole or not at all, and one plain error when it refuses."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import gettempdir

from graph.unfinished import sweep, unfinished
from ontology.errors import OutsideError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def writing(folder: Path, *, refused: str, hint: str) -> Iterator[None]:
    """Turns a refusal of the disk into OutsideError `DISK_FULL` or, with the hint, `refused`."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, folder, refused=refused, hint=hint) from error


def writing_temporarily() -> AbstractContextManager[None]:
    """As `writing`, for the system's folder of temporary files: `DISK_FULL`, `TEMP_UNWRITABLE`."""
    return writing(Path(gettempdir()), refused="TEMP_UNWRITABLE",
                   hint="make the folder writable, or name another one in TMPDIR")  # fmt: skip


def disk_error(error: OSError, folder: Path, *, refused: str, hint: str) -> OutsideError:
    """The plain error for one refusal of the disk."""
    if error.errno in FULL:
        return disk_full(folder)
    why = (error.strerror or "unknown reason").lower()
    return OutsideError(f"cannot write into `{folder}`: {why}", hint=hint, code=refused)


def disk_full(folder: Path) -> OutsideError:
    """The error for a disk, quota or file-size limit that has no room left."""
    return OutsideError(
        f"no room left for `{folder}` (disk, quota or file-size limit)",
        hint="free some 200 MB there and try again; what was committed is safe",
        code="DISK_FULL",
    )


def write_durably(file: Path, content: bytes) -> None:
    """All of the content under that name or none of it, readable by its owner alone.

    On return it survives a power cut. Of several who write the file at once each succeeds, and the
    last one's content stays. What a killed writer left in the folder goes. Raises OSError.
    """
    sweep(file.parent)
    with unfinished(file.parent, 0o600) as (half, stream):
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
        half.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames and removals inside the folder survive a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
