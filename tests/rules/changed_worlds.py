"""Two random worlds that differ in a few records, and which these are."""

from collections.abc import Iterable
from random import Random

import numpy as np

from ontology.columns import Table, joined_tables
from rules.lookups import keys_only
from rules.reach import judges, reads
from rules.shapes import CompiledRule
from tests.rules.worlds import random_movements, random_stock_after, random_tables, random_views

Tables = dict[str, Table]


def random_world(random: Random) -> Tables:
    """Facts, movements and views on a finished plan."""
    views = {"Movement": random_movements(random, 4), "StockAfterMoves": random_stock_after(random)}
    return {**random_tables(random), **views, **random_views(random)}


def changed_world(
    random: Random, world: Tables, rules: Iterable[CompiledRule]
) -> tuple[Tables, Tables]:
    """The world with up to three records of one or two classes other, and the keys of these.

    Each of them is added, changed or closed, as another random world has it. Most are of classes
    that the rules read.
    """
    other = random_world(random)
    after, changed = dict(world), {}
    near = sorted({name for rule in rules for name in _read_by(rule)} & world.keys())
    among = near if near and random.random() < 0.8 else sorted(world)
    for name in random.sample(among, min(len(among), random.randint(1, 2))):
        both = joined_tables([world[name], other[name]])
        keys = both.keys.tolist()
        some = sorted(set(keys))
        chosen = set(random.sample(some, min(len(some), random.randint(1, 3))))
        stays = _those(world[name], chosen, inside=False)
        after[name] = joined_tables([stays, _those(other[name], chosen, inside=True)]).sorted()
        rows = [keys.index(key) for key in sorted(chosen)]
        changed[name] = keys_only(both.take(np.array(rows, np.intp)))
    return after, changed


def _read_by(rule: CompiledRule) -> frozenset[str]:
    return reads(rule.shape) | judges(rule.shape)


def _those(table: Table, keys: set[str], *, inside: bool) -> Table:
    rows = [row for row, key in enumerate(table.keys.tolist()) if (key in keys) == inside]
    return table.take(np.array(rows, np.intp))
