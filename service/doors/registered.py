"""The mappings that the operator lets senders use: one per source, kept in the data folder."""

import re
from pathlib import Path

from feeds.files import read_bytes
from feeds.limits import MAPPING_BYTES
from feeds.mapping import Mapping as FeedMapping
from feeds.mapping_text import MappingText, load_mapping, parse_mapping, read_mapping
from graph.disk import sync_folder, write_durably, writing
from ontology.errors import InputError
from service.access import Sight, denied

MOST_SOURCES = 200
DELIVER = "feeds.deliver"
PLANS = ("plans.read", "plans.explain")
"""What a plan that a delivery would change is told for: it is computed over all facts."""
_SOURCE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""What a mapping can name as its source: so it can name a file, too."""


def register(home: Path, mapping: Path) -> FeedMapping:
    """Keep a copy of a mapping: from now on its source may be delivered from outside by it.

    It takes the place of the one that the source had. Raises InputError as `load_mapping` does,
    `TOO_MANY_SOURCES`; OutsideError `HOME_NOT_WRITABLE`, `DISK_FULL`.
    """
    data = read_bytes(mapping, MAPPING_BYTES)
    found = parse_mapping(data, mapping.name)
    path = _folder(home) / f"{found.source}.yaml"
    if not path.exists() and len(registered(home)) >= MOST_SOURCES:
        raise InputError(f"{MOST_SOURCES} sources are registered", code="TOO_MANY_SOURCES",
                         hint="`evenkeel feeds forget` one of them")  # fmt: skip
    with writing(home, refused="HOME_NOT_WRITABLE", hint="set EVENKEEL_HOME"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data)
    return found


def registered(home: Path) -> list[FeedMapping]:
    """The mappings that were registered, by source."""
    return [load_mapping(path) for path in sorted(_folder(home).glob("*.yaml"))]


def mapping_of(home: Path, source: str) -> Path:
    """Where the mapping of a source is kept. Raises InputError `SOURCE_UNKNOWN`."""
    path = _folder(home) / f"{source}.yaml"
    if _SOURCE.fullmatch(source) and path.is_file():
        return path
    raise InputError(f"no mapping is registered for the source `{source[:100]}`",
                     code="SOURCE_UNKNOWN",
                     hint="the operator does it: `evenkeel feeds register MAPPING`")  # fmt: skip


def permitted_mapping(home: Path, source: str, sight: Sight) -> MappingText:
    """The mapping of a source that a caller may deliver for. Raises as `mapping_of`.

    It is read once: a mapping that is registered while the delivery comes in is for the next one,
    so nobody delivers to a chain by what was permitted for another.

    For anybody but the owner the refusal is one, AccessError `ACCESS_DENIED`: whether there is no
    such source, or one of a chain that is not the caller's to fill.
    """
    sight.permit(DELIVER)
    try:
        text = read_mapping(mapping_of(home, source))
    except InputError as error:
        if sight.caller.is_owner:
            raise
        raise denied() from error
    if not sight.caller.is_owner:
        sight.whole(text.mapping.chain, DELIVER)
    return text


def plans_are_told(mapping: FeedMapping, sight: Sight) -> bool:
    """Whether a caller who delivers may hear what becomes of the chain's plans."""
    return sight.sees_whole(mapping.chain, *PLANS)


def forget(home: Path, source: str) -> None:
    """Let nobody deliver for a source any more. Raises InputError `SOURCE_UNKNOWN`."""
    path = mapping_of(home, source)
    with writing(home, refused="HOME_NOT_WRITABLE", hint="set EVENKEEL_HOME"):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def _folder(home: Path) -> Path:
    return home / "mappings"
