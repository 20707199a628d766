"""A resolver whose docstring is the field's description in the schema."""

from collections.abc import Callable
from inspect import getdoc
from typing import Any

import strawberry


def described(resolver: Callable[..., Any]) -> Any:
    """The GraphQL field of a resolver: one text for who reads the code and who reads the schema."""
    return strawberry.field(resolver=resolver, description=getdoc(resolver))
