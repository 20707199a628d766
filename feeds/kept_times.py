"""Since when a row that was set aside would be true, as far as its own cells say it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from feeds.by_class import in_any_format
from feeds.facts.cells import Value
from feeds.facts.finders import field_value
from feeds.facts.record_fields import field_specs
from feeds.limits import Limits
from feeds.mapping import FileRule
from feeds.mapping import Mapping as FeedMapping
from feeds.mapping_text import for_header
from ontology.columns import Table
from ontology.errors import InputError

_LOCATION = "location"
_NO_LIMITS_STATED = Limits()


@dataclass(frozen=True, slots=True)
class SaidTime:
    """What a row says of its time: a day at a location of its source, a moment, or neither.

    It is not `is_readable` where its cells were not kept, or say no day where one is wanted.
    """

    day: date | None = None
    moment: int | None = None
    location: str = ""
    is_readable: bool = True


UNREADABLE = SaidTime(is_readable=False)


def said_times(
    quarantined: Table, headers: Mapping[str, Sequence[str]], mapping: FeedMapping,
    moments: Mapping[str, str],
) -> list[SaidTime]:  # fmt: skip
    """Per row that was set aside, with its cells, what it says of its time.

    `moments` names the field, by class, that holds microseconds since 1970. The location is as
    the source names it. A line of a wide table says nothing that can be read here.
    """
    rules = in_any_format(mapping.files) if mapping.by_class else mapping.files
    spelled = {rule.file: for_header(rule, tuple(headers[rule.file]))
               for rule in rules if rule.file in headers}  # fmt: skip
    rows = zip(quarantined["file"], quarantined["cells"], strict=True)
    return [
        _said(spelled[file], headers[file], cells, moments)
        if file in spelled and cells and spelled[file].wide is None
        else UNREADABLE
        for file, cells in rows
    ]


def _said(
    rule: FileRule, header: Sequence[str], cells: Sequence[str], moments: Mapping[str, str]
) -> SaidTime:  # fmt: skip
    name = rule.principal.name
    wanted = [field for field in (rule.effective, moments.get(name, "")) if field]
    try:
        found = dict(_values(rule, header, cells, {*wanted, _LOCATION} if wanted else set()))
    except (InputError, LookupError):
        return UNREADABLE
    day, moment = found.get(rule.effective), found.get(moments.get(name, ""))
    return SaidTime(
        day if isinstance(day, date) else None,
        moment if isinstance(moment, int) else None,
        str(found.get(_LOCATION) or ""),
    )


def _values(
    rule: FileRule, header: Sequence[str], cells: Sequence[str], fields: set[str]
) -> Iterator[tuple[str, Value | None]]:
    specs = field_specs(rule.principal.name)
    for part in rule.principal.fields:
        if part.field not in fields:
            continue
        if part.constant is not None:
            yield part.field, part.constant
            continue
        texts = tuple(cells[header.index(column)] if column in header else ""
                      for column in part.columns)  # fmt: skip
        try:
            yield part.field, field_value(texts, part, specs[part.field], _NO_LIMITS_STATED)
        except InputError:
            if part.field != _LOCATION:  # a day of an unknown place is one of UTC
                raise
