"""The parts of a unit's cost apart, and together by weights: rates, movements, carbon."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ontology.columns import MISSING, Column, Snapshot, Table
from ontology.errors import InputError
from ontology.objectives import CARBON, LANDED, PER_MILLE, PLAIN, SERVICE, TURNOVER, Weights
from solver.model.carry_costs import line_costs, movement_costs, substitution_costs
from solver.network.columns import IntArray
from solver.network.names import ABSENT, codes_of
from solver.network.scaling import ExactArray, exact_products, half_up_columns

MICROGRAMS_PER_GRAM = 10**6
PRICE_TO_MICROS = 10**8
"""Micrograms x cents per tonne, through this, are micros: 10^12 micrograms, 10^4 micros a cent."""


@dataclass(frozen=True)
class Weighed:
    """Plain rates and costs beside the weights that the network adds them up by.

    Per pair `holding` and `shortage`; per movement row `landed` and `held` (the holding cost of
    the days under way), all in micros; `carbon` in micrograms per unit, MISSING where the facts do
    not say.
    """

    weights: Weights
    holding: IntArray
    shortage: IntArray
    landed: IntArray
    held: IntArray
    carbon: IntArray

    @property
    def plain_cost(self) -> IntArray:
        """Micros of a unit of every movement row as the facts state it."""
        return self.landed + self.held

    def rates(self) -> tuple[IntArray, IntArray]:
        """Weighed holding and shortage cost per pair, each rounded once, half up."""
        weights = self.weights
        return (weighed(self.holding, weights.of(TURNOVER)),
                weighed(self.shortage, weights.of(SERVICE)))  # fmt: skip

    def move_cost(self) -> IntArray:
        """Weighed micros of a unit of every movement row, each part rounded once, half up.

        Raises InputError `NO_CARBON` where carbon is weighed and a movement's is not known.
        """
        weights = self.weights
        found = weighed(self.landed, weights.of(LANDED)) + weighed(self.held, weights.of(TURNOVER))
        if not weights.of(CARBON):
            return found
        rate = weights.of(CARBON) * weights.carbon_price_cents_per_tonne
        amounts = exact_products(self.carbon, np.array([rate], np.int64))
        return found + half_up_columns(amounts, PRICE_TO_MICROS * PER_MILLE)


def weighed(micros: IntArray, per_mille: int) -> IntArray:
    """Amounts by a weight, rounded once, half up."""
    if per_mille == PER_MILLE:
        return micros
    amounts = exact_products(micros, np.array([per_mille], np.int64))
    return half_up_columns(amounts, PER_MILLE)


def weighing(
    snapshot: Snapshot, movements: Table, place: dict[tuple[str, str], int],
    rates: tuple[IntArray, IntArray], weights: Weights = PLAIN,
) -> Weighed:  # fmt: skip
    """The plain rates (holding, shortage per pair) and the parts of every movement's cost.

    What a transfer costs is `movement_costs` (its errors, too): holding under way is turnover, the
    rest is landed. What a substitute is worth more, and a purchase's price less value, are landed.
    """
    cost, held = (np.zeros(len(movements), np.int64) for _ in range(2))
    stands_in = movements["kind"] == "substitution"
    moved, replaced = np.flatnonzero(~stands_in), np.flatnonzero(stands_in)
    whole = movement_costs(snapshot, movements.take(moved), place, rates[0])
    cost[moved] = movement_costs(snapshot, movements.take(moved), place, np.zeros_like(rates[0]))
    held[moved] = whole - cost[moved]  # whole micros per day: rounding is that of the rest
    cost[replaced] = substitution_costs(snapshot, movements.take(replaced))
    carbon = carbon_micrograms(snapshot, movements)
    if weights.of(CARBON):
        _refuse_unknown(movements, carbon)
    return Weighed(weights, *rates, cost, held, carbon)


def line_weight(snapshot: Snapshot, movements: Table, weights: Weights) -> IntArray:
    """Weighed micros that each movement row's lane charges once per item and day."""
    return weighed(line_costs(snapshot, movements), weights.of(LANDED))


def carbon_micrograms(snapshot: Snapshot, movements: Table) -> IntArray:
    """Micrograms of CO2 equivalent of a unit of every movement row, rounded once, half up.

    Weight x distance of the lane x emission of its mode. MISSING where a transfer lacks one of
    them; 0 for substitutions, and for purchases, whose way here is the supplier's.
    """
    found = np.zeros(len(movements), np.int64)
    rows = np.flatnonzero(movements["kind"] == "transfer")
    if not len(rows):
        return found
    lane = codes_of(movements["lane"][rows], snapshot.table("Lane")["id"].tolist())
    modes = snapshot.table("Lane")["mode"][lane]
    parts = (
        _stated(snapshot, "Item", "id", "weight_micrograms", movements["item"][rows]),
        _stated(snapshot, "LaneDistance", "lane", "distance_kilometres", movements["lane"][rows]),
        _stated(snapshot, "ModeEmission", "mode", "carbon_grams_per_tonne_kilometre", modes),
    )
    known = np.all([part != MISSING for part in parts], axis=0)
    weight, distance, factor = (np.where(known, part, 0) for part in parts)
    amounts: ExactArray = exact_products(weight, distance * factor)
    found[rows] = np.where(known, half_up_columns(amounts, MICROGRAMS_PER_GRAM), MISSING)
    return found


def _stated(
    snapshot: Snapshot, class_name: str, key: str, field: str, names: Column | Sequence[str]
) -> IntArray:
    """A field of the facts with these keys, MISSING where there is none."""
    table = snapshot.table(class_name)
    row = codes_of(names, table[key].tolist())
    values = np.append(table[field], MISSING)
    found: IntArray = values[np.where(row == ABSENT, len(table), row)].astype(np.int64)
    return found


def _refuse_unknown(movements: Table, carbon: IntArray) -> None:
    unknown = np.flatnonzero(carbon == MISSING)
    if len(unknown):
        row = int(unknown[0])
        raise InputError(
            f"carbon is weighed, but that of item `{movements['item'][row]}` on lane "
            f"`{movements['lane'][row]}` is not known", code="NO_CARBON",
            hint="state the item's weight, a LaneDistance row and a ModeEmission of its mode",
        )  # fmt: skip
