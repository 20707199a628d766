"""Every threshold of the quality gates, with its unit and its range."""

from dataclasses import dataclass, fields

from ontology.errors import InputError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a gate speaks. Rates of false alarm of the defaults: `docs/quality.md`.

    A *spread* is 1.4826 times the median absolute deviation of the natural logarithm of a series'
    values other than zero: for a normal distribution its standard deviation (Rousseeuw and Croux,
    "Alternatives to the median absolute deviation", 1993). A value other than a whole number in
    its range raises InputError `BAD_THRESHOLD`.
    """

    history_least_rows: int = 12
    """Values other than zero before a series is judged: fewer say too little of its spread."""
    outlier_spreads: int = 4
    """Marked: so many spreads from the median, and beyond all that the series ever said."""
    outlier_far_spreads: int = 12
    """Quarantined: so many spreads from the median."""
    spread_floor_percent: int = 20
    """The least spread, in percent of the value: a series that never moved may still move."""
    unit_least_rows: int = 3
    """Rows of an item in one delivery before a factor is looked for."""
    unit_least_factor: int = 5
    """The smallest factor that counts as one of packs: demand doubles by itself."""
    unit_spreads: int = 3
    """How many spreads of a median of so many rows the factor must stand out."""
    unit_independent_rows: int = 4
    """Rows beyond so many make that median no surer: days of one item resemble each other."""
    unit_tolerance_percent: int = 15
    """How far the factor found may be from the pack's, or two spreads of the median if more."""
    silence_least_gaps: int = 20
    """Gaps between reports before a silence is judged: n gaps are passed once in n + 1 times."""
    silence_factor_percent: int = 200
    """A silence of so many percent of the longest gap before it."""
    silence_deliveries: int = 10
    """What was in so many deliveries one after the other is missed in the next."""
    shift_least_rows: int = 50
    """Rows of a class that a delivery needs for its columns to be compared."""
    shift_least_deliveries: int = 6
    """Earlier deliveries of such size; at most `shift_most_deliveries` of the last are used."""
    shift_most_deliveries: int = 12
    """As many of the last deliveries are the past of a column."""
    shift_distance_percent: int = 25
    """Distance (0 to 100) between two distributions from which on they differ."""
    shift_beyond_percent: int = 10
    """By how much the distance passes that of every earlier delivery to the others."""
    resend_least_rows: int = 10
    """Rows with equal content under other ids from which on they are taken for a resend."""
    resend_share_percent: int = 50
    """The share of a delivery's rows of a class that they must be."""
    stop_least_rows: int = 20
    """A delivery of fewer rows is never stopped as a whole."""
    stop_share_percent: int = 20
    """The feed stops when more than this share of its rows would be quarantined."""

    def __post_init__(self) -> None:
        """Refuse what is no threshold."""
        for field in fields(self):
            value = getattr(self, field.name)
            highest = 100 if field.name.endswith(("share_percent", "distance_percent")) else 10**6
            if type(value) is not int or not 1 <= value <= highest:
                raise InputError(
                    f"threshold `{field.name}` is `{value}`",
                    hint=f"give a whole number of 1 to {highest}",
                    code="BAD_THRESHOLD",
                )


DEFAULTS = Thresholds()
"""What is used where nobody chose otherwise."""
