"""What may go down: a supplier, a contract, a lane, a location or a region, by kind and key."""

from dataclasses import dataclass

from ontology.errors import InputError

KINDS = ("supplier", "contract", "lane", "location", "region")
_ALSO_CALLED = {"hub": "location"}


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Something whose failure is asked about; `key` is its identifier, of a region its name."""

    kind: str
    key: str

    def __str__(self) -> str:
        """As it is written: `supplier:S-07`."""
        return f"{self.kind}:{self.key}"


def subject_of(text: str) -> Subject:
    """The subject of a text `kind:key`. Raises InputError `SUBJECT_UNKNOWN`."""
    kind, colon, key = text.partition(":")
    kind = _ALSO_CALLED.get(kind, kind)
    if not colon or not key or kind not in KINDS:
        raise InputError(
            f"`{text}` names nothing that can go down",
            hint=f"write one of {', '.join(f'{kind}:...' for kind in KINDS)}",
            code="SUBJECT_UNKNOWN",
        )
    return Subject(kind, key)
