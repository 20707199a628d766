"""The approval matrix: which plans take whose approval, and how many people's, with reasons."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ontology.access import ROLES
from ontology.canonical import LARGEST_INTEGER
from ontology.errors import InputError

FILE = "approvals.toml"
FORMAT = "evenkeel-approvals/1"
PER_PERCENT = 10_000
"""Millionths."""
MOST_PEOPLE, MOST_HOURS = 10, 10_000


@dataclass(frozen=True, slots=True)
class Features:
    """What the matrix looks at, of one plan. None: it cannot be told.

    `goods_cents` is the value of what moves, `cost_cents` what the plan costs, rounded up, in the
    plan's currency; `gap_per_million` is the open gap, rounded up. `attention` counts lines that a
    rule sends to a person. Each of `places` is a touched location by all of its names: its own, of
    what it is part of, and of their regions. `novel` are the ways that are new.
    """

    cost_cents: int | None
    goods_cents: int | None
    gap_per_million: int | None
    attention: int | None
    handling: tuple[str, ...] | None
    places: tuple[tuple[str, ...], ...] | None
    families: tuple[str, ...] | None
    suppliers: tuple[str, ...] | None
    ways: tuple[str, ...] | None
    novel: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """So many people, each in one of these roles, and why."""

    name: str
    people: int
    roles: tuple[str, ...]
    reason: str = ""

    def stated(self) -> dict[str, Any]:
        """As an event states it; `demand_of` reads it back."""
        return {"name": self.name, "people": self.people, "roles": list(self.roles),
                "reason": self.reason}  # fmt: skip


def demand_of(stated: Mapping[str, Any]) -> Demand:
    """The demand that an event states."""
    return Demand(stated["name"], stated["people"], tuple(stated["roles"]), stated["reason"])


@dataclass(frozen=True, slots=True)
class Row:
    """A demand of the matrix and its conditions, which must all hold, as they were written."""

    name: str
    people: int
    roles: tuple[str, ...]
    conditions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The demands in order, and for how long and how exactly an approval stands."""

    rows: tuple[Row, ...]
    gap_per_million: int
    waits_hours: int
    deadline_hours: int
    approved_hours: int
    escalates_to: tuple[str, ...]
    novelty_plans: int


def demanded(matrix: Matrix, features: Features) -> tuple[Demand, ...]:
    """What a plan takes, each with its reasons: every row whose conditions all hold.

    INVARIANT: what cannot be told demands (law 7): a condition on it counts as met, and a plan
    that no row speaks of takes the most people of any row, in roles that all rows name.
    """
    found = tuple(demand for row in matrix.rows if (demand := _met(row, features)) is not None)
    return found or (_strictest(matrix),)


def matrix_of(text: str, file: str = FILE) -> Matrix:
    """The matrix that a text states. Raises InputError `MATRIX_INVALID` for anything else."""
    try:
        stated = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(f"`{file}` is no TOML: {error}") from error
    _known(stated, {"format", "stands", "demand"}, file)
    if stated.get("format") != FORMAT:
        raise _invalid(f"`{file}` is not of the format `{FORMAT}`")
    stands, rows = stated.get("stands"), stated.get("demand")
    if not isinstance(stands, dict) or not isinstance(rows, list) or not rows:
        raise _invalid(f"`{file}` states no [stands] or no [[demand]]")
    _known(stands, set(_STANDS), "[stands]")
    hours = {name: _whole(stands, name, *_STANDS[name]) for name in _STANDS
             if name not in ("gap_percent", "escalates_to")}  # fmt: skip
    made = tuple(_row(row) for row in rows)
    if len({row.name for row in made}) < len(made):
        raise _invalid("two demands have one name")
    return Matrix(made, _per_million(stands, "gap_percent"), hours["waits_hours"],
                  hours["deadline_hours"], hours["approved_hours"],
                  _roles(stands, "escalates_to", may_be_empty=True),
                  hours["novelty_plans"])  # fmt: skip


@cache
def default_matrix() -> Matrix:
    """The matrix that holds where a release brings none of its own."""
    return matrix_of((Path(__file__).parent / FILE).read_text(encoding="utf-8"))


_STANDS: Mapping[str, tuple[int, int]] = {
    "gap_percent": (0, 100), "waits_hours": (1, MOST_HOURS), "deadline_hours": (1, MOST_HOURS),
    "approved_hours": (1, MOST_HOURS), "escalates_to": (0, 0), "novelty_plans": (0, 1_000),
}  # fmt: skip


def _met(row: Row, features: Features) -> Demand | None:
    reasons = []
    for name, wanted in row.conditions.items():
        reason = CONDITIONS[name](features, wanted)
        if reason is None:
            return None
        reasons.append(reason)
    return Demand(row.name, row.people, row.roles, "; ".join(reasons) or "of every plan")


def _strictest(matrix: Matrix) -> Demand:
    shared = set.intersection(*(set(row.roles) for row in matrix.rows))
    roles = tuple(sorted(shared)) or max(matrix.rows, key=lambda row: row.people).roles
    people = max(row.people for row in matrix.rows)
    return Demand("no demand speaks of it", people, roles,
                  "no row of the matrix speaks of this plan")  # fmt: skip


Condition = Callable[[Features, Any], str | None]
"""Why it holds of a plan, in words; None where it does not."""


def _at_least(what: str, words: str, unit: int = 1) -> Condition:
    def holds(features: Features, wanted: int) -> str | None:
        found = getattr(features, what)
        if found is None:
            return f"{words} cannot be told"
        if found < wanted:
            return None
        return f"{words} is {_number(found, unit)}, from {_number(wanted, unit)} on"

    return holds


def _any_of(what: str, words: str) -> Condition:
    def holds(features: Features, wanted: tuple[str, ...]) -> str | None:
        found = getattr(features, what)
        if found is None:
            return f"{words} cannot be told"
        names = {name for each in found for name in ([each] if isinstance(each, str) else each)}
        shared = sorted(names & set(wanted))
        return f"{words}: {', '.join(shared)}" if shared else None

    return holds


def _is_novel(features: Features, wanted: bool) -> str | None:
    if features.novel is None:
        return "whether a way is new cannot be told"
    if bool(features.novel) != wanted:
        return None
    if not wanted:
        return "every way was used before"
    more = len(features.novel) - 1
    return f"`{features.novel[0]}` is new" + (f", and {more} more ways" if more else "")


def _number(value: int, unit: int) -> str:
    return f"{value:,}" if unit == 1 else f"{Decimal(value) / unit}"


CONDITIONS: Mapping[str, Condition] = {
    "cost_cents_from": _at_least("cost_cents", "its cost in cents"),
    "goods_cents_from": _at_least("goods_cents", "the value of its goods in cents"),
    "gap_percent_from": _at_least("gap_per_million", "its gap in percent", PER_PERCENT),
    "attention_from": _at_least("attention", "the number of lines that a rule sends to a person"),
    "handling": _any_of("handling", "handling class"),
    "regions": _any_of("places", "region"),
    "families": _any_of("families", "family"),
    "suppliers": _any_of("suppliers", "supplier"),
    "novel": _is_novel,
}


def _row(stated: Any) -> Row:
    if not isinstance(stated, dict) or not isinstance(stated.get("name"), str):
        raise _invalid("a demand has no name")
    name = stated["name"]
    _known(stated, {"name", "people", "roles", *CONDITIONS}, name)
    wanted = {one: _wanted(stated, one) for one in stated if one in CONDITIONS}
    return Row(name, _whole(stated, "people", 1, MOST_PEOPLE), _roles(stated, "roles"), wanted)


def _wanted(stated: Mapping[str, Any], name: str) -> Any:
    value = stated[name]
    if name == "gap_percent_from":
        return _per_million(stated, name)
    if name.endswith("_from"):
        return _whole(stated, name, 0, LARGEST_INTEGER)
    if name == "novel":
        if not isinstance(value, bool):
            raise _invalid("`novel` is true or false")
        return value
    return tuple(_texts(stated, name))


def _per_million(stated: Mapping[str, Any], name: str) -> int:
    value = stated.get(name)
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    share = Decimal(value) if is_number else Decimal(-1)  # type: ignore[arg-type]
    if not share.is_finite() or not 0 <= share <= 100:
        raise _invalid(f"`{name}` is no share of 0 to 100 percent")
    scaled = share * PER_PERCENT
    if scaled != int(scaled):
        raise _invalid(f"`{name}` has more than four decimals")
    return int(scaled)


def _whole(stated: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = stated.get(name)
    if type(value) is not int or not least <= value <= most:
        raise _invalid(f"`{name}` is no whole number of {least} to {most}")
    return value


def _roles(
    stated: Mapping[str, Any], name: str, *, may_be_empty: bool = False
) -> tuple[str, ...]:  # fmt: skip
    roles = tuple(_texts(stated, name, may_be_empty=may_be_empty))
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise _invalid(f"there is no role `{unknown[0][:40]}`")
    return roles


def _texts(
    stated: Mapping[str, Any], name: str, *, may_be_empty: bool = False
) -> Iterator[str]:  # fmt: skip
    value = stated.get(name, [] if may_be_empty else None)
    if not isinstance(value, list) or not (value or may_be_empty):
        raise _invalid(f"`{name}` is no list of names")
    for each in value:
        if not isinstance(each, str) or not each:
            raise _invalid(f"`{name}` is no list of names")
        yield each


def _known(stated: Mapping[str, Any], names: set[str], where: str) -> None:
    strange = sorted(set(stated) - names)
    if strange:  # a condition with a typing error must not hold of nothing unseen
        raise _invalid(f"`{where}` has no `{strange[0][:60]}`")


def _invalid(what: str) -> InputError:
    return InputError(f"this is no approval matrix: {what}", code="MATRIX_INVALID",
                      hint="see docs/governing.md, or governance/approvals.toml")  # fmt: skip
