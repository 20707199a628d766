"""JSON as exact values: bounded in depth and digits, and a name that stands twice is seen."""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from feeds.json_depth import is_deeper
from feeds.refusals import shown
from ontology.errors import InputError, Place

DEPTH = 32
_DIGITS = 40
_EXPONENT = 400


class Doubled(dict[str, Any]):
    """An object in which a name stands more than once; `names` are those names."""

    names: tuple[str, ...] = ()


def parsed(data: bytes, file: str) -> Any:
    """The value that a JSON text in UTF-8 states, numbers with a fraction as Decimal.

    Raises InputError `FILE_EMPTY`, `WRONG_ENCODING`, `NOT_JSON` (XML is named), `TOO_DEEP` or
    `NUMBER_RANGE`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(file, "WRONG_ENCODING", f"byte {error.start} is not UTF-8",
                     "save the file as UTF-8") from error  # fmt: skip
    if not text.strip():
        raise _fault(file, "FILE_EMPTY", "the file is empty", "give an EPCIS document")
    if text.lstrip().startswith("<"):
        raise _fault(file, "NOT_JSON", "this is XML, and events are read as JSON",
                     "export EPCIS 2.0 as JSON or JSON-LD")  # fmt: skip
    if is_deeper(text, DEPTH):
        raise _fault(file, "TOO_DEEP", f"the values are nested more than {DEPTH} deep",
                     "flatten the extensions of the events")  # fmt: skip
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer,
            parse_constant=_constant,
        )  # fmt: skip
    except json.JSONDecodeError as error:
        said = error.msg[:1].lower() + error.msg[1:]
        raise InputError(
            f"this is not JSON: {said}", code="NOT_JSON", hint="correct or export the file again",
            place=Place(file, error.lineno),
        ) from error  # fmt: skip
    except InputError as error:
        error.place = Place(file)
        raise


def plain_text(value: object) -> str:
    """A parsed value as one line of JSON, for people to read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    doubled = Doubled(made)
    doubled.names = tuple(sorted({name for name in names if names.count(name) > 1}))
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


def _fault(file: str, code: str, what: str, hint: str) -> InputError:
    return InputError(what, code=code, hint=hint, place=Place(file))
