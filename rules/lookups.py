"""Facts asked for by what they say: all that validation near a change needs of the rest."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ontology.columns import Column, Table, column_of, empty_table, joined_tables
from ontology.grouping import rows_about
from ontology.terms import field_kinds
from ontology.vocabulary import RECORDS
from rules.properties import key_field

About = Callable[[str, tuple[str, ...], Table], Table]
"""The records of a class that agree with any row of a table in some columns; all of them for none.

`graph.state.State.about` is one: it takes time by what is found, not by what stands.
"""


def about_tables(tables: Mapping[str, Table]) -> About:
    """What stands in tables. Each keeps its groups, so the first question of a kind reads all."""

    def about(name: str, by: tuple[str, ...], arriving: Table) -> Table:
        table = tables.get(name) or empty_table(name)
        return table.take(rows_about(table, by, arriving)) if len(table) else table

    return about


def about_with(under: About, over: Mapping[str, Table]) -> About:
    """What stands once the records of some tables are in the place of those with their keys."""
    mine = about_tables(over)

    def about(name: str, by: tuple[str, ...], arriving: Table) -> Table:
        found = under(name, by, arriving)
        if name not in over:
            return found
        stays = found.take(np.flatnonzero(over[name].row_of.find(found.keys) < 0))
        return joined_tables([stays, mine(name, by, arriving)])

    return about


def keys_only(table: Table) -> Table:
    """The records of a table by their key alone."""
    return Table(table.name, {name: table[name] for name in RECORDS[table.name].KEY})


def keyed(name: str, values: Column) -> Table:
    """Nodes of a class that others refer to, by what columns say of them; each once."""
    return having(name, key_field(name), values)


def having(name: str, field: str, values: Column) -> Table:
    """A question: records of a class with one of these values, of which none may be empty."""
    some = [value for value in dict.fromkeys(values.tolist()) if value]
    return Table(name, {field: column_of(some, field_kinds(RECORDS[name])[field])})


def united(tables: Sequence[Table]) -> Table:
    """The records of some tables of a class in the order of their keys, each key once."""
    some = [table for table in tables if len(table)] or tables[:1]
    whole = joined_tables(some) if len(some) > 1 else some[0]
    keys = whole.keys.tolist()
    row_of = {key: row for row, key in enumerate(keys)}
    rows = [row_of[key] for key in sorted(row_of)]
    return whole.take(np.array(rows, np.intp))


ANY = Table("Item", {"id": np.array([""], object)})
"""What is asked with where no column is to agree: then every record does."""
