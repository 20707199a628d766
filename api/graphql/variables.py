"""What the variables of a query may be, before any of them is made a value of its type."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLSchema,
    OperationDefinitionNode,
    get_nullable_type,
    type_from_ast,
)

from ontology.errors import InputError

MOST_WORK = 6_000
"""As much as so many items of lists; each takes 1 to 3 us, right or wrong."""
OF_AN_OBJECT = 10
DEEPEST = 100


def check_variables(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]
) -> None:
    """Refuse more than can be looked at soon: each item, each member, and ten for each object.

    What a scalar holds (rows as JSON) is looked at by nobody here. A type that the schema does
    not have is left to validation. Raises InputError `QUERY_VARIABLES`.
    """
    left = MOST_WORK
    todo = [(value, kind, 1) for value, kind in _stated(schema, document, variables)]
    while todo:
        value, kind, depth = todo.pop()
        left -= _work(value, kind)
        if left < 0 or depth > DEEPEST:
            raise InputError(
                "the variables hold too much, or stand too deep in each other",
                code="QUERY_VARIABLES", hint="send fewer values at a time",
            )  # fmt: skip
        todo += ((part, of, depth + 1) for part, of in _within(value, kind))


def _stated(
    schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]
) -> Iterator[tuple[Any, Any]]:
    """The variables that an operation declares, each with its type."""
    for operation in document.definitions:
        if not isinstance(operation, OperationDefinitionNode):
            continue
        for one in operation.variable_definitions or ():
            kind = type_from_ast(schema, one.type)
            if kind is not None and one.variable.name.value in variables:
                yield variables[one.variable.name.value], kind


def _work(value: Any, kind: GraphQLInputType) -> int:
    """Of one value itself, by the type that is expected: what is wrong takes as long."""
    expected = get_nullable_type(kind)
    inner = len(value) if isinstance(value, dict | list) else 1
    if isinstance(expected, GraphQLInputObjectType):
        return OF_AN_OBJECT + inner
    return inner if isinstance(expected, GraphQLList) else 0


def _within(value: Any, kind: GraphQLInputType) -> Iterator[tuple[Any, GraphQLInputType]]:
    """What stands in a value, with the types of that."""
    expected = get_nullable_type(kind)
    if isinstance(expected, GraphQLList):
        items = value if isinstance(value, list) else [value]
        yield from ((item, expected.of_type) for item in items)
    elif isinstance(expected, GraphQLInputObjectType) and isinstance(value, dict):
        known = expected.fields
        yield from ((part, known[name].type) for name, part in value.items() if name in known)
