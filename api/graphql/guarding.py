"""Puts each field of the schema behind what it takes to see it; one that no table names is refused.

The tables are in `field_verbs`. What the machine's owner asks for goes straight through.
"""

from collections.abc import Callable, Iterator
from inspect import isawaitable
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from api.graphql.field_verbs import NESTED, ROOTS, Root, Taken
from api.graphql.loaders import Request
from feeds.mapping_text import load_mapping
from ontology.errors import InputError
from service.access import Sight, denied
from service.doors.registered import mapping_of
from service.permits.verbs import VERBS

Resolve = Callable[..., Any]
Info = GraphQLResolveInfo[Any]
_LISTS = ("Connection", "Edge")


def guard(schema: GraphQLSchema) -> None:
    """Put every field behind its verb. Raises TypeError for fields that no table names.

    What only whoever sees all of a chain comes to needs no entry below its root.
    """
    roots = [kind for kind in (schema.query_type, schema.mutation_type, schema.subscription_type)
             if kind is not None]  # fmt: skip
    unnamed = [f"{kind.name}.{name}" for kind in roots for name in kind.fields
               if f"{kind.name}.{name}" not in ROOTS]  # fmt: skip
    unnamed += [place for place, _ in _reached(schema) if place not in NESTED]
    if unnamed:
        raise TypeError(f"no table says what it takes to see: {', '.join(sorted(unnamed))}")
    for kind in roots:
        for name, field in kind.fields.items():
            _guard_root(field, ROOTS[f"{kind.name}.{name}"])
    for place, taken in NESTED.items():
        if taken.verb:
            kind_name, name = place.split(".")
            found = schema.type_map[kind_name]
            if isinstance(found, GraphQLObjectType):
                _guard_nested(found.fields[name], taken)


def _guard_root(field: GraphQLField, root: Root) -> None:
    if field.subscribe is not None:
        field.subscribe = _behind(field.subscribe, root)
    elif field.resolve is not None:
        field.resolve = _behind(field.resolve, root)


def _behind(resolve: Resolve, root: Root) -> Resolve:
    async def guarded(source: Any, info: Info, /, **asked: Any) -> Any:  # one may be `source`
        context: Request = info.context
        if not context.sight.caller.is_owner:
            await context.read(_permit, context, root, asked)
        found = resolve(source, info, **asked)
        return await found if isawaitable(found) else found

    return guarded


def _permit(context: Request, root: Root, asked: dict[str, Any]) -> None:
    """Raises AccessError `ACCESS_DENIED`, also for what is not there to be asked about."""
    sight = context.sight
    sight.permit(root.verb)
    if root.everything:
        sight.everything(root.verb)
    needs_whole, is_looked_at = VERBS[root.verb].needs_whole, root.everything
    for kind, path in root.subjects:
        value: Any = asked
        for part in path.split("."):
            value = (value or {}).get(part)
        if value is None:
            continue
        chain, is_looked_at = _chain_of(context, kind, value), True
        if needs_whole:
            sight.whole(chain, root.verb)
        else:
            sight.view(chain, root.verb)
    if needs_whole and not is_looked_at:  # INVARIANT: what needs the whole says of what
        raise denied()


def _chain_of(context: Request, kind: str, value: Any) -> str:
    house = context.house
    if kind == "chain":
        return str(value)
    if kind == "uri":
        return str(value).split("/")[0]
    if kind == "plan":
        entry = house.catalog.plans_by_digest([str(value)]).get(str(value))
        if entry is not None:
            return entry.plan.chain
    if kind == "event":
        (event,) = house.projection.log.read(after=int(value) - 1, limit=1) or (None,)
        if event is not None and event.sequence == value and event.payload.get("chain"):
            return str(event.payload["chain"])
    if kind == "source":
        try:
            path = mapping_of(house.settings.data_folder, str(value))
        except InputError as error:
            raise denied() from error
        return load_mapping(path).chain
    raise denied()


def _guard_nested(field: GraphQLField, taken: Taken) -> None:
    resolve = field.resolve
    if resolve is None:
        raise TypeError("a field without a resolver cannot be guarded")

    def guarded(source: Any, info: Info, /, **asked: Any) -> Any:
        sight: Sight = info.context.sight
        chain = getattr(source, "chain", None)
        if sight.caller.is_owner or (chain and sight.known_whole(chain, taken.verb)):
            return resolve(source, info, **asked)
        return _after(resolve, source, info, taken.verb, asked)

    field.resolve = guarded


async def _after(
    resolve: Resolve, source: Any, info: Info, verb: str, asked: dict[str, Any]
) -> Any:
    context: Request = info.context
    chain = getattr(source, "chain", None)
    if not isinstance(chain, str):
        raise denied()
    await context.read(context.sight.whole, chain, verb)
    found = resolve(source, info, **asked)
    return await found if isawaitable(found) else found


def _reached(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    """Every field that a caller may come to who does not see all of a chain."""
    waiting = [get_named_type(_root_field(schema, place).type)
               for place, root in ROOTS.items() if not VERBS[root.verb].needs_whole]  # fmt: skip
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name in seen:
            continue
        seen.add(kind.name)
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            waiting += schema.get_possible_types(kind)
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            place = f"{kind.name}.{name}"
            if not kind.name.endswith(_LISTS):
                yield place, field
            if place not in NESTED or not NESTED[place].verb:
                waiting.append(get_named_type(field.type))


def _root_field(schema: GraphQLSchema, place: str) -> GraphQLField:
    kind_name, name = place.split(".")
    kind = schema.type_map.get(kind_name)
    if not isinstance(kind, GraphQLObjectType) or name not in kind.fields:
        raise TypeError(f"there is no field {place}, and a table names it")
    found: GraphQLField = kind.fields[name]
    return found
