"""What it costs the climate to move goods: factors of modes, and how far lanes go."""

from dataclasses import dataclass
from typing import ClassVar

from ontology.terms import LaneId


@dataclass(frozen=True, slots=True)
class ModeEmission:
    """Grams of CO2 equivalent that a mode gives off for each tonne and kilometre, all included."""

    KEY: ClassVar = ("mode",)
    mode: str
    carbon_grams_per_tonne_kilometre: int


@dataclass(frozen=True, slots=True)
class LaneDistance:
    """How far the goods travel on a lane."""

    KEY: ClassVar = ("lane",)
    lane: LaneId
    distance_kilometres: int
