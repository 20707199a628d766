"""The body of a request that is a JSON document: bounded in bytes and time, and unambiguous."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import orjson
from starlette.requests import ClientDisconnect, Request

from ontology.errors import InputError

READING_SECONDS = 30.0
MOST_PARTS = 20_000
"""Lists and objects; of many more the collector of garbage takes longer than the parser."""


class _RepeatedNameError(ValueError):
    """An object has two members of one name."""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """How a door reads its documents: `what` they are called, and the codes of its refusals."""

    what: str
    most_bytes: int
    too_large: str
    unreadable: str
    hint: str

    async def read(self, request: Request) -> bytes:
        """The body, read no further than its limit, whatever its header promises.

        Raises InputError `too_large`, `UPLOAD_STALLED` or `UPLOAD_CUT`.
        """
        parts, size = [], 0
        try:
            with anyio.fail_after(READING_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > self.most_bytes:
                        raise InputError(f"the {self.what} is larger than {self.most_bytes} bytes",
                                         code=self.too_large, hint="ask for less")  # fmt: skip
                    parts.append(part)
        except TimeoutError as error:
            raise InputError(f"the {self.what} did not come within {READING_SECONDS:.0f} s",
                             code="UPLOAD_STALLED", hint="send it again") from error  # fmt: skip
        except ClientDisconnect as error:
            raise InputError(f"the {self.what} was cut off", code="UPLOAD_CUT",
                             hint="send it again") from error  # fmt: skip
        return b"".join(parts)

    def document(self, text: str | bytes) -> Any:
        """The value of a JSON text in UTF-8 in which no object has a name twice.

        Of two members of one name some readers take the first and some the last: what a proxy
        checked would not be what runs. Raises InputError `unreadable`, `JSON_PARTS` or
        `JSON_REPEATED`.
        """
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if raw.count(b"[") + raw.count(b"{") > MOST_PARTS:
            raise InputError(f"the {self.what} has more than {MOST_PARTS} lists and objects",
                             code="JSON_PARTS", hint="send less at a time")  # fmt: skip
        try:
            found = orjson.loads(text)
            # numbers are not converted again, however many digits they have
            json.loads(text, object_pairs_hook=_once, parse_int=len, parse_float=len)
        except _RepeatedNameError as error:
            twice = f"`{str(error)[:100]}` stands twice in one object of the {self.what}"
            raise InputError(twice, code="JSON_REPEATED", hint="state each name once") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"the {self.what} is not JSON in UTF-8", code=self.unreadable,
                             hint=self.hint) from error  # fmt: skip
        return found


def _once(members: Sequence[tuple[str, Any]]) -> None:
    """Raises _RepeatedNameError naming what stands twice."""
    if len(dict(members)) < len(members):
        counts = Counter(name for name, _ in members)
        raise _RepeatedNameError(next(name for name, count in counts.items() if count > 1))
