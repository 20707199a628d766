"""Ranges: every number of a fact has one or is known to need none, and a snapshot is held to it."""

import numpy as np
import pytest

from ontology.columns import Snapshot, table_of
from ontology.demand import Backlog
from ontology.errors import InputError
from ontology.places import Location
from ontology.ranges import ANY, MOST_DAYS, Range, range_of, refuse_out_of_range
from ontology.stock import StockingPolicy, StockMovement
from ontology.terms import field_kinds
from ontology.transport import Lane
from ontology.vocabulary import FACTS, RECORDS

ANY_NUMBER = {
    "DeliveryLine/freight_cents", "DeliveryLine/insurance_cents", "DeliveryLine/line_value_cents",
    "DeliveryLine/pack_price_cents", "DeliveryLine/unit_price_cents", "Feed/duplicate_rows",
    "Feed/loaded_rows", "Feed/quarantined_rows", "Lane/capacity_units_per_day",
    "LatenessOutcome/days_late", "Offer/capacity_units", "PolicyRelease/shape_count",
    "QuarantinedRow/row", "Resolution/other_units", "Resolution/source_units",
    "SharedResource/capacity_per_day", "Source/priority",
    "StockMovement/quantity_units", "Substitute/priority",
}  # fmt: skip


def test_every_number_has_a_range_or_is_known_to_need_none() -> None:
    """A new field of numbers is either in a range, or on the list above for a reason."""
    found = {
        f"{name}/{kind.name}"
        for name in FACTS
        for kind in field_kinds(RECORDS[name]).values()
        if kind.scalar is int and range_of(name, kind.name) == ANY
    }
    assert ANY_NUMBER == found


@pytest.mark.parametrize(
    ("allowed", "value", "says"),
    [
        (Range(0, 100), -1, "is less than 0"),
        (Range(0, 100), 0, ""),
        (Range(0, 100), 100, ""),
        (Range(0, 100), 101, "is more than 100"),
        (Range(), -(2**70), ""),
        (Range(1), 0, "is less than 1"),
    ],
)
def test_both_ends_are_within(allowed: Range, value: int, says: str) -> None:
    """A complaint names the end that a number is beyond."""
    assert says == allowed.complaint(value)


def test_a_snapshot_in_range_stands() -> None:
    """What is not stated is no number, and what may be below zero is let be."""
    facts = [
        table_of([StockMovement("m", "tea", "hub", "issue", -4, np.datetime64(0, "D").item())],
                 "StockMovement"),
        table_of([Location("hub", storage_capacity_units=0), Location("z")], "Location"),
        table_of([Lane("l", "hub", "z", capacity_units_per_day=-1)], "Lane"),
    ]  # fmt: skip
    refuse_out_of_range(Snapshot(1, {table.name: table for table in facts}))


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (Location("hub", storage_capacity_units=-1), "`storage_capacity_units` of Location `hub`"),
        (Location("hub", handling_capacity_units_per_day=-1), "is -1, which is less than 0"),
        (Location("hub", latitude_microdegrees=90_000_001), "is more than 90000000"),
        (StockingPolicy("tea", "hub", service_level_percent=500), "is more than 100"),
        (StockingPolicy("tea", "hub", review_period_days=-60), "is -60, which is less than 0"),
        (StockingPolicy("tea", "hub", holding_cost_per_day_micros=-1), "is less than 0"),
        (Backlog("tea", "hub", -5), "`quantity_units` of Backlog `tea/hub` is -5"),
        (Lane("l", "a", "b", lead_time_days=-60), "is less than 0"),
        (Lane("l", "a", "b", lead_time_days=MOST_DAYS + 1), "is more than 100000"),
        (Lane("l", "a", "b", cost_per_unit_micros=-1), "is less than 0"),
    ],
)
def test_a_number_out_of_range_is_named(record: object, says: str) -> None:
    """The refusal names field, fact and number, and says what to do."""
    name = type(record).__name__
    with pytest.raises(InputError) as refused:
        refuse_out_of_range(Snapshot(1, {name: table_of([record], name)}))
    assert "OUT_OF_RANGE" == refused.value.code
    assert says in refused.value.what
    assert refused.value.hint
