"""What stood of some keys at a time: by all that was said of everything, or of those keys alone."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from neo4j import Driver

from graph.settings import Settings
from graph.snapshot import SnapshotReader
from ontology.events import micros_of
from ontology.keys import TEXT
from service.house import house_on
from tests.faults.source import CHAIN, DAY, begin, script
from tests.graph.conftest import empty_the_graph

STOCK = "StockPosition"


@pytest.mark.parametrize("seed", [3, 8])
def test_both_ways_tell_the_same(database: Driver, tmp_path: Path, seed: int) -> None:
    """At every day's begin and end, after any of the events, warm and by a fresh reader."""
    empty_the_graph(database)
    house = house_on(database, Settings(home=tmp_path / "home"))
    for one in script(seed, 24):
        one.send(house, tmp_path / "delivery")
    last = house.projection.log.head().sequence
    every = house.reader.state(CHAIN).folds[STOCK]
    keys = np.array(sorted({k for layer in every.layers for k in layer.table.keys.tolist()}), TEXT)
    fresh = SnapshotReader(house.projection.log, house.store, house.reader.checkpoints)
    for sequence in range(1, last + 1, 5):
        for half_days in range(15):
            then = micros_of(begin(DAY) + timedelta(hours=12 * half_days))
            expected = fresh.as_of(CHAIN, then, sequence).folds.get(STOCK)
            for some in (keys[::2], keys[1::2]):
                found = house.reader.fold_then(CHAIN, STOCK, some, then, sequence)
                if expected is None:
                    assert not found.layers
                    continue
                stood, known = expected.standing_of(STOCK, some)
                stands, is_known = found.standing_of(STOCK, some)
                assert known.tolist() == is_known.tolist()
                assert stood.table.digest == stands.table.digest
                assert stood.clocks.tolist() == stands.clocks.tolist()
                assert stood.addresses.tolist() == stands.addresses.tolist()
                assert stood.closes.tolist() == stands.closes.tolist()
