"""Finding and reading the files of a feed: regular files only, each opened once, none followed."""

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feeds.by_class import in_any_format
from feeds.digested import DigestedFile, too_large
from feeds.formats.blocks import FORMAT_OF_ENDING, OTHER_WORKBOOKS, RDF_OF_ENDING
from feeds.limits import Limits
from feeds.mapping import FileRule, Mapping
from ontology.errors import InputError, Place


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the feed: its position among those found and where it stands.

    `folders` are the names of the folders between the feed's folder and the file.
    """

    index: int
    rule: FileRule
    path: Path
    folders: tuple[str, ...] = ()


def find_files(paths: Sequence[Path], mapping: Mapping, limits: Limits) -> list[FoundFile]:
    """The files that a mapping names, in its order. `paths`: files, or one folder with them.

    Raises InputError `FILE_TWICE`, `FILE_NOT_MAPPED`, `FILE_MISSING` or `TOO_MANY_FILES`.
    """
    rules = in_any_format(mapping.files) if mapping.by_class else mapping.files
    if len(paths) == 1 and paths[0].is_dir():
        found = _in_folder(paths[0], mapping, rules)
    else:
        found = {name: (path, ()) for name, path in _by_name(paths, mapping, rules).items()}
    if mapping.by_class:
        _refuse_twins(found)
    if len(found) > limits.files:
        raise InputError(f"{len(found)} files are more than {limits.files}", code="TOO_MANY_FILES")
    if not found:
        raise InputError(
            f"none of the files that the mapping `{mapping.name}` names is here",
            code="FILE_MISSING", hint="give its files, or the folder that holds them",
        )  # fmt: skip
    for rule in rules:
        if rule.file not in found and not rule.optional:
            raise InputError(
                f"the mapping `{mapping.name}` names this file, and it was not given",
                code="FILE_MISSING", place=Place(rule.file),
                hint="give the file, or mark it `optional: true` in the mapping",
            )  # fmt: skip
    here = [rule for rule in rules if rule.file in found]
    return [FoundFile(index, rule, *found[rule.file]) for index, rule in enumerate(here)]


def found_as(name: str) -> str:
    """How a name is compared: blanks at the end of a folder's or file's name do not count."""
    parts = (part.rpartition(".") for part in name.split("/"))
    return "/".join(f"{stem.strip()}{dot}{end.strip()}" for stem, dot, end in parts)


def _in_folder(
    folder: Path, mapping: Mapping, rules: Sequence[FileRule]
) -> dict[str, tuple[Path, tuple[str, ...]]]:
    if mapping.by_class:
        _refuse_others(folder, mapping, rules)
    found = {}
    for rule in rules:
        parts: list[str] = []
        for part in rule.file.split("/"):
            name = _entry(folder.joinpath(*parts), part, rule)
            if name is None:
                break
            parts.append(name)
        else:
            found[rule.file] = (folder.joinpath(*parts), tuple(parts[:-1]))
    return found


def _entry(folder: Path, part: str, rule: FileRule) -> str | None:
    """The entry of a folder that a mapping means, blanks aside."""
    if os.path.lexists(folder / part):
        return part
    if not folder.is_dir() or folder.is_symlink():
        return None
    alike = [e.name for e in folder.iterdir() if found_as(e.name) == found_as(part)]
    if len(alike) > 1:
        raise InputError(
            f"{len(alike)} files have this name, but for blanks", code="FILE_TWICE",
            place=Place(rule.file), hint="keep one of them",
        )  # fmt: skip
    return alike[0] if alike else None


def _refuse_others(folder: Path, mapping: Mapping, rules: Sequence[FileRule]) -> None:
    """Refuse a table that no class has: its rows would be lost unseen."""
    named = {rule.file for rule in rules}
    documents = tuple(ending for ending in RDF_OF_ENDING if ending != ".json")
    for name in sorted(entry.name for entry in folder.iterdir()):
        told = name.endswith((*FORMAT_OF_ENDING, *OTHER_WORKBOOKS, *documents))
        if told and name not in named:
            raise _not_mapped(mapping, name)


def _refuse_twins(found: Iterable[str]) -> None:
    """Refuse a class that comes in two formats: which of the two counts is not known."""
    stems: set[str] = set()
    for name in found:
        stem = name.rpartition(".")[0]
        if stem in stems:
            raise InputError(
                "this table is here in two formats", code="FILE_TWICE", place=Place(name),
                hint="keep one of them",
            )  # fmt: skip
        stems.add(stem)


def _not_mapped(mapping: Mapping, name: str) -> InputError:
    named = ", ".join(rule.file for rule in mapping.files)
    return InputError(
        f"the mapping `{mapping.name}` does not name this file", code="FILE_NOT_MAPPED",
        place=Place(name), hint=f"it names: {named}; a file of another name "
        "comes by standard input: `evenkeel sync - --name NAME < FILE`",
    )  # fmt: skip


def _by_name(paths: Iterable[Path], mapping: Mapping, rules: Sequence[FileRule]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        name = _rule_of(path, rules)
        if name is None:
            raise _not_mapped(mapping, path.name) if os.path.lexists(path) else _missing(path)
        if name in found:
            raise InputError(
                "two files of this name were given", code="FILE_TWICE", place=Place(path.name),
                hint="give each file once; a mapping knows a file by its name",
            )  # fmt: skip
        found[name] = path
    return found


def _missing(path: Path) -> InputError:
    what = "file" if path.suffix else "folder"
    return InputError(f"there is no such {what}", code="FILE_MISSING", place=Place(str(path)),
                      hint="check the path")  # fmt: skip


def _rule_of(path: Path, rules: Sequence[FileRule]) -> str | None:
    """The longest name of the mapping that a path ends in."""
    given = found_as(path.as_posix()).split("/")
    fits = [
        rule.file
        for rule in rules
        if (parts := found_as(rule.file).split("/")) == given[-len(parts) :]
    ]
    return max(fits, key=lambda name: name.count("/"), default=None)


def read_bytes(path: Path, limit: int, folders: tuple[str, ...] = ()) -> bytes:
    """The bytes of a regular file, at most `limit`. Raises what `open_file` raises."""
    with open_file(path, limit, folders) as stream:
        return stream.whole()


def open_file(path: Path, limit: int, folders: tuple[str, ...] = ()) -> DigestedFile:
    """A regular file of at most `limit` bytes, open; links, folders and pipes are refused.

    `folders`: the names of the folders above it that may not be links, either. The check is on
    the opened file, so that nothing can be put in its place in between.
    Raises InputError `FILE_MISSING`, `FILE_IS_LINK`, `FILE_NOT_REGULAR`, `FILE_UNREADABLE` or
    `FILE_TOO_LARGE`, the last also while a file that grows is read.
    """
    place = Place("/".join((*folders, path.name)))
    above = [path.parents[at] for at in range(len(folders))]
    if any(part.is_symlink() for part in (path, *above)):
        raise InputError(
            "this is a link, and links are not followed", code="FILE_IS_LINK", place=place,
            hint="give the file itself",
        )  # fmt: skip
    try:
        handle = _opened(path, folders)
    except FileNotFoundError as error:
        raise InputError("there is no such file", code="FILE_MISSING", place=place,
                         hint="check the path") from error  # fmt: skip
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise InputError(f"the file cannot be opened: {reason}", code="FILE_UNREADABLE",
                         place=place, hint="check its permissions") from error  # fmt: skip
    return _regular(handle, limit, place)


def _opened(path: Path, folders: tuple[str, ...]) -> int:
    """An open file, each folder of the feed above it opened in turn and none of them a link."""
    never_links = getattr(os, "O_NOFOLLOW", 0)
    flags = os.O_RDONLY | never_links | getattr(os, "O_NONBLOCK", 0)
    if not folders or os.open not in os.supports_dir_fd:
        return os.open(path, flags)
    at = os.open(path.parents[len(folders)], os.O_RDONLY)
    try:
        for name in folders:
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | never_links, dir_fd=at)
            os.close(at)
            at = below
        return os.open(path.name, flags, dir_fd=at)
    finally:
        os.close(at)


def _regular(handle: int, limit: int, place: Place) -> DigestedFile:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError("this is not a regular file", code="FILE_NOT_REGULAR", place=place,
                         hint="give a file, not a folder, device or pipe")  # fmt: skip
    stream = DigestedFile(handle, limit, place)
    if os.fstat(handle).st_size > limit:
        stream.close()
        raise too_large(limit, place)
    return stream
