"""Facts of a chain as a document in the words of the vocabulary, to load elsewhere."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from feeds.rdf.writing import FORMS, written
from ontology.errors import InputError, OutsideError
from ontology.vocabulary import FACTS
from service.house import AsOf, House


def exported(
    house: House, chain: str, form: str, name: str = "", as_of: AsOf | None = None
) -> Iterator[str]:
    """The text of a document with all facts of a chain, or those of one class, as of any time.

    `form` is `turtle` or `jsonld`. Loaded as a feed of another chain's name it does not fit: its
    names are those of this chain. Raises InputError `UNKNOWN_CLASS`, `UNKNOWN_FORMAT` or
    `CHAIN_UNKNOWN`.
    """
    if form not in FORMS:
        raise InputError(f"there is no format `{form[:40]}`", code="UNKNOWN_FORMAT",
                         hint=f"use one of: {', '.join(FORMS)}")  # fmt: skip
    if name and name not in FACTS:
        raise InputError(f"there is no class `{name[:60]}`", code="UNKNOWN_CLASS",
                         hint="`evenkeel facts` counts the facts of each class")  # fmt: skip
    tables = house.facts(chain, as_of).tables
    chosen = {key: table for key, table in tables.items() if name in {"", key}}
    return written(chosen, chain, form)


def write_new(path: Path, parts: Iterable[str]) -> None:
    """Write a text into a file that is not there yet, in UTF-8.

    Raises OutsideError `OUTPUT_FAILED`; half a file may stay.
    """
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise OutsideError(f"`{path}` cannot be written: {reason}", code="OUTPUT_FAILED",
                           hint="name a file that is not there yet") from error  # fmt: skip
