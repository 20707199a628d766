"""New identifiers that look like others of their class, and are others."""

import unicodedata
from collections.abc import Iterator, Mapping

from ontology.columns import Snapshot, Table

NAMED = ("Carrier", "Customer", "Item", "Location", "Supplier")
"""The classes whose identifiers people type."""
MOST_IDENTIFIERS = 100_000
"""Of a class with more of them none are compared: it would take longer than a delivery may."""
_SHOWN = 3


def notices_of_lookalikes(before: Snapshot, fed: Mapping[str, Table]) -> Iterator[str]:
    """A line for each class in which a delivery brings an identifier that looks like another.

    Two look alike where Unicode (NFKC), capitals and blanks make the only difference between
    them. Only identifiers that are new are compared; the lines do not depend on their order.
    """
    for name in NAMED:
        if name not in fed or len(fed[name]) + len(before.table(name)) > MOST_IDENTIFIERS:
            continue
        known = before.table(name)["id"].tolist()
        new = sorted(set(fed[name]["id"].tolist()) - set(known))
        pairs = list(_pairs(known, new))
        if pairs:
            told = ", ".join(f"`{one}` and `{other}`" for one, other in pairs[:_SHOWN])
            more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
            yield (f"{told}{more} look alike and are two {name} facts; where they mean one thing, "
                   "correct one, or link it: `evenkeel identity accept`")  # fmt: skip


def _pairs(known: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    if not new:
        return
    first = {looks(one): one for one in sorted(known, reverse=True)}
    for one in new:
        other = first.setdefault(looks(one), one)
        if other != one:
            yield other, one


def looks(identifier: str) -> str:
    """What an identifier looks like to somebody who reads past width, capitals and blanks."""
    folded = identifier if identifier.isascii() else unicodedata.normalize("NFKC", identifier)
    return "".join(folded.casefold().split())
