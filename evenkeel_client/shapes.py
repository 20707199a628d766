"""What GraphQL documents ask for, as shapes: records with typed fields, and who reads them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

TYPENAME = "__typename"
PAGE_INFO = "pageInfo"
PAGING = ("first", "after")
"""The variables of a question that is asked page by page."""
SCALARS = {
    "ID": "str", "String": "str", "Int": "int", "BigInt": "int", "Float": "float",
    "Boolean": "bool", "Date": "date", "DateTime": "datetime", "JSON": "Any",
}  # fmt: skip
"""The Python type of each scalar; of JSON it is whatever JSON holds."""
REFUSAL_FIELDS = {"code", "message", "hint"}
"""A member of a union with these fields is a refusal: it is raised, not given back."""


class DocumentError(Exception):
    """A document that no client can be written for; the text says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: its name in the answer, its type, and how its type is wrapped.

    `wraps` are `?` for may be absent and `*` for several, from the outside in.
    """

    key: str
    type_name: str
    wraps: str = ""
    is_record: bool = False
    is_connection: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A selection of one type, which becomes a class; `more` holds variants by type name."""

    name: str
    description: str
    fields: tuple[Field, ...]
    more: Mapping[str, "Record"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """An operation: what it takes, where its answer stands, and of which type that is."""

    name: str
    node: OperationDefinitionNode
    description: str
    path: tuple[str, ...]
    answer: Field
    is_paged: bool

    @property
    def changes(self) -> bool:
        """Whether it is a mutation."""
        return self.node.operation is OperationType.MUTATION


class Shapes:
    """The records and questions of one document, in the order in which they are met."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self.records: dict[str, Record] = {}
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.questions = [
            self._question(node)
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        ]

    def _question(self, node: OperationDefinitionNode) -> Question:
        if node.name is None:
            raise DocumentError("an operation has no name")
        name = node.name.value
        root = self._schema.get_root_type(node.operation)
        path, (selected, stated) = self._place(node.selection_set, root, name)
        description = self._stated(root, next(_fields(node.selection_set))).description or ""
        takes = {one.variable.name.value for one in node.variable_definitions or ()}
        is_paged = set(PAGING) <= takes
        answer = self._field(selected, stated, name)
        if is_paged and not answer.is_connection:
            raise DocumentError(f"`{name}` is paged, and asks for no list with `edges {{ node }}`")
        return Question(name, node, description, path, answer, is_paged)

    def _place(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, name: str
    ) -> tuple[tuple[str, ...], tuple[FieldNode, GraphQLField]]:
        """The field that a question is about: its only one, or the one that is paged within it."""
        chosen = [one for one in _fields(selections) if one.name.value != TYPENAME]
        if len(chosen) != 1:
            raise DocumentError(f"`{name}` asks for {len(chosen)} things at once, and not for one")
        (one,) = chosen
        stated = self._stated(parent, one)
        key = _key(one)
        if one.selection_set and not _is_paged(one) and _holds_paged(one.selection_set):
            path, found = self._place(one.selection_set, get_named_type(stated.type), name)
            return (key, *path), found
        return (key,), (one, stated)

    def _stated(self, parent: GraphQLNamedType | None, node: FieldNode) -> GraphQLField:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            raise DocumentError(f"`{node.name.value}` is asked of what has no fields")
        found: GraphQLField = parent.fields[node.name.value]
        return found

    def _field(self, node: FieldNode, stated: GraphQLField, prefix: str) -> Field:
        wraps, named = _unwrapped(stated.type)
        found = Field(_key(node), "", wraps, description=stated.description or "")
        if node.selection_set is None:
            kind = "str" if isinstance(named, GraphQLEnumType) else SCALARS[named.name]
            return replace(found, type_name=kind)
        if inner := self._nodes(node.selection_set, named):
            name = self._record(*inner, prefix)
            return replace(found, type_name=name, is_record=True, is_connection=True)
        name = self._record(node.selection_set, named, prefix)
        return replace(found, type_name=name, is_record=True)

    def _nodes(
        self, selections: SelectionSetNode, named: GraphQLNamedType
    ) -> tuple[SelectionSetNode, GraphQLNamedType] | None:
        """What is asked of the nodes of a connection; None for any other type."""
        asked = {one.name.value: one for one in _fields(selections)}
        if not named.name.endswith("Connection") or not {"edges"} <= set(asked) <= {
            "edges", PAGE_INFO,
        }:  # fmt: skip
            return None
        edges = asked["edges"]
        edge = get_named_type(self._stated(named, edges).type)
        node = next(_fields(_selections(edges)))
        return _selections(node), get_named_type(self._stated(edge, node).type)

    def _record(self, selections: SelectionSetNode, named: GraphQLNamedType, name: str) -> str:
        """Note the record of a selection; gives the name of its class."""
        only = selections.selections
        if len(only) == 1 and isinstance(only[0], FragmentSpreadNode):
            name, fragment = only[0].name.value, self.fragments[only[0].name.value]
            selections, named = fragment.selection_set, self._schema.type_map[
                fragment.type_condition.name.value]  # fmt: skip
            if name in self.records:
                return name
        if name in self.records:
            raise DocumentError(f"two selections would both be `{name}`")
        description = named.description or ""
        self.records[name] = Record(name, description, ())  # keeps its place before its parts
        fields = self._fields_of(selections, named, name)
        more = {}
        for kind, part in self._variants(selections, named):
            variant = f"{name}{kind}" if not isinstance(named, GraphQLUnionType) else kind
            own = self._schema.type_map[kind]
            inner = self._fields_of(part, own, variant)
            more[kind] = Record(variant, own.description or "", (*fields, *inner))
        if more and all(one.key != TYPENAME for one in fields):
            raise DocumentError(f"`{name}` asks for fields of several types without `{TYPENAME}`")
        self.records[name] = Record(name, description, fields, more)
        return name

    def _fields_of(
        self, selections: SelectionSetNode, named: GraphQLNamedType, name: str
    ) -> tuple[Field, ...]:
        found: dict[str, Field] = {}
        for one in self._own(selections):
            if one.name.value == TYPENAME:
                found[TYPENAME] = Field(TYPENAME, "str", description="The name of its type.")
            else:
                key = _key(one)
                part = f"{name}{key[0].upper()}{key[1:]}"
                found[key] = self._field(one, self._stated(named, one), part)
        return tuple(found.values())

    def _own(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        """Fields of a selection, those of its fragments among them."""
        for one in selections.selections:
            if isinstance(one, FieldNode):
                yield one
            elif isinstance(one, FragmentSpreadNode):
                yield from self._own(self.fragments[one.name.value].selection_set)

    def _variants(
        self, selections: SelectionSetNode, named: GraphQLNamedType
    ) -> Iterator[tuple[str, SelectionSetNode]]:
        for one in selections.selections:
            if isinstance(one, InlineFragmentNode) and one.type_condition:
                kind = one.type_condition.name.value
                if not isinstance(self._schema.type_map[kind], GraphQLObjectType):
                    raise DocumentError(f"`... on {kind}` within `{named.name}` is no object type")
                yield kind, one.selection_set

    def is_refusal(self, kind: str) -> bool:
        """Whether a type is raised instead of given back."""
        named = self._schema.type_map[kind]
        return isinstance(named, GraphQLObjectType) and set(named.fields) >= REFUSAL_FIELDS


def _fields(selections: SelectionSetNode) -> Iterator[FieldNode]:
    return (one for one in selections.selections if isinstance(one, FieldNode))


def _selections(node: FieldNode) -> SelectionSetNode:
    if node.selection_set is None:
        raise DocumentError(f"`{node.name.value}` is asked for without its fields")
    return node.selection_set


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _is_paged(node: FieldNode) -> bool:
    return any(
        isinstance(one.value, VariableNode) and one.value.name.value == "after"
        for one in node.arguments or ()
    )


def _holds_paged(selections: SelectionSetNode) -> bool:
    return any(
        _is_paged(one) or bool(one.selection_set and _holds_paged(one.selection_set))
        for one in _fields(selections)
    )


def _unwrapped(stated: GraphQLOutputType) -> tuple[str, GraphQLNamedType]:
    """How a type is wrapped, from the outside in, and what it is beneath."""
    wraps = ""
    is_needed = False
    while isinstance(stated, GraphQLNonNull | GraphQLList):
        if isinstance(stated, GraphQLNonNull):
            is_needed = True
        else:
            wraps += "*" if is_needed else "?*"
            is_needed = False
        stated = stated.of_type
    return wraps if is_needed else f"{wraps}?", stated


def spreads(
    node: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]
) -> Sequence[str]:
    """The names of the fragments that a selection needs, each once, in the order of first use."""
    found: dict[str, None] = {}
    for one in node.selections if node else ():
        inner: SelectionSetNode | None = getattr(one, "selection_set", None)
        if isinstance(one, FragmentSpreadNode):
            found[one.name.value] = None
            inner = fragments[one.name.value].selection_set
        found |= dict.fromkeys(spreads(inner, fragments))
    return list(found)
