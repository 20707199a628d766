"""What is different between two schemas, for who wrote queries by the older one."""

from dataclasses import dataclass

from graphql import GraphQLSchema, find_breaking_changes, find_dangerous_changes


@dataclass(frozen=True, slots=True, order=True)
class SchemaChange:
    """One difference. A breaking one makes queries fail that ran; another may surprise them."""

    is_breaking: bool
    kind: str
    description: str

    def __str__(self) -> str:
        """A line for a person."""
        return f"{'breaking' if self.is_breaking else 'dangerous'}: {self.description}"


def schema_changes(before: GraphQLSchema, after: GraphQLSchema) -> list[SchemaChange]:
    """Breaking and dangerous changes, as graphql-core finds them, in order.

    Breaking: what was there is gone, may be null, or is asked for. Dangerous: an enum or a union
    has one more, a default is another, an optional argument was added.
    """
    found = [
        (is_breaking, change)
        for is_breaking, find in ((True, find_breaking_changes), (False, find_dangerous_changes))
        for change in find(before, after)
    ]
    return sorted({
        SchemaChange(is_breaking, change.type.name, change.description)
        for is_breaking, change in found
    })  # fmt: skip
