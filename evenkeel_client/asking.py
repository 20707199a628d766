"""How typed questions are asked: variables, pages, outcomes. What documents make builds on it."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from evenkeel_client.errors import EvenkeelError, refused, unreadable
from evenkeel_client.sending import Connection

PAGE_ROWS = 100
TABLE_PAGE_ROWS = 1_000
"""So many rows are asked for at once, of lists and of tables: the most that a page may have."""
KEY = "idempotency_key"
Answer = TypeVar("Answer")


class Asking:
    """Asks the GraphQL of a service over a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The `data` of any document of your own; it is sent again where no answer came.

        It must change nothing: a mutation goes by its own method. Raises EvenkeelError.
        """
        return self._data(document, variables or {}, is_safe=True)

    def asked(
        self, document: str, variables: Mapping[str, Any], path: Sequence[str],
        read: Callable[[Any], Answer],
    ) -> Answer:  # fmt: skip
        """The answer to a question, read from where it stands in the data."""
        return read(_at(self._data(document, variables, is_safe=True), path))

    def done(
        self, document: str, variables: Mapping[str, Any], path: Sequence[str],
        read: Callable[[Any], Answer],
    ) -> Answer:  # fmt: skip
        """The outcome of a mutation. A refusal is raised.

        Where its input takes an idempotency key, each call has one of its own, and what was not
        answered is sent again under it; any other is sent again only where nothing was done.
        """
        keyed = {name: _keyed(value) for name, value in variables.items()}
        is_safe = any(hasattr(value, KEY) for value in keyed.values())
        outcome = _at(self._data(document, keyed, is_safe=is_safe), path)
        if refusal := refused(outcome):
            raise refusal
        try:
            return read(outcome)
        except KeyError as error:
            told = outcome.get("__typename", "nothing known")
            raise unreadable(f"its outcome is `{told}`", 200) from error

    def paged(
        self, document: str, variables: Mapping[str, Any], path: Sequence[str],
        read: Callable[[Any], Answer], page_rows: int,
    ) -> Iterator[Answer]:  # fmt: skip
        """All nodes of a list, a page at a time, each page asked for when it is needed."""
        after: str | None = None
        while True:
            asked = {**variables, "first": page_rows, "after": after}
            page = _at(self._data(document, asked, is_safe=True), path)
            for edge in page["edges"]:
                yield read(edge["node"])
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _data(self, document: str, variables: Mapping[str, Any], *, is_safe: bool) -> Any:
        given = {name: as_json(value) for name, value in variables.items() if value is not None}
        body = {"query": document, "variables": given}
        found = self._connection.document(
            "/graphql", body, is_safe=is_safe,
            headers={"Accept": "application/graphql-response+json, application/json;q=0.9"},
        )  # fmt: skip
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            raise unreadable("no data", 200)
        return found["data"]


def as_json(value: Any) -> Any:
    """A value as the service takes it; of an input, what differs from its default."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            _camel(one.name): as_json(stated)
            for one in fields(value)
            if (stated := getattr(value, one.name)) != _default(one)
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: as_json(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_json(part) for part in value]
    return value


def _default(one: Field[Any]) -> Any:
    return one.default if one.default is not MISSING else MISSING


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name.rstrip("_"))


def _keyed(value: Any) -> Any:
    """An input with a key of its own, where it takes one and has none."""
    if is_dataclass(value) and not isinstance(value, type) and getattr(value, KEY, "given") in (
        "", None,
    ):  # fmt: skip
        return replace(value, **{KEY: uuid.uuid4().hex})
    return value


def _at(data: Any, path: Sequence[str]) -> Any:
    """What stands at a path; the last part may be null, and what leads to it may not."""
    for place, name in enumerate(path):
        if data is None:
            raise EvenkeelError(f"there is no such {path[place - 1]}", code="NOT_FOUND",
                                hint="list what there is", fault="input")  # fmt: skip
        data = data[name]
    return data
