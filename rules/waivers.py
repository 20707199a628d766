"""What a person answers for: a finding of lint that a release is proposed with all the same."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ontology.errors import InputError
from rules.remarks import Remark

_FIELDS = ("rule", "code", "person", "reason")


@dataclass(frozen=True, slots=True, order=True)
class Waiver:
    """A named person's reason why a finding of this code may stand for this rule.

    Raises InputError WAIVER_BAD where one of the four says nothing.
    """

    rule: str
    code: str
    person: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse a waiver that nobody, or nothing, stands behind."""
        for name in _FIELDS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"the waiver's {name} is not stated", code="WAIVER_BAD",
                                 hint="state rule, code, person and reason")  # fmt: skip

    def to_document(self) -> dict[str, str]:
        """The waiver as JSON; `waiver_from` reads it back."""
        return asdict(self)


def waiver_from(document: Any) -> Waiver:
    """The waiver that a document states. Raises InputError WAIVER_BAD for anything else."""
    if not isinstance(document, Mapping) or set(document) != set(_FIELDS):
        raise InputError(f"a waiver has {', '.join(_FIELDS)} and nothing else", code="WAIVER_BAD")
    return Waiver(**document)


def unwaived(remarks: Iterable[Remark], waivers: Iterable[Waiver]) -> tuple[Remark, ...]:
    """The remarks that nobody answers for, in their order: a release with one is not proposed.

    A waiver is for one rule and one code: a finding of another kind needs its own.
    """
    answered = {(waiver.rule, waiver.code) for waiver in waivers}
    return tuple(each for each in remarks if (each.rule, each.code) not in answered)
