"""The ten families of goods: how each is handled, how long it keeps, what it is worth."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """What the items of a family have in common; the figures are those of a usual item.

    `value_cents` and `daily_units` (at an ordinary place) are medians. A slow family sells
    intermittently. A peak month sells half as much again as the least one.
    """

    name: str
    handling_class: str
    customs_class: str
    value_cents: int
    daily_units: float
    weight_grams: int
    shelf_life_days: int | None = None
    minimum_remaining_life_days: int | None = None
    is_slow: bool = False
    hazard_classes: tuple[str, ...] = ()
    base_unit: str = "each"
    case: int = 10
    peak_month: int = 0


FAMILIES = (
    Family("analgesics", "ambient", "medicine", 900, 7.0, 80, 730, 30, case=24, peak_month=1),
    Family("antibiotics", "ambient", "medicine", 1_800, 2.0, 60, 540, 30, case=20, peak_month=2),
    Family("vaccines", "chilled", "biological", 3_200, 1.2, 25, 240, 20, peak_month=10),
    Family("insulin", "chilled", "biological", 4_500, 1.4, 40, 365, 30),
    Family("plasma", "frozen", "biological", 14_000, 0.25, 450, 365, 30, is_slow=True, case=4),
    Family("disinfectants", "hazardous", "chemical", 650, 8.0, 950, 730, 30,
           hazard_classes=("flammable", "", "oxidiser", "", "", ""), base_unit="litre", case=12),
    Family("reagents", "hazardous", "chemical", 5_200, 0.35, 300, 365, 20, is_slow=True,
           hazard_classes=("toxic", "", "", "corrosive", "", ""), case=6),
    Family("devices", "ambient", "medical-device", 9_500, 0.3, 1_200, is_slow=True, case=4),
    Family("wound-care", "ambient", "medical-device", 750, 9.0, 120, 1_460, 30, case=24),
    Family("nutrition", "ambient", "food", 1_200, 7.5, 1_000, 270, 20, base_unit="kilogram",
           case=12, peak_month=1),
)  # fmt: skip
ANALGESICS, ANTIBIOTICS, VACCINES, INSULIN, PLASMA = range(5)
DISINFECTANTS, REAGENTS, DEVICES, WOUND_CARE, NUTRITION = range(5, 10)

PROMOTED = (ANALGESICS, WOUND_CARE, NUTRITION)
"""Stocked up in the north for a promotion in February that failed."""
DELAYED = (WOUND_CARE, NUTRITION)
"""Bought for the south from a supplier that has been late since January."""
