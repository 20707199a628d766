"""Finding and reading the files of a feed: regular files only, each opened once, none followed."""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feeds.limits import Limits
from feeds.mapping import FileRule, Mapping
from ontology.errors import InputError, Place


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the feed: its position among those found and where it stands."""

    index: int
    rule: FileRule
    path: Path


def find_files(paths: Sequence[Path], mapping: Mapping, limits: Limits) -> list[FoundFile]:
    """The files that a mapping names, in its order. `paths`: files, or one folder with them.

    Raises InputError `FILE_TWICE`, `FILE_NOT_MAPPED`, `FILE_MISSING` or `TOO_MANY_FILES`.
    """
    if len(paths) == 1 and paths[0].is_dir():
        folder = paths[0]
        found = {rule.file: folder / rule.file for rule in mapping.files if _is_there(folder, rule)}
    else:
        found = _by_name(paths, mapping)
    if len(found) > limits.files:
        raise InputError(f"{len(found)} files are more than {limits.files}", code="TOO_MANY_FILES")
    if not found:
        raise InputError(
            f"none of the files that the mapping `{mapping.name}` names is here",
            code="FILE_MISSING", hint="give its files, or the folder that holds them",
        )  # fmt: skip
    for rule in mapping.files:
        if rule.file not in found and not rule.optional:
            raise InputError(
                f"the mapping `{mapping.name}` names this file, and it was not given",
                code="FILE_MISSING", place=Place(rule.file),
                hint="give the file, or mark it `optional: true` in the mapping",
            )  # fmt: skip
    rules = [rule for rule in mapping.files if rule.file in found]
    return [FoundFile(index, rule, found[rule.file]) for index, rule in enumerate(rules)]


def _is_there(folder: Path, rule: FileRule) -> bool:
    return os.path.lexists(folder / rule.file)


def _by_name(paths: Iterable[Path], mapping: Mapping) -> dict[str, Path]:
    names = [rule.file for rule in mapping.files]
    found: dict[str, Path] = {}
    for path in paths:
        if path.name in found:
            raise InputError(
                "two files of this name were given", code="FILE_TWICE", place=Place(path.name),
                hint="give each file once; a mapping knows a file by its name",
            )  # fmt: skip
        if path.name not in names:
            raise InputError(
                f"the mapping `{mapping.name}` does not name this file", code="FILE_NOT_MAPPED",
                place=Place(path.name), hint=f"it names: {', '.join(names)}",
            )  # fmt: skip
        found[path.name] = path
    return found


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit`; links, folders and pipes are refused.

    The check is on the opened file, so that nothing can be put in its place in between.
    Raises InputError `FILE_MISSING`, `FILE_IS_LINK`, `FILE_NOT_REGULAR`, `FILE_UNREADABLE` or
    `FILE_TOO_LARGE`.
    """
    place = Place(path.name)
    if path.is_symlink():
        raise InputError(
            "this is a link, and links are not followed", code="FILE_IS_LINK", place=place,
            hint="give the file itself",
        )  # fmt: skip
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError as error:
        raise InputError("there is no such file", code="FILE_MISSING", place=place,
                         hint="check the path") from error  # fmt: skip
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"the file cannot be opened: {reason}", code="FILE_UNREADABLE",
                         place=place, hint="check its permissions") from error  # fmt: skip
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError("this is not a regular file", code="FILE_NOT_REGULAR", place=place,
                         hint="give a file, not a folder, device or pipe")  # fmt: skip
    with os.fdopen(handle, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise InputError(f"the file is larger than {limit} bytes", code="FILE_TOO_LARGE",
                         place=place, hint="split the file")  # fmt: skip
    return data
