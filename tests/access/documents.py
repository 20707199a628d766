"""Random GraphQL documents over the schema: aliases, fragments, paging, conditions, wrong input."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

MOST_FIELDS = 40
MOST_ALIASES = 10
DEEPEST = 6
SELDOM = 0.1
Pools = Mapping[str, Callable[[Random], Any]]
"""Per name of an argument or of an input's field, what gives a value of it."""


@dataclass
class Documents:
    """Gives documents; the same seed gives the same ones."""

    schema: GraphQLSchema
    pools: Pools
    random: Random
    roots: frozenset[str]
    """The fields of Query that are asked for."""
    rare: frozenset[str] = frozenset()
    """Fields (`Type.field`) that are seldom asked for: a refusal takes the rest of the answer."""
    _left: int = 0
    _aliases: int = 0
    _fragments: dict[str, str] = field(default_factory=dict)

    def document(self) -> str:
        """One document with one query."""
        self._left, self._aliases, self._fragments = MOST_FIELDS, MOST_ALIASES, {}
        query = self.schema.query_type
        assert query is not None
        parts = [self._field(query, self._root(), 1)
                 for _ in range(self.random.randint(1, 3))]  # fmt: skip
        text = "{ " + " ".join(filter(None, parts)) + " __typename }"
        return " ".join([f"query {text}", *self._fragments.values()])

    def _root(self) -> str:
        often = sorted(name for name in self.roots if f"Query.{name}" not in self.rare)
        return self.random.choice(sorted(self.roots) if self.random.random() < SELDOM else often)

    def _selection(self, kind: GraphQLNamedType, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return self._abstract(kind, depth)
        assert isinstance(kind, GraphQLObjectType)
        names = [
            name
            for name in sorted(kind.fields)
            if f"{kind.name}.{name}" not in self.rare or self.random.random() < SELDOM
        ]
        chosen = self.random.sample(names, min(len(names), self.random.randint(1, 6)))
        if {"edges", "pageInfo"} <= kind.fields.keys():
            chosen = ["edges", *chosen]
        if "node" in kind.fields and "cursor" in kind.fields:
            chosen = ["node"]
        parts = [self._field(kind, name, depth) for name in dict.fromkeys(chosen)]
        return "{ " + " ".join(filter(None, parts)) + " __typename }"

    def _abstract(self, kind: GraphQLInterfaceType | GraphQLUnionType, depth: int) -> str:
        possible = sorted(one.name for one in self.schema.get_possible_types(kind))
        some = self.random.sample(possible, min(len(possible), self.random.randint(1, 4)))
        parts = ["__typename"]
        for name in some:
            inner = self._selection(self.schema.type_map[name], depth)
            if self.random.random() < 0.2:
                label = f"F{len(self._fragments)}"
                self._fragments[label] = f"fragment {label} on {name} {inner}"
                parts.append(f"...{label}")
            else:
                parts.append(f"... on {name} {inner}")
        return "{ " + " ".join(parts) + " }"

    def _field(self, kind: GraphQLObjectType, name: str, depth: int) -> str:
        found = kind.fields[name]
        of = get_named_type(found.type)
        if self._left <= 0 or (depth >= DEEPEST and not is_leaf_type(of)):
            return ""
        self._left -= 1
        # two fields of one name with other arguments do not go into one answer
        alias = f"a{self._left}: " if found.args or self._alias() else ""
        if depth > 1 and self._aliases <= 0:
            alias = ""
        told = self._arguments(found.args) if alias or depth == 1 else ""
        inner = "" if is_leaf_type(of) else " " + self._selection(of, depth + 1)
        return f"{alias}{name}{told}{inner}"

    def _alias(self) -> bool:
        self._aliases -= 1
        return self._aliases > 0 and self.random.random() < 0.2

    def _arguments(self, stated: Mapping[str, GraphQLArgument]) -> str:
        parts = []
        for name, argument in stated.items():
            needed = is_needed(argument)
            if name in ("chain", "of") or needed or self.random.random() < 0.3:
                parts.append(f"{name}: {self._value(name, argument.type, 0)}")
        return f"({', '.join(parts)})" if parts else ""

    def _value(self, name: str, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            count = self.random.randint(0, 2)
            return f"[{', '.join(self._value(name, kind.of_type, depth) for _ in range(count))}]"
        if isinstance(kind, GraphQLInputObjectType):
            return self._input(kind, depth)
        if isinstance(kind, GraphQLEnumType):
            return str(self.random.choice(sorted(kind.values)))
        return json.dumps(self.pools[name if name in self.pools else kind.name](self.random))

    def _input(self, kind: GraphQLInputObjectType, depth: int) -> str:
        if kind.name in self.pools:
            return str(self.pools[kind.name](self.random))
        parts = []
        for name, part in kind.fields.items():
            needed = is_needed(part)
            if needed or (depth < 2 and self.random.random() < 0.3):
                parts.append(f"{name}: {self._value(name, part.type, depth + 1)}")
        return "{" + ", ".join(parts) + "}"


def is_needed(stated: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether a question cannot leave it out."""
    has_default = stated.ast_node is not None and stated.ast_node.default_value is not None
    return isinstance(stated.type, GraphQLNonNull) and not has_default
