"""Residency zones, restrictions of trade, and what a country lets us hold."""

from examples.regional_network.families import FAMILIES
from ontology.regulation import ResidencyPermission, TradeRestriction

_INTO = {
    "NO": ("",),
    "UK": tuple(f.name for f in FAMILIES if f.name not in {"plasma", "reagents"}),
    "CH": tuple(f.name for f in FAMILIES if f.name not in {"plasma", "nutrition"}),
}
"""By zone, the families that may enter it from the EU; an empty name means all."""
_BACK = {"NO": ("devices",), "UK": ("devices", "wound-care"), "CH": ("insulin",)}
"""By zone, the families that may come back."""


def may_enter(zone: str, family: str) -> bool:
    """Whether stock of a family may come into a zone from the EU."""
    return zone == "EU" or bool({family, ""} & set(_INTO[zone]))


def permissions() -> list[ResidencyPermission]:
    """Who may cross a residency border with what: most may go out of the EU, few come back."""
    out = [ResidencyPermission("EU", zone, name) for zone in _INTO for name in _INTO[zone]]
    return out + [ResidencyPermission(zone, "EU", name) for zone in _BACK for name in _BACK[zone]]


def restrictions() -> list[TradeRestriction]:
    """Customs classes that must not cross certain borders."""
    return [
        TradeRestriction("DE", "CH", "narcotic", "no export licence"),
        TradeRestriction("IT", "CH", "narcotic", "no export licence"),
        TradeRestriction("GB", "IE", "biological", "outside the common area for medicines"),
        TradeRestriction("GB", "FR", "biological", "outside the common area for medicines"),
        TradeRestriction("NL", "GB", "precursor", "registration pending"),
        TradeRestriction("CH", "IT", "chemical", "waste permit withdrawn"),
        TradeRestriction("RO", "BG", "food", "border inspection post closed"),
    ]
