"""What acted on a plan, each kind under its own heading: rules, knobs, facts that limit, wishes."""

from collections.abc import Iterator

from api.output import plain
from api.screen.reasons import IRI, Row, rule_name
from api.screen.tables import Table

FACTS, PLANNER = "fact that limits", "kept by every plan"
_STATED = ("lane-capacity", "carrier-capacity", "location-capacity", "budget", "whole-loads",
           "whole-lots")  # fmt: skip
_COLUMNS = {
    "focus_counts": "looked at", "by_rule": "closed", "attention": "to a person",
    "floors": "floor, units", "limited": "limits",
}  # fmt: skip
_HEADINGS = ("rule", "knob", FACTS, PLANNER, "wish")


def acting_tables(suppressed: Row) -> Iterator[Table]:
    """A table for each kind of what acted: how much it looked at, closed, keeps back, limits.

    Rules stand first, and always with all columns; the others only where there is one, with the
    columns that say something. Of facts `full` counts the shared capacities that are full or have
    a price.
    """
    columns = {title: suppressed.get(name, {}) for name, title in _COLUMNS.items()}
    names = sorted({name for column in columns.values() for name in column})
    for heading in _HEADINGS:
        rows = [name for name in names if heading_of(name) == heading]
        titles = [t for t in columns if heading == "rule" or any(n in columns[t] for n in rows)]
        if rows or heading == "rule":
            shown = ["full" if heading == FACTS and t == "limits" else t for t in titles]
            made = Table((heading, *shown), shown)
            for name in rows:
                cells = (f"{columns[t][name]:,}" if name in columns[t] else "" for t in titles)
                made.add([plain(_short(name)), *cells])
            yield made


def heading_of(name: str) -> str:
    """The kind of what acted, by its IRI: what is none of Evenkeel's other words is a rule."""
    kind, _, last = name.removeprefix(IRI).partition("/")
    found = {"knob": "knob", "limit": FACTS if last in _STATED else PLANNER, "edit": "wish"}
    return found.get(kind, "rule") if name.startswith(IRI) else "rule"


def _short(name: str) -> str:
    return rule_name(name) if heading_of(name) == "rule" else name.rpartition("/")[2]
