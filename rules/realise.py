"""From a world of decided cells to records: what a search found, as facts to check again."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any

from ontology.columns import Table, table_of
from ontology.terms import FieldKind, field_kinds, key_of, local_name
from ontology.vocabulary import RECORDS
from rules.movement_laws import MOVEMENT_LAWS, WEEKDAY_OF, WEEKDAYS
from rules.possible import Cell, Node
from rules.properties import Sum, properties_of
from rules.regions import MONDAY
from rules.seeking import World

Stated = dict[str, Any]


def realised(target: str, node: Node, world: World) -> tuple[dict[str, Table], str]:
    """The records of a world, and the natural key of the focus node among them.

    What the world leaves open is filled with what the record's class takes by default, or with
    something that stands nowhere else. Some worlds cannot be told in records (two rows of one
    key, a sum of fields that are stated otherwise): who needs certainty asks the rules again.
    """
    stated: dict[tuple[str, Node], Stated] = {(target, node): {}}
    links: list[tuple[str, Stated]] = []
    for cell, value in world.items():
        _tell(stated, links, cell, value)
    rows: dict[str, list[Any]] = {}
    focus_key = ""
    for (space, each), known in stated.items():
        record = _record(space, each, known, len(rows.get(space, ())))
        rows.setdefault(space, []).append(record)
        if (space, each) == (target, node):
            focus_key = key_of(record)
    for space, known in links:
        rows.setdefault(space, []).append(_record(space, 0, known, len(rows.get(space, ()))))
    return {
        space: table_of(_distinct(some), space).sorted() for space, some in rows.items()
    }, focus_key


def _tell(
    stated: dict[tuple[str, Node], Stated], links: list[tuple[str, Stated]], cell: Cell, value: Any
) -> None:
    """Note what one cell says."""
    if cell.kind == "link":
        if value is not None and (value or _flag_of(cell)):
            subject, name = cell.name.split(" ")
            flag = {_flag_of(cell): value} if _flag_of(cell) else {}
            links.append((cell.space, {subject: cell.node, name: cell.value, **flag}))
        return
    if cell.kind == "entailed" and value:
        _tell_why(stated, links, cell)
    if cell.kind == "entailed" or (cell.kind == "record" and not value):
        return
    known = stated.setdefault((cell.space, cell.node), {})
    if cell.kind == "record":
        return
    source = properties_of(cell.space)[cell.name].source
    if isinstance(source, Sum):
        known |= dict.fromkeys((*source.fields, *source.minus), None if value is None else 0)
        known[source.fields[0]] = value
        return
    field = source.kind.name  # type: ignore[union-attr]
    if cell.kind == "member":
        known[field] = (*known.get(field, ()), *((cell.value,) if value else ()))
    else:
        known[field] = value


def _tell_why(
    stated: dict[tuple[str, Node], Stated], links: list[tuple[str, Stated]], cell: Cell
) -> None:
    """Note facts from which something follows; whether nothing else does is asked again later."""
    if cell.name in ("approvedReplacement", "replaceableBy"):
        pair = {"item": cell.node, "replacement": cell.value}
        links.append(("Substitute", {**pair, "approved_by": "any-approvedBy"}))
    elif cell.name in ("soleSource", "SoleSourcedItem"):
        supplier = cell.value or "any-supplier"
        links.append(("Offer", {"item": cell.node, "supplier": supplier}))
        stated.setdefault(("Supplier", supplier), {}).setdefault("status", "approved")
    elif cell.name == "within":
        stated.setdefault((cell.space, cell.node), {}).setdefault("part_of", cell.value)


def _flag_of(cell: Cell) -> str:
    kinds = field_kinds(RECORDS[cell.space])
    subject, value = cell.name.split(" ")
    flags = [name for name, kind in kinds.items() if kind.scalar is bool]
    return flags[0] if cell.space == "CalendarException" and subject != value else ""


def _record(space: str, node: Node, known: Stated, number: int) -> Any:
    """A record that states what is known, and something for each field that it must state."""
    record, kinds = RECORDS[space], field_kinds(RECORDS[space])
    values: Stated = {}
    for part in fields(record):
        kind = kinds[part.name]
        if part.name in known:
            values[part.name] = _written(known[part.name], kind)
        elif (part.name,) == record.KEY and isinstance(node, str):
            values[part.name] = node if kind.scalar is str else number + 1
        elif part.default is MISSING:
            values[part.name] = _filler(kind, number)
    return record(**(_of_a_movement(values, known) if space == "Movement" else values))


def _written(value: Any, kind: FieldKind) -> Any:
    """A value as its record keeps it: a text that is not stated is empty."""
    return "" if value is None and not kind.optional and kind.scalar is str else value


_USUAL = {"base_unit": "each", "kind": "hub"}
"""What is filled in where any text would do, but not to a person."""


def _filler(kind: FieldKind, number: int) -> Any:
    if kind.many:
        return ()
    if kind.name in _USUAL:
        return _USUAL[kind.name]
    if kind.scalar is str:
        some = "any-" + local_name(kind.name)
        return f"{some}-{number + 1}" if number else some
    found: Mapping[type, Any] = {
        bool: False, int: 0, date: MONDAY, datetime: datetime.combine(MONDAY, datetime.min.time()),
    }  # fmt: skip
    return found[kind.scalar]


def _of_a_movement(values: Stated, known: Stated) -> Stated:
    """The same with what every movement of its kind says; see `MOVEMENT_LAWS`."""
    if "kind" not in known:
        values["kind"] = next(kind for kind in MOVEMENT_LAWS if _fits(kind, known))
    if "departs_on" not in known:
        values["departs_on"] = min(MONDAY, values["arrives_on"])
    if "arrives_on" not in known:
        values["arrives_on"] = values["departs_on"]
    for weekday, day in WEEKDAY_OF.items():
        values[_field(weekday)] = WEEKDAYS[values[_field(day)].weekday()]
    kinds = field_kinds(RECORDS["Movement"])
    for name in MOVEMENT_LAWS[values["kind"]][0]:
        if values.get(_field(name)) is None:
            values[_field(name)] = _filler(kinds[_field(name)], 0)
    if values["kind"] == "substitution" and "destination" not in known:
        values["destination"] = values["origin"]
    return values


def _fits(kind: str, known: Stated) -> bool:
    stated, possible = ({_field(name) for name in names} for names in MOVEMENT_LAWS[kind])
    free = {"item", "departs_on", "arrives_on", "departs_weekday", "arrives_weekday"}
    there = {name for name, value in known.items() if value is not None}
    return there <= stated | possible | free


def _field(name: str) -> str:
    source = properties_of("Movement")[name].source
    return source.kind.name  # type: ignore[union-attr]


def _distinct(records: list[Any]) -> list[Any]:
    return list({key_of(record): record for record in records}.values())
