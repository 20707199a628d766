"""The knobs of a release: what each one means, in which unit, and what it may be set to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ontology.errors import InputError, Place

KNOBS_FILE = "knobs.toml"
Value = int | str
_STATED = ("title", "unit", "default", "least", "most")


@dataclass(frozen=True, slots=True)
class Knob:
    """What one setting of a release means, and the range that its whole number must be in.

    `least` and `most` are None where there is no such end; a text has neither.
    """

    title: str
    unit: str
    default: Value
    least: int | None = None
    most: int | None = None

    def to_document(self) -> dict[str, Value]:
        """What is stated of it, by the names of `knobs.toml`; `knob_from` reads it back."""
        found = {name: getattr(self, name) for name in _STATED}
        return {name: value for name, value in found.items() if value is not None}

    def allows(self, value: Value) -> bool:
        """Whether the knob may have this value: of the default's type and within the range."""
        if type(value) is not type(self.default):
            return False
        if not isinstance(value, int):
            return True
        low, high = (value if end is None else end for end in (self.least, self.most))
        return low <= value <= high

    @property
    def range(self) -> str:
        """The range in words, with the unit."""
        ends = ("any" if end is None else f"{end:,}" for end in (self.least, self.most))
        return f"{' to '.join(ends)} {self.unit}"


def knob_from(name: str, stated: Any) -> Knob:
    """The knob that a table of `knobs.toml`, or a part of a document, states.

    Raises InputError RELEASE_BAD for a missing title, unit or default, for an unknown word, and
    for values of another type.
    """
    if not isinstance(stated, Mapping) or not {"title", "unit", "default"} <= set(stated):
        raise bad_release(f"the knob `{name}` has no title, no unit or no default", KNOBS_FILE)
    unknown = sorted(set(stated) - set(_STATED))
    if unknown:
        raise bad_release(f"the knob `{name}` states `{unknown[0]}`, which is unknown", KNOBS_FILE)
    texts = (stated["title"], stated["unit"])
    ends = [stated[end] for end in ("least", "most") if end in stated]
    is_number = type(stated["default"]) is int
    if not all(isinstance(text, str) for text in texts) or any(type(e) is not int for e in ends):
        raise bad_release(f"the knob `{name}` has a value of another type", KNOBS_FILE)
    if not (is_number or (isinstance(stated["default"], str) and not ends)):
        raise bad_release(f"the knob `{name}` is neither a whole number nor a text", KNOBS_FILE)
    return Knob(**{word: stated[word] for word in _STATED if word in stated})


def check_values(values: Mapping[str, Value], definitions: Mapping[str, Knob]) -> None:
    """Raise InputError RELEASE_BAD for a knob without a value, or with one that it may not have."""
    for name, knob in definitions.items():
        if name not in values:
            raise bad_release(f"the knob `{name}` is defined and has no value", KNOBS_FILE)
        if not knob.allows(values[name]):
            what = f"the knob `{name}` is {values[name]}, outside {knob.range}"
            raise bad_release(what, KNOBS_FILE)


def bad_release(what: str, file: str = "") -> InputError:
    """The refusal of something that is no release."""
    return InputError(
        what,
        hint="see docs/adding-a-rule.md",
        code="RELEASE_BAD",
        place=Place(file),
    )
