"""Shapes as Python text: dataclasses that read themselves from JSON, and a method a question."""

import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    TypeNode,
    VariableDefinitionNode,
    get_named_type,
    print_ast,
    type_from_ast,
    value_from_ast_untyped,
)

from evenkeel_client.shapes import (
    PAGING,
    SCALARS,
    TYPENAME,
    DocumentError,
    Field,
    Question,
    Record,
    Shapes,
    spreads,
)

LONGEST = 88
"""Columns of a docstring's line, before its quotes and indentation."""
_READERS = {"date": "date.fromisoformat", "datetime": "datetime.fromisoformat"}
_HEAD = """from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from evenkeel_client.asking import PAGE_ROWS, Asking
"""
_TITLE = "Questions of `{}.graphql`, written by `evenkeel_client.generating`: do not edit."
_INPUTS_HEAD = '''"""What questions take, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
'''


def module_text(name: str, schema: GraphQLSchema, document: DocumentNode, inputs: str) -> str:
    """The module of one document. Raises DocumentError."""
    shapes = Shapes(schema, document)
    taken = sorted({one for question in shapes.questions for one in _inputs_of(question, schema)})
    parts = [
        f'"""{_TITLE.format(name)}"""',
        _HEAD + (f"from {inputs} import {', '.join(taken)}" if taken else ""),
        *(text for record in shapes.records.values() for text in _record(record, shapes)),
        *(_constant(question, shapes) for question in shapes.questions),
        _class(name, shapes, schema),
    ]
    return "\n\n".join(parts) + "\n"


def inputs_text(schema: GraphQLSchema, documents: Iterable[DocumentNode]) -> str:
    """The module of the inputs and enums that the questions of some documents take."""
    found: dict[str, GraphQLNamedType] = {}
    for document in documents:
        for question in Shapes(schema, document).questions:
            for name in _inputs_of(question, schema):
                _note(schema.type_map[name], found)
    enums = [one for one in found.values() if isinstance(one, GraphQLEnumType)]
    inputs = [one for one in found.values() if isinstance(one, GraphQLInputObjectType)]
    parts = [_INPUTS_HEAD, *map(_enum, enums), *map(_input, inputs)]
    return "\n\n".join(parts) + "\n"


def snake(name: str) -> str:
    """`quantityUnits` as `quantity_units`; a word that Python keeps for itself ends in `_`."""
    found = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name.lstrip("_")).lower()
    return f"{found}_" if keyword.iskeyword(found) else found


def _record(record: Record, shapes: Shapes) -> Iterator[str]:
    """A class; one with variants reads the variant that an answer names."""
    kept = {kind: one for kind, one in record.more.items() if not shapes.is_refusal(kind)}
    if len(kept) == 1 and set(record.more) != set(kept):
        yield _plain_class(*kept.values())
        return
    bases = {one.name: record.name for one in kept.values()}
    turns = "".join(
        f'        if told["{TYPENAME}"] == "{kind}":\n            return {one.name}.of(told)\n'
        for kind, one in kept.items()
    )
    yield _plain_class(record, turns=turns)
    for one in kept.values():
        own = tuple(part for part in one.fields if part not in record.fields)
        yield _plain_class(one, base=bases[one.name], own=own)


def _plain_class(
    record: Record, *, base: str = "", own: tuple[Field, ...] | None = None, turns: str = ""
) -> str:
    fields = record.fields if own is None else own
    lines = [f"    {snake(one.key)}: {_type(one)}" for one in fields] or ["    pass"]
    reads = "".join(f"            {snake(one.key)}={_read(one)},\n" for one in record.fields)
    return (
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        f"class {record.name}{f'({base})' if base else ''}:\n"
        f"{_docstring(record.description or 'A part of an answer.', 4)}\n" + "\n".join(lines)
        + f"\n\n    @staticmethod\n    def of(told: Any) -> {record.name}:\n"
        f'        """Read from JSON."""\n{turns}'
        f"        return {record.name}(\n{reads}        )\n"
    )  # fmt: skip


def _type(one: Field) -> str:
    if one.is_connection:
        return f"tuple[{one.type_name}, ...]"
    return _wrapped(one.type_name, one.wraps, "tuple[{}, ...]")


def _wrapped(name: str, wraps: str, several: str) -> str:
    if not wraps:
        return name
    inner = _wrapped(name, wraps[1:], several)
    if wraps[0] == "*":
        return several.format(inner)
    return inner if inner == "Any" else f"{inner} | None"


def _read(one: Field) -> str:
    reader = f"{one.type_name}.of" if one.is_record else _READERS.get(one.type_name, "")
    told = f'told["{one.key}"]'
    if one.is_connection:
        return f'tuple({reader}(edge["node"]) for edge in {told}["edges"])'
    return _reading(told, one.wraps, reader)


def _reading(told: str, wraps: str, reader: str) -> str:
    if not wraps:
        return f"{reader}({told})" if reader else told
    name = "one" if told.startswith("told") else f"{told}_"
    if wraps[0] == "*":
        inner = _reading(name, wraps[1:], reader)
        return f"tuple({told})" if inner == name else f"tuple({inner} for {name} in {told})"
    inner = _reading(told, wraps[1:], reader)
    return told if inner == told else f"None if {told} is None else {inner}"


def _constant(question: Question, shapes: Shapes) -> str:
    named = spreads(question.node.selection_set, shapes.fragments)
    parts = [question.node, *(shapes.fragments[name] for name in named)]
    text = "\n\n".join(map(print_ast, parts))
    return f'{snake(question.name).upper()} = """\n{text}\n"""'


def _class(name: str, shapes: Shapes, schema: GraphQLSchema) -> str:
    title = "".join(word.capitalize() for word in name.split("_"))
    methods = (_method(question, shapes, schema) for question in shapes.questions)
    return (
        f"class {title}Questions(Asking):\n"
        f'    """What `{name}.graphql` asks, a method for each of its operations."""\n\n'
        + "\n\n".join(methods)
    )


def _method(question: Question, shapes: Shapes, schema: GraphQLSchema) -> str:
    own = [one for one in question.node.variable_definitions or ()
           if one.variable.name.value not in PAGING or not question.is_paged]  # fmt: skip
    needed = [one for one in own if _is_needed(one)]
    extra = [one for one in own if not _is_needed(one)]
    takes = ["self", *(f"{_name(one)}: {_argument(one.type, schema)}" for one in needed)]
    if extra or question.is_paged:
        takes.append("*")
    takes += [f"{_name(one)}: {_argument(one.type, schema)} = None" for one in extra]
    takes += ["page_rows: int = PAGE_ROWS"] if question.is_paged else []
    told = ", ".join(f'"{one.variable.name.value}": {_name(one)}' for one in own)
    answer, reader = _answer(question.answer, shapes)
    path = ", ".join(f'"{key}"' for key in question.path) + ","
    constant = snake(question.name).upper()
    if question.is_paged:
        gives, call = f"Iterator[{answer}]", f"self.paged({constant}, {{{told}}}, ({path}), "
        call += f"{reader}, page_rows)"
    else:
        gives, verb = answer, "done" if question.changes else "asked"
        call = f"self.{verb}({constant}, {{{told}}}, ({path}), lambda told: {reader})"
    described = question.description or "Ask."
    return (
        f"    def {snake(question.name)}({', '.join(takes)}) -> {gives}:\n"
        f"{_docstring(described, 8)}        return {call}\n"
    )


def _answer(answer: Field, shapes: Shapes) -> tuple[str, str]:
    """The type of an answer, and what reads it from `told`, or a node of it."""
    record = shapes.records.get(answer.type_name)
    name = answer.type_name
    kept = [one.name for kind, one in (record.more if record else {}).items()
            if not shapes.is_refusal(kind)]  # fmt: skip
    if record and len(kept) == 1 and len(record.more) > 1:
        name = kept[0]
    if answer.is_connection:
        return name, f"{name}.of"
    reader = f"{name}.of" if answer.is_record else _READERS.get(name, "")
    return _wrapped(name, answer.wraps, "tuple[{}, ...]"), _reading("told", answer.wraps, reader)


def _name(one: VariableDefinitionNode) -> str:
    return snake(one.variable.name.value)


def _is_needed(one: VariableDefinitionNode) -> bool:
    return one.type.kind == "non_null_type" and one.default_value is None


def _argument(node: TypeNode, schema: GraphQLSchema) -> str:
    return _taken(type_from_ast(schema, node))


def _taken(stated: Any) -> str:
    """The type of what is given, for an input type; `None` leaves it out."""
    if isinstance(stated, GraphQLNonNull):
        return _taken(stated.of_type).removesuffix(" | None")
    if isinstance(stated, GraphQLList):
        return f"Sequence[{_taken(stated.of_type)}] | None"
    name = SCALARS.get(stated.name, stated.name)
    return name if name == "Any" else f"{name} | None"


def _inputs_of(question: Question, schema: GraphQLSchema) -> Iterator[str]:
    for one in question.node.variable_definitions or ():
        named = get_named_type(type_from_ast(schema, one.type))
        if named is None:
            raise DocumentError(f"`{question.name}` takes a type that the schema does not have")
        if isinstance(named, GraphQLInputObjectType | GraphQLEnumType):
            yield named.name


def _note(named: GraphQLNamedType, found: dict[str, GraphQLNamedType]) -> None:
    """Note an input or enum with all that it is made of."""
    if named.name in found or not isinstance(named, GraphQLInputObjectType | GraphQLEnumType):
        return
    found[named.name] = named
    if isinstance(named, GraphQLInputObjectType):
        for field in named.fields.values():
            _note(get_named_type(field.type), found)


def _enum(named: GraphQLEnumType) -> str:
    words = "\n".join(f'    {word} = "{word}"' for word in named.values)
    return f"class {named.name}(StrEnum):\n{_docstring(named.description or 'Words.', 4)}\n{words}"


def _input(named: GraphQLInputObjectType) -> str:
    lines = (
        f"    {snake(name)}: {_taken(field.type)}{_default(field)}"
        for name, field in named.fields.items()
    )
    return (
        "@dataclass(frozen=True, slots=True, kw_only=True)\n"
        f"class {named.name}:\n{_docstring(named.description or 'What is asked.', 4)}\n"
        + "\n".join(lines)
    )


def _default(field: GraphQLInputField) -> str:
    """What a field is where it is not given; that is not sent."""
    if field.default is None or field.default.literal is None:
        return "" if isinstance(field.type, GraphQLNonNull) else " = None"
    value, named = value_from_ast_untyped(field.default.literal), get_named_type(field.type)
    if isinstance(value, list):
        return f" = ({''.join(f'{_word(named, one)}, ' for one in value)})"
    return f" = {_word(named, value)}"


def _word(named: GraphQLNamedType, value: Any) -> str:
    is_word = isinstance(named, GraphQLEnumType) and value is not None
    return f"{named.name}.{value}" if is_word else repr(value)


def _docstring(text: str, indent: int) -> str:
    """A description as a docstring; a long one goes over several lines."""
    words, lines = text.replace('"""', "'''").split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + indent > LONGEST:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    gap = " " * indent
    if len(lines) == 1:
        return f'{gap}"""{lines[0]}"""\n'
    return f'{gap}"""' + f"\n{gap}".join(lines) + f'\n{gap}"""\n'
