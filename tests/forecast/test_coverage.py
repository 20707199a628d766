"""The back-test counts what it says, and finds the model at least as good as its peers."""

import csv

import numpy as np
import pytest

from benchmarks.coverage import CARPARTS, ORDERS, carparts, supplygraph
from forecast.coverage import backtest, normal_quantiles, plain_quantiles
from forecast.model import LEVELS
from ontology.columns import table_of
from tests.forecast.made import observed


def test_every_outcome_is_counted_once() -> None:
    """Each series, origin and span is one outcome; shares rise with the level, ties lie between."""
    random = np.random.default_rng(31)
    units = np.vstack([random.poisson(9, (20, 100)), random.poisson(0.2, (30, 100))])
    found = backtest(observed(units.astype(np.int64)), (1, 4), origins=5)
    assert [(1, 100), (1, 150), (4, 100), (4, 150)] == [(c.span_days, c.outcomes) for c in found]
    assert ["regular", "intermittent"] * 2 == [c.kind for c in found]
    for coverage in found:
        assert len(LEVELS) == len(coverage.at_most) == len(coverage.below)
        assert list(coverage.at_most) == sorted(coverage.at_most)
        assert all(b <= a for b, a in zip(coverage.below, coverage.at_most, strict=True))


def test_a_week_that_repeats_is_known_better_than_by_its_peers() -> None:
    """On demand with a weekly season the loss on single days is far below that of both peers."""
    random = np.random.default_rng(32)
    week = np.tile([5, 10, 15, 20, 30, 40, 2], 24)
    units = random.poisson(np.tile(week, (40, 1))).astype(np.int64)
    (found,) = backtest(observed(units), (1,), origins=14)
    assert set(found.loss_ratio) == {"plain windows", "normal"}
    assert max(found.loss_ratio.values()) < 0.6


def test_the_whole_chain_is_tested_by_item() -> None:
    """With `whole_chain` an item's places count as one series."""
    random = np.random.default_rng(33)
    keys = [("a", "n"), ("a", "s"), ("b", "n")]
    table = observed(random.poisson(8, (3, 80)).astype(np.int64), keys)
    (local,) = backtest(table, (2,), origins=4)
    (whole,) = backtest(table, (2,), origins=4, whole_chain=True)
    assert (12, 8) == (local.outcomes, whole.outcomes)


def test_peers_on_paper() -> None:
    """The plain peer repeats windows as they were; the normal one has their mean in the middle."""
    units = np.tile([0.0, 2.0], (1, 30))
    assert [0.0] * 5 + [2.0] * 6 == plain_quantiles(units, 1)[0].tolist()
    assert {4.0} == set(plain_quantiles(units, 4)[0].tolist())
    middle = normal_quantiles(units, 4)[0]
    assert 4.0 == pytest.approx((middle[4] + middle[5]) / 2)


@pytest.mark.skipif(not ORDERS.is_file(), reason="the SupplyGraph data is not at hand")
def test_supplygraph_is_covered_and_beats_its_peers() -> None:
    """Real daily orders: within 8 points at the high levels, and less loss than both peers."""
    table = table_of(supplygraph(ORDERS), "DemandObservation")
    assert (40, 40 * 221) == (len(set(table["item"])), len(table))
    for coverage in backtest(table, (1, 7, 14), origins=12):
        for place, level in enumerate(LEVELS):
            if level >= 850_000:
                assert level / 1e6 - 0.08 <= coverage.at_most[place]
                if coverage.kind == "regular":
                    assert coverage.below[place] <= level / 1e6 + 0.08
        assert max(coverage.loss_ratio.values()) < 1


@pytest.mark.skipif(not CARPARTS.is_file(), reason="the carparts data is not at hand")
def test_spare_parts_are_covered_and_beat_their_peers() -> None:
    """Intermittent months: the high levels hold within 3 points a month ahead, with less loss."""
    table = table_of(carparts(CARPARTS), "DemandObservation")
    rows = list(csv.reader(CARPARTS.read_text().splitlines()))[1:]
    complete = [row for row in rows if all(row)]
    assert sum(int(x) for row in complete for x in row[1:]) == table["quantity_units"].sum()
    found = {c.kind: c for c in backtest(table, (1,), origins=6)}["intermittent"]
    for place, level in enumerate(LEVELS):
        assert found.below[place] - 0.03 <= level / 1e6 <= found.at_most[place] + 0.03
    assert max(found.loss_ratio.values()) < 1
