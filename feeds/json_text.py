"""JSON as exact values, bounded in size, depth and digits: a value at a time, from a stream."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from feeds.json_depth import is_deeper
from feeds.refusals import shown
from ontology.errors import InputError, Place

DEPTH = 32
LONGEST_PART = 2**23
"""Characters of one event, or of all that stands around the events."""
_DIGITS = 40
_EXPONENT = 400
_PIECE_BYTES = 2**18
_BLANK = re.compile(r"[ \t\n\r]*")
_IN_NUMBERS = frozenset(".eE")
_CUT_WORD = 16
"""What a cut makes of a number, a word or an escape goes wrong so near to the cut at most."""


class Doubled(dict[str, Any]):
    """An object in which a name stands more than once; `names` are those names."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What a kind of document calls its faults: codes, its parts and the cures."""

    broken: str = "NOT_JSON"
    deep: str = "TOO_DEEP"
    part: str = "an event, or what stands around the events, has"
    give: str = "give an EPCIS document"
    split: str = "split the event"
    flatten: str = "flatten the extensions of the events"


OF_EVENTS = Wording()


class JsonText:
    """A JSON text in UTF-8, of which no more is in memory than the value that is asked for.

    Reading raises InputError `FILE_EMPTY`, `FILE_TOO_LARGE`, `WRONG_ENCODING`, `NOT_JSON` (XML is
    named), `TOO_DEEP`, `PART_TOO_LONG` or `NUMBER_RANGE`; two of them have the codes of a
    `Wording`, and what hooks of a `decoder` of one's own raise passes through.
    """

    def __init__(
        self, stream: BinaryIO, file: str, most_bytes: int, *, depth: int = DEPTH,
        wording: Wording = OF_EVENTS, decoder: json.JSONDecoder | None = None,
    ) -> None:  # fmt: skip
        """`file` is its name for messages, `depth` how deep its values may be nested."""
        self._stream, self._file, self._left = stream, file, most_bytes
        self._depth, self._wording, self._json = depth, wording, decoder or _DECODER
        self._most_bytes, self._bytes = most_bytes, 0
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._is_whole = "", 0, False
        self._lines = self._dropped = 0
        if not self.peek():
            raise self._fault("FILE_EMPTY", "the file is empty", wording.give)
        if wording == OF_EVENTS and self.peek() == "<":
            raise self._fault("NOT_JSON", "this is XML, and events are read as JSON",
                              "export EPCIS 2.0 as JSON or JSON-LD")  # fmt: skip

    @property
    def position(self) -> int:
        """How many characters were read past so far."""
        return self._dropped + self._at

    def peek(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._is_whole:
                return self._text[self._at : self._at + 1]
            self._more()

    def members(self) -> Iterator[str]:
        """The names of the object that begins here; after each its value must be read."""
        self._at += 1
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._wrong("expecting property name enclosed in double quotes")
            name = self.value(0)
            if self.peek() != ":":
                raise self._wrong("expecting ':' delimiter")
            self._at += 1
            yield name
            if self._ends("}"):
                return

    def elements(self) -> Iterator[None]:
        """A step for each value of the list that begins here, which must then be read."""
        self._at += 1
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._ends("]"):
                return

    def value(self, levels: int) -> Any:
        """The value that begins here, in which at most so many objects and lists are nested.

        Numbers with a fraction are Decimal, and an object that has a name twice is Doubled.
        """
        self.peek()
        while True:
            try:
                found, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._is_whole or not self._may_be_cut(error):
                    raise self._wrong(error.msg[:1].lower() + error.msg[1:], error.pos) from error
            except RecursionError as error:
                raise self._too_deep() from error
            except InputError as error:
                error.place = Place(self._file)
                raise
            else:
                if self._is_whole or not self._is_cut(end):
                    break
            self._more()
        self._check_depth(end, levels)
        self._at = end
        return found

    def end(self) -> None:
        """Nothing follows but blanks."""
        if self.peek():
            raise self._wrong("extra data")

    def _ends(self, mark: str) -> bool:
        """Whether this was the last one of the object or list; a comma is read past."""
        found = self.peek()
        if found not in (",", mark):
            raise self._wrong("expecting ',' delimiter")
        self._at += 1
        return found == mark

    def _check_depth(self, end: int, levels: int) -> None:
        text, start = self._text, self._at
        marks = text.count("[", start, end) + text.count("{", start, end)
        if marks > levels and is_deeper(text[start:end], levels):
            raise self._too_deep()

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether what follows may still make sense of it."""
        near = error.pos + _CUT_WORD >= len(self._text)
        return near or error.msg.startswith("Unterminated string")

    def _is_cut(self, end: int) -> bool:
        """Whether the value may go on beyond what is here: `2.` is read as 2 before its 0 comes."""
        rest = self._text[end : end + 2]
        return not rest or (rest[0] in _IN_NUMBERS and len(self._text) - end < _CUT_WORD)

    def _more(self) -> None:
        """Drop what was read past, and read at least as much as is left once more."""
        left = len(self._text) - self._at
        self.check_length(left)
        self._lines += self._text.count("\n", 0, self._at)
        self._dropped += self._at
        data = self._stream.read(min(max(_PIECE_BYTES, left), LONGEST_PART + 1 - left))
        self._bytes += len(data)
        if self._bytes > self._most_bytes:
            raise self._fault("FILE_TOO_LARGE",
                              f"the document is larger than {self._most_bytes} bytes",
                              "split the document")  # fmt: skip
        self._is_whole = not data
        try:
            text = self._decoder.decode(data, final=self._is_whole)
        except UnicodeDecodeError as error:
            byte = self._bytes - len(error.object) + error.start
            raise self._fault("WRONG_ENCODING", f"byte {byte} is not UTF-8",
                              "save the file as UTF-8") from error  # fmt: skip
        self._text, self._at = self._text[self._at :] + text, 0

    def check_length(self, characters: int) -> None:
        """Raises InputError `PART_TOO_LONG` for a part that is longer than any sound one."""
        if characters > LONGEST_PART:
            raise self._fault("PART_TOO_LONG", f"{self._wording.part} more than {LONGEST_PART} "
                              "characters", self._wording.split)  # fmt: skip

    def _too_deep(self) -> InputError:
        return self._fault(self._wording.deep,
                           f"the values are nested more than {self._depth} deep",
                           self._wording.flatten)  # fmt: skip

    def _wrong(self, what: str, position: int | None = None) -> InputError:
        at = self._at if position is None else position
        line = self._lines + self._text.count("\n", 0, at) + 1
        return InputError(f"this is not JSON: {what}", code=self._wording.broken,
                          hint="correct or export the file again",
                          place=Place(self._file, line))  # fmt: skip

    def _fault(self, code: str, what: str, hint: str) -> InputError:
        return InputError(what, code=code, hint=hint, place=Place(self._file))


def plain_text(value: object) -> str:
    """A parsed value as one line of JSON, for people to read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with these names and values; Doubled where a name stands twice."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    doubled = Doubled(made)
    times = Counter(name for name, _ in pairs)
    doubled.names = tuple(sorted(name for name in times if times[name] > 1))
    return doubled


def _decimal(text: str) -> Decimal:
    number = _limited(text)
    return Decimal(number)


def _integer(text: str) -> int:
    return int(_limited(text))


def _limited(text: str) -> str:
    exponent = re.search("[eE]([+-]?[0-9]+)", text)
    if len(text) > _DIGITS or (exponent and abs(int(exponent[1])) > _EXPONENT):
        raise InputError(f"the number {shown(text)} is beyond any quantity", code="NUMBER_RANGE",
                         hint="correct the number")  # fmt: skip
    return text


def _constant(text: str) -> NoReturn:
    raise InputError(f"`{text}` is no number of JSON", code="NOT_JSON",
                     hint="leave the field out where the value is not known")  # fmt: skip


_DECODER = json.JSONDecoder(
    object_pairs_hook=object_of, parse_float=_decimal, parse_int=_integer, parse_constant=_constant
)
