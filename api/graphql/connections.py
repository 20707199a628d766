"""Relay connections whose cursors name a place in one list and cannot be forged."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

import orjson
import strawberry

from ontology.errors import InputError

LARGEST_PAGE = 100
WIDEST_PAGE = 1_000
"""Of a table: its rows are read by columns, and a thousand cost some 15 ms of processor."""
_SIGNATURE_BYTES = 16

T = TypeVar("T")
First = Annotated[int, strawberry.argument(description="rows of the page, 1 to 100")]
FirstOfTable = Annotated[int, strawberry.argument(description="rows of the page, 1 to 1,000")]
After = Annotated[
    str | None, strawberry.argument(description="the cursor after which the page begins")
]


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads cursors under one key: HMAC-SHA-256, cut to 16 bytes (RFC 2104)."""

    key: bytes

    @staticmethod
    def under(token: str) -> "Cursors":
        """Cursors that hold as long as the token does."""
        return Cursors(hashlib.sha256(b"evenkeel cursor 1\n" + token.encode()).digest())

    def write(self, scope: str, place: Any) -> str:
        """The cursor of a place (strings and whole numbers) in the list that `scope` names."""
        body = orjson.dumps(place)
        return base64.urlsafe_b64encode(self._sign(scope, body) + body).decode().rstrip("=")

    def read(self, scope: str, cursor: str) -> Any:
        """The place; InputError `BAD_CURSOR` for another list's, or one that was not written."""
        try:
            data = base64.b64decode(
                cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            data = b""
        signature, body = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(scope, body)):
            raise InputError("the cursor is not one of this list", code="BAD_CURSOR",
                             hint="pass an `endCursor` of the same list")  # fmt: skip
        return orjson.loads(body)

    def _sign(self, scope: str, body: bytes) -> bytes:
        told = len(scope.encode()).to_bytes(4, "big") + scope.encode() + body
        return hmac.new(self.key, told, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


@strawberry.type(description="Where a page ends.")
class PageInfo:
    """Where a page ends, and whether there is more."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type(description="A row of a page.")
class Edge(Generic[T]):
    """A row with its place in the list; its cursor is written where somebody asks for it."""

    node: T
    written: strawberry.Private[Callable[[], str]]

    @strawberry.field
    def cursor(self) -> str:  # noqa: D102 - its docstring would be in the schema
        return self.written()


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """A page in the order of the list's key."""

    edges: list[Edge[T]]
    page_info: PageInfo


def check_first(first: int, most: int = LARGEST_PAGE) -> int:
    """The page size asked for; raises InputError `PAGE_SIZE` outside 1 to the most."""
    if not 1 <= first <= most:
        raise InputError(f"a page of {first} rows is not between 1 and {most:,}",
                         code="PAGE_SIZE", hint="ask for a smaller page")  # fmt: skip
    return first


def connection(
    nodes: Sequence[T], has_more: bool, scope: str, cursors: Cursors, place: Callable[[int], Any]
) -> Connection[T]:
    """A page of nodes; `place(i)` is the key of row i, from which the next page goes on."""

    def written(row: int) -> str:
        return cursors.write(scope, place(row))

    edges = [Edge(node=node, written=partial(written, row)) for row, node in enumerate(nodes)]
    end = written(len(nodes) - 1) if nodes else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=has_more, end_cursor=end))
