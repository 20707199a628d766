"""The rates of false alarm that the guide states, on the real sets where they are at hand."""

import pytest

from benchmarks.gate_alarms import alarms
from benchmarks.real_deliveries import Histories, real_histories
from feeds.gates.judging import judge
from feeds.gates.thresholds import DEFAULTS


@pytest.fixture(scope="module")
def histories() -> Histories:
    """The sets at hand as deliveries; skips where there is none."""
    found = real_histories()
    if not found:
        pytest.skip("the real data is not at hand")
    return found


def test_sound_rows_are_hardly_ever_quarantined(histories: Histories) -> None:
    """Law: of all rows of the real sets the gates quarantine at most one in ten thousand."""
    judged = [judge(*turn) for turns in histories.values() for turn in turns]
    rows = sum(judgement.rows for judgement in judged)
    assert rows >= 10_000 * sum(judgement.quarantined for judgement in judged)
    assert rows >= 100 * sum(len(judgement.marked) for judgement in judged)
    assert not any(judgement.stops for judgement in judged)


def test_the_guide_tells_what_is_measured(histories: Histories) -> None:
    """Law: the benchmark gives the figures that the guide states of SupplyGraph."""
    if "SupplyGraph" not in histories:
        pytest.skip("SupplyGraph is not at hand")
    told = "\n".join(alarms({"SupplyGraph": histories["SupplyGraph"]}, DEFAULTS))
    assert "20 deliveries, 16,754 rows (13,960 with enough of a past)" in told
    assert "OUTLIER                    quantity_units     Warning       86" in told
    assert "SIGNAL_MISSING                                Warning        6" in told
