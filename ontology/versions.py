"""What became of words: how a table in an older version of the vocabulary is read in today's."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ontology.columns import MISSING, Column
from ontology.errors import OutsideError


@dataclass(frozen=True, slots=True)
class Stored:
    """A class and its columns in the words of some version; the columns are as in `Table`."""

    name: str
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class ClassRenamed:
    """A class has another name."""

    old: str
    new: str

    def apply(self, stored: Stored) -> Stored:
        """The table under the new name."""
        return Stored(self.new, stored.columns) if stored.name == self.old else stored


@dataclass(frozen=True, slots=True)
class FieldRenamed:
    """A field of a class has another name, and the same values."""

    name: str
    old: str
    new: str

    def apply(self, stored: Stored) -> Stored:
        """The table with the column under the new name."""
        if stored.name != self.name or self.old not in stored.columns:
            return stored
        columns = {self.new if key == self.old else key: c for key, c in stored.columns.items()}
        return Stored(stored.name, columns)


@dataclass(frozen=True, slots=True)
class UnitChanged:
    """A whole number is stated in a finer unit, of which `factor` make one of the old, in `new`."""

    name: str
    old: str
    new: str
    factor: int

    def apply(self, stored: Stored) -> Stored:
        """The table with the column in the new unit. Raises OutsideError `ARTIFACT_UNREADABLE`."""
        if stored.name != self.name or self.old not in stored.columns:
            return stored
        finer = _scaled(stored.columns[self.old], self.factor, self.old)
        columns = {key: c for key, c in stored.columns.items() if key != self.old}
        return Stored(stored.name, columns | {self.new: finer})


Step = ClassRenamed | FieldRenamed | UnitChanged

STEPS: tuple[tuple[Step, ...], ...] = ()
"""What changed from each version to the next, the first being version 1.

A class or a field that is new needs no step: a table without it has the default. So far the
vocabulary has only gained words, and all that was ever written is of version 1.
"""


def vocabulary_version() -> int:
    """The version in which tables are written now."""
    return len(STEPS) + 1


def upcast(stored: Stored, version: int) -> Stored:
    """A table of an older version in today's words; what is stored is left as it is.

    Raises OutsideError `VERSION_UNKNOWN` for a version that is newer than this program.
    """
    check_version(version)
    for changes in STEPS[version - 1 :]:
        for step in changes:
            stored = step.apply(stored)
    return stored


def check_version(version: int) -> None:
    """Raises OutsideError `VERSION_UNKNOWN` for a version that this program does not know."""
    if not 1 <= version <= vocabulary_version():
        raise OutsideError(
            f"this is written in version {version} of the vocabulary, and the program knows "
            f"{vocabulary_version()}", code="VERSION_UNKNOWN",
            hint="use the version of the program that wrote it, or a later one",
        )  # fmt: skip


def _scaled(column: Column, factor: int, field: str) -> Column:
    numbers: npt.NDArray[np.int64] = column
    stated = numbers != MISSING
    most = (2**63 - 1) // factor
    if (np.abs(numbers[stated]) > most).any():
        raise OutsideError(
            f"a number of `{field}` does not fit in the unit of today", code="ARTIFACT_UNREADABLE",
            hint="use the version of the program that wrote it",
        )  # fmt: skip
    return np.where(stated, numbers * np.where(stated, factor, 1), MISSING)
