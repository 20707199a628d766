"""A mapping whose values are made when they are first asked for."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class OnDemand(Mapping[str, Value], Generic[Value]):
    """Values by name, each made once. To ask which names there are makes none of them.

    It is pickled as a plain dict of all values.
    """

    def __init__(self, names: Collection[str], make: Callable[[str], Value]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        """The value of a name. Raises KeyError for one that is not there."""
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a name."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """The names, in the order given."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._names)

    def __reduce__(self) -> tuple[Any, ...]:
        """As a plain dict."""
        return dict, (dict(self),)
