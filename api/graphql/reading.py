"""Fields that are attributes, read without what resolvers need: most of what is asked for."""

from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

DEFINITION = "strawberry-definition"
"""Under this name each field of the schema holds what it was made from."""


def read_directly(schema: GraphQLSchema) -> None:
    """Let every field without a resolver of its own read its attribute, and do nothing else.

    And let an object of an interface say by its class which type it is. Strawberry does the same
    through several calls each, which is where a page of lines spends most of its time.
    """
    made_of = {
        definition.origin: named.name
        for named in schema.type_map.values()
        if isinstance(named, GraphQLObjectType)
        and (definition := named.extensions.get(DEFINITION))
        and not definition.concrete_of
    }
    for named in schema.type_map.values():
        if isinstance(named, GraphQLInterfaceType) and named.resolve_type is not None:
            named.resolve_type = _named_by(made_of, named.resolve_type)
        for field in named.fields.values() if isinstance(named, GraphQLObjectType) else ():
            made_from = field.extensions.get(DEFINITION)
            if isinstance(made_from, StrawberryField) and made_from.is_basic_field:
                is_leaf = is_leaf_type(get_named_type(field.type))
                field.resolve = (_Leaf if is_leaf else _read)(made_from.python_name)


class DirectExecution(StrawberryGraphQLCoreExecutionContext):
    """Executes an operation; tells resolvers where they stand, and attributes nothing."""

    def build_resolve_info(self, field_def: GraphQLField, *more: Any) -> Any:
        """What a resolver is told; where a leaf is read directly there is nobody to tell.

        A leaf that something was put before, as a guard is, has another resolver, which is told.
        """
        if isinstance(field_def.resolve, _Leaf):
            return None
        return super().build_resolve_info(field_def, *more)


def _named_by(made_of: dict[type, str], otherwise: Any) -> Any:
    """By its class, which is looked up; what is no class of its own is asked for as before."""

    def resolve_type(value: Any, info: Any, kind: Any) -> Any:
        return made_of.get(type(value)) or otherwise(value, info, kind)

    return resolve_type


class _Leaf:
    """Reads one attribute of an object, which is no object itself."""

    __slots__ = ("_read",)

    def __init__(self, name: str) -> None:
        self._read = attrgetter(name)

    def __call__(self, source: Any, _: Any) -> Any:
        return self._read(source)


def _read(name: str) -> Any:
    read = attrgetter(name)

    def resolve(source: Any, _: Any) -> Any:
        return read(source)

    return resolve
