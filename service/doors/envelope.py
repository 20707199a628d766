"""What a sender says of a signal beside its rows, as attributes of CloudEvents 1.0."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from ontology.errors import InputError, Place
from ontology.time_zones import FIRST_YEAR, LAST_YEAR
from service.intake.deliveries import MOST_SEQUENCE, Delivery

VERSION = "1.0"
LONGEST_TEXT = 200
MOST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of one signal by their plain names; `prefix` is how its door writes them.

    Where values are encoded, they are as in the HTTP binding of CloudEvents (section 3.1.3.2).
    Attributes that are not known here mean nothing, as the specification asks of receivers.
    """

    values: Mapping[str, str]
    prefix: str
    is_encoded: bool = True

    def delivery(self, source: str, agent: str, *, close_all: bool = False) -> Delivery:
        """The delivery that they speak of, from a `source` that the door knows.

        Raises InputError `ENVELOPE_INVALID` naming the attribute.
        """
        if self.text("specversion") not in ("", VERSION):
            raise self.wrong("specversion", f"this reads version {VERSION}", "send `1.0`")
        stated = self.text("source")
        if stated and stated.rpartition("/")[2] != source:  # it may be a URI
            raise self.wrong("source", f"it is not `{source}`, to which this was sent",
                             "send it to its own source, or leave the attribute out")  # fmt: skip
        return Delivery(
            agent, self.text("id"), self.time("time"), self.number("sequence", MOST_SEQUENCE),
            self.text("supersedes"), close_all, correlation_id=self.text("correlationid"),
            schema_version=self.text("dataschema"),
            confidence_percent=self.number("confidence", 100),
        )  # fmt: skip

    def text(self, name: str) -> str:
        """A text of printable characters, empty where it is not stated."""
        stated = self.values.get(name, "")
        found = (unquote(stated, errors="replace") if self.is_encoded else stated).strip()
        if len(found) > LONGEST_TEXT or not found.isprintable():
            raise self.wrong(name, f"it is not {LONGEST_TEXT} printable characters at the most",
                             "shorten it")  # fmt: skip
        return found

    def number(self, name: str, most: int) -> int | None:
        """A whole number from 0 to `most`, None where it is not stated."""
        text = self.text(name)
        if not text:
            return None
        is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
        if not is_number or int(text) > most:
            raise self.wrong(name, f"`{text}` is no whole number from 0 to {most}",
                             "write plain digits")  # fmt: skip
        return int(text)

    def time(self, name: str) -> datetime | None:
        """A time with its offset from UTC (RFC 3339), None where it is not stated."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise self.wrong(
                name, f"`{text}` is no time with an offset from UTC",
                f"write it like 2026-03-01T06:00:00Z, in the years {FIRST_YEAR} to {LAST_YEAR}; "
                "a leap second is written as the second before it",
            )  # fmt: skip
        return found

    def wrong(self, name: str, what: str, hint: str) -> InputError:
        """The error of one attribute, placed where the sender wrote it."""
        return InputError(what, code="ENVELOPE_INVALID", hint=hint,
                          place=Place(f"{self.prefix}{name}"))  # fmt: skip
