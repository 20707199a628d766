"""What validation reads around focus nodes, and back: the focus nodes that a record counts for."""

from collections.abc import Mapping

import numpy as np

from ontology.columns import Column, Table, joined
from ontology.vocabulary import RECORDS
from rules.lookups import ANY, About, having, keyed, keys_only, united
from rules.properties import (
    Field,
    Keyed,
    Link,
    Property,
    Sum,
    Walk,
    is_class,
    key_field,
    properties_of,
)
from rules.walks import Path, Walks


class Neighbourhood:
    """Records gathered for validation: all that the walks from some focus nodes read.

    Nodes of a class are tables with the columns of its key; a node need not have a record.
    """

    def __init__(self, about: About) -> None:
        self._about = about
        self._found: dict[str, list[Table]] = {}

    @property
    def tables(self) -> dict[str, Table]:
        """The records by class, in the order of their keys."""
        return {name: united(tables) for name, tables in self._found.items()}

    def add(self, walks: Walks, nodes: Table) -> None:
        """Gather what the walks read from nodes."""
        self._walk(walks, nodes, self._records(nodes))

    def at_end(self, path: Path, nodes: Table) -> Table:
        """The nodes of a class to which a path of nodes leads; gathered on the way."""
        rows = self._records(nodes)
        for step in path:
            nodes, rows = self._next(step, nodes, rows)
        return nodes

    def _walk(self, walks: Walks, nodes: Table, rows: Table) -> None:
        for step, onward in walks.onward.items():
            if is_class(step.space):
                there, found = self._next(step, nodes, rows)
                if len(there):
                    self._walk(onward, there, found)
            elif isinstance(step.source, Link):
                self._links(step, step.source, nodes)

    def _next(self, step: Property, nodes: Table, rows: Table) -> tuple[Table, Table]:
        """The nodes that a property leads to, and those of their records that there are."""
        if isinstance(step.source, Keyed):
            found = self._keep(self._meeting(step, step.source, rows))
            return keys_only(found), found
        if isinstance(step.source, Link):
            values = self._links(step, step.source, nodes)[step.source.value]
        else:
            values = _stated(rows, step)
        there = keyed(step.space, values)
        return there, self._records(there)

    def _links(self, step: Property, link: Link, nodes: Table) -> Table:
        asked = having(link.link, link.subject, nodes[key_field(step.subject)])
        return self._keep(self._about(link.link, (link.subject,), asked))

    def _records(self, nodes: Table) -> Table:
        return self._keep(self._about(nodes.name, RECORDS[nodes.name].KEY, nodes))

    def _keep(self, table: Table) -> Table:
        self._found.setdefault(table.name, []).append(table)
        return table

    def _meeting(self, step: Property, several: Keyed, rows: Table) -> Table:
        """Records among which are all that meet the conditions: those that can meet one of them."""
        for match in several.matches:
            if match.word == "equals" and not match.open and len(match.field) == 1:
                source = properties_of(step.space)[match.field[0]].source
                if isinstance(source, Field):
                    asked = joined([self._values(rows, walk) for walk in match.of])
                    name = source.kind.name
                    return self._about(step.space, (name,), having(step.space, name, asked))
        return self._about(step.space, (), ANY)

    def _values(self, rows: Table, walk: Walk) -> Column:
        """What a walk of fields leads to from some records."""
        for name in walk[:-1]:
            step = properties_of(rows.name)[name]
            rows = self._records(keyed(step.space, _stated(rows, step)))
        return _stated(rows, properties_of(rows.name)[walk[-1]])


def led_from(about: About, walks: Walks, name: str, touched: Mapping[str, Table]) -> list[Table]:
    """The nodes of a class from which the walks read a touched record, by their keys.

    `touched` has records as they stand in either of two worlds; `about` tells of one of them, which
    is enough: all that leads to the first touched record of a way is the same in both. Of views
    (`Keyed`) all nodes are given: they are judged at once.
    """
    found = []
    for step, onward in walks.onward.items():
        source = step.source
        if isinstance(source, Link) and source.link in touched:
            found.append(keyed(name, touched[source.link][source.subject]))
        if onward.onward:
            there = led_from(about, onward, step.space, touched)
            found += [stepped_back(about, step, nodes) for nodes in there]
        if onward.needs_record and step.space in touched:
            found.append(stepped_back(about, step, touched[step.space]))
    if name in touched and any(isinstance(one.source, Field | Sum) for one in walks.onward):
        found.append(keys_only(touched[name]))
    return [nodes for nodes in found if len(nodes)]


def back_along(about: About, path: Path, nodes: Table) -> Table:
    """The nodes from which a path leads to any of some nodes."""
    for step in reversed(path):
        nodes = stepped_back(about, step, nodes)
    return nodes


def stepped_back(about: About, step: Property, nodes: Table) -> Table:
    """The nodes that have a property with any of some values."""
    if isinstance(step.source, Keyed):
        return everything(about, step.subject)
    values = nodes[key_field(step.space)]
    if isinstance(step.source, Link):
        link = step.source
        rows = about(link.link, (link.value,), having(link.link, link.value, values))
        return keyed(step.subject, rows[link.subject])
    assert isinstance(step.source, Field)  # noqa: S101  a sum leads to no node
    by = step.source.kind.name
    return keys_only(about(step.subject, (by,), having(step.subject, by, values)))


def everything(about: About, name: str) -> Table:
    """All nodes of a class that have a record."""
    return keys_only(about(name, (), ANY))


def _stated(rows: Table, step: Property) -> Column:
    if not isinstance(step.source, Field):
        raise TypeError(f"`{step.name}` is no field")
    column = rows[step.source.kind.name]
    if not step.source.kind.many:
        return column
    return np.array([text for cell in column for text in cell], object)
