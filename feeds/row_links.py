"""Cells that refer to another row of the same record: a template read backwards."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from feeds.refusals import refusal, shown
from ontology.errors import Place

TEMPLATE_COLUMN = re.compile(r"\{([^{}]+)\}")
MOST_CAPTURED = 200
"""So many characters at most stand for one column of a pattern."""


@dataclass(frozen=True)
class Link:
    """A reference in a cell: `See {ASN/DN #} (ID#:{ID})` names a row of the same file.

    `key` is the column of the row's identity, which the pattern captures for `field`; every
    other column in the pattern must say the same in this row. Where a cell is a reference,
    `number` is not stated here and `word` is `says`.
    """

    field: str
    column: str
    pattern: str
    key: str
    number: str
    word: str
    says: str

    @property
    def same(self) -> tuple[str, ...]:
        """The columns of the pattern that both rows share."""
        return tuple(c for c in columns_of(self.pattern) if c != self.key)

    def read(self, text: str) -> Mapping[str, str] | None:
        """What a cell says by column of the pattern, None where it is no reference.

        A column takes 1 to 200 characters of one line, as few as the rest leaves it: it ends
        where the text after it is next found. One pass over the cell, however many columns.
        """
        first, *between, last = TEMPLATE_COLUMN.split(self.pattern)[::2]
        end = len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)):
            return None
        at, captured = len(first), []
        for literal in between:
            found = text.find(literal, at + 1, end)
            if found < 0:
                return None
            captured.append(text[at:found])
            at = found + len(literal)
        captured.append(text[at:end] if at < end else "")
        if not all(0 < len(part) <= MOST_CAPTURED and "\n" not in part for part in captured):
            return None
        return dict(zip(columns_of(self.pattern), captured, strict=True))

    def target(self, said: Mapping[str, str], shared: Sequence[str]) -> str:
        """The identity referred to; `shared` is what this row holds in the `same` columns.

        Raises InputError `LINK_MISMATCH` where the reference says otherwise than the row.
        """
        for column, text in zip(self.same, shared, strict=True):
            if said[column] != text:
                error = refusal("LINK_MISMATCH", f"the reference names {shown(said[column])} as "
                                f"`{column}`, the row {shown(text)}")  # fmt: skip
                error.place = Place(column=self.column)
                raise error
        return said[self.key]

    def document(self) -> dict[str, Any]:
        """The link as plain data."""
        return asdict(self)


def columns_of(pattern: str) -> tuple[str, ...]:
    """The columns that a template or pattern names, in its order."""
    return tuple(column.strip() for column in TEMPLATE_COLUMN.findall(pattern))
