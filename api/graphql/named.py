"""Which names a document asks by: what of a fact an answer can hold at most."""

from graphql import FieldNode, Visitor, visit

from api.graphql.limits import document_within_limits


def names_in(text: str) -> frozenset[str]:
    """The names of all fields of a document that is within the limits, aliases aside."""
    found: set[str] = set()

    class Names(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            found.add(node.name.value)

    visit(document_within_limits(text), Names())
    return frozenset(found)
