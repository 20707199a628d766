"""What a plan weighs: service, landed cost, turnover and carbon, and how sure it wants to be."""

from dataclasses import dataclass, fields

from ontology.errors import InputError

SERVICE, LANDED, TURNOVER, CARBON = "service", "landed", "turnover", "carbon"
OBJECTIVES = (SERVICE, LANDED, TURNOVER, CARBON)
PER_MILLE = 1_000
MOST_WEIGHT = 1_000_000
MOST_CARBON_PRICE_CENTS = 10**9
ALL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Weights:
    """Per mille of each part of the cost that counts: 1000 is what the facts say.

    Service is the cost of demand that waits, landed that of moving and buying, turnover that of
    stock that lies or travels, carbon that of CO2 equivalent at `carbon_price_cents_per_tonne`, in
    the plan's currency. `worst_percent` is the share of demand's outcomes, from the highest down,
    that the shortage cost is averaged over: 100 for the expectation.
    """

    service_per_mille: int = PER_MILLE
    landed_per_mille: int = PER_MILLE
    turnover_per_mille: int = PER_MILLE
    carbon_per_mille: int = 0
    carbon_price_cents_per_tonne: int = 0
    worst_percent: int = ALL_PERCENT

    def of(self, objective: str) -> int:
        """The weight of one objective, per mille. Raises InputError `OBJECTIVE_UNKNOWN`."""
        return int(getattr(self, f"{known(objective)}_per_mille"))


PLAIN = Weights()
"""The cost as the facts state it, expected over all outcomes."""


def known(objective: str) -> str:
    """The name itself. Raises InputError `OBJECTIVE_UNKNOWN`."""
    if objective not in OBJECTIVES:
        raise InputError(f"there is no objective `{objective}`", code="OBJECTIVE_UNKNOWN",
                         hint=f"choose of {', '.join(OBJECTIVES)}")  # fmt: skip
    return objective


def refuse_unsound(weights: Weights) -> None:
    """Raises InputError `BAD_WEIGHT` for a weight out of range, `NO_CARBON_PRICE` without one."""
    ranges = {"worst_percent": (1, ALL_PERCENT),
              "carbon_price_cents_per_tonne": (0, MOST_CARBON_PRICE_CENTS)}  # fmt: skip
    for field in fields(weights):
        value = getattr(weights, field.name)
        least, most = ranges.get(field.name, (0, MOST_WEIGHT))
        if type(value) is not int or not least <= value <= most:
            raise InputError(f"`{field.name}` is `{value}`", code="BAD_WEIGHT",
                             hint=f"state a whole number from {least} to {most:,}")  # fmt: skip
    if weights.carbon_per_mille and not weights.carbon_price_cents_per_tonne:
        raise InputError("carbon is weighed, but has no price", code="NO_CARBON_PRICE",
                         hint="state the price of a tonne of CO2 equivalent")  # fmt: skip
