"""What changed between two deliveries of a source: the columns of its files, and its mapping."""

from collections.abc import Collection, Mapping, Sequence

from feeds.mapping import Mapping as FeedMapping
from feeds.refusals import shown
from feeds.result import FileCounts

_LISTED = 10


def column_notes(before: Mapping[str, Sequence[str]], files: Sequence[FileCounts]) -> list[str]:
    """A line for each column that is new, or gone, since the last delivery of its file.

    `before` holds the columns of that delivery by file; a file that is not in it is new itself.
    """
    notes = []
    for file in files:
        if file.file not in before:
            continue
        was, now = before[file.file], file.columns
        new = [column for column in now if column not in was]
        for verb, columns in (("new", new), ("gone", [c for c in was if c not in now])):
            if columns:
                unread = verb == "new" and set(columns) <= set(file.unread_columns)
                which = "it" if len(columns) == 1 else "them"
                notes.append(f"{file.file}: {_listed(columns)} {verb} since the last delivery"
                             + (f", and no field reads {which}" if unread else ""))  # fmt: skip
    return notes


def _listed(columns: Collection[str]) -> str:
    names = [shown(column) for column in sorted(columns)]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"column{'s' * (len(names) > 1)} {', '.join(names[:_LISTED])}{more} {verb}"


def mapping_notes(version: int, digest: str, mapping: FeedMapping) -> list[str]:
    """A line where a mapping changed and its number did not, or went back.

    `version` and `digest` are those of the source's last delivery; 0 where none was told.
    """
    if not version or digest == mapping.digest:
        return []
    if mapping.version == version:
        said = (f"the mapping means something else than in the last delivery, and is version "
                f"{version} still: raise `version` in it [MAPPING_VERSION_CHANGED]")  # fmt: skip
        return [said]
    if mapping.version < version:
        said = (f"the mapping is version {mapping.version}, and the last delivery came through "
                f"version {version} [MAPPING_VERSION_BACK]")  # fmt: skip
        return [said]
    return []
