"""Ages of facts as a person reads them: days and hours, beside what is allowed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen import drawing
from api.screen.amounts import money
from api.screen.tables import Table

if TYPE_CHECKING:
    from service.stewardship.doubt_ranges import Room
    from service.stewardship.doubts import Doubt, LineInDoubt
    from service.stewardship.freshness import Age, ClassFreshness

HOURS_OF_DAY, MANY_DAYS = 24, 10


def hours_text(hours: int | None) -> str:
    """`5 h`, `1 d 2 h`, `30 d`: from ten days on without the hours."""
    if hours is None:
        return ""
    days, rest = divmod(hours, HOURS_OF_DAY)
    if not days:
        return f"{rest} h"
    return f"{days:,} d {rest} h" if rest and days < MANY_DAYS else f"{days:,} d"


def budget_text(hours: int | None, counted_from: str) -> str:
    """What is allowed: an age of the fact, or a silence of its source."""
    if hours is None:
        return ""
    return f"{hours_text(hours)} {'silent' if counted_from == 'delivery' else 'old'}"


def age_text(age: "Age") -> str:
    """An age, and what was allowed where that is passed."""
    told = hours_text(age.age_hours)
    if not age.stale:
        return told
    return f"{told}, stale: may be {budget_text(age.budget_hours, age.counted_from)}"


def freshness_table(found: "list[ClassFreshness]") -> Table:
    """Facts by source and class: their ages, what is allowed, and how many are stale."""
    numbers = ["facts", "oldest", "newest", "stale"]
    made = drawing.table("source", "class", "facts", "oldest", "newest", "may be", "stale",
                         "last heard, UTC", numbers=numbers)  # fmt: skip
    for row in found:
        heard = "never" if row.heard_at is None else row.heard_at.strftime("%Y-%m-%d %H:%M")
        stale = "" if row.budget_hours is None else f"{row.stale:,}"
        drawing.add(made, row.source, row.class_name, f"{row.facts:,}",
                    hours_text(row.oldest_hours), hours_text(row.newest_hours),
                    budget_text(row.budget_hours, row.counted_from), stale, heard)  # fmt: skip
    return made


def doubt_texts(
    doubts: "Sequence[Doubt]", rooms: "Sequence[Room]", decision: Mapping[str, Any]
) -> list[str]:
    """Each doubtful fact of a line: why it is in doubt, and whether the truth flips it."""
    room_of = {room.fact: room for room in rooms}
    return [
        f"in doubt: {plain(doubt.fact)} is {doubt_text(doubt)}; "
        f"{room_text(room_of.get(doubt.fact), decision)}"
        for doubt in doubts
    ]  # fmt: skip


def doubt_text(doubt: "Doubt") -> str:
    """Its age against what is allowed, and each mark with its reason."""
    marks = [f"marked {code} ({plain(reason)})" for code, reason in doubt.marks]
    return ", ".join([*([_stale_text(doubt.age)] if doubt.age.stale else []), *marks])


def _stale_text(age: "Age") -> str:
    source, allowed = plain(age.said_by), hours_text(age.budget_hours)
    if age.counted_from == "delivery":
        return f"{hours_text(age.age_hours)} old, and {source} was silent for more than {allowed}"
    return f"{hours_text(age.age_hours)} old, and {source} lets it be {allowed}"


def room_text(room: "Room | None", decision: Mapping[str, Any]) -> str:
    """For which values of the number the line stays."""
    if room is None:
        return "how far it may be wrong is not computed"
    name, scale, currency = _named(room.field), decision["network"]["cost_scale"], (
        decision.get("currency") or "")  # fmt: skip

    def write(value: int) -> str:
        return money(value, scale, currency) if room.field.endswith("_micros") else f"{value:,}"

    low, high = room.holds_from, room.holds_to
    basis = "" if room.basis == "exact" else f", {room.basis}"
    if low is None and high is None:
        return f"the line stays whatever the {name} (now {write(room.now)})"
    if low == high:
        return f"any other {name} than {write(room.now)} changes the line{basis}"
    ends = " to ".join(write(end) for end in (low, high) if end is not None)
    span = ends if low is not None and high is not None else (
        f"{ends} or more" if high is None else f"{ends} or less")  # fmt: skip
    least = "" if room.followed or high is None else ", and perhaps beyond"
    return f"the line stays while the {name} is {span}{least} (now {write(room.now)}{basis})"


def doubts_table(
    found: "Sequence[tuple[LineInDoubt, tuple[Room, ...]]]", decision: Mapping[str, Any]
) -> Table:
    """Lines in doubt: the fact, why, and when the line stays."""
    made = drawing.table("line", "fact", "is", "so", numbers=["line"])
    for line, rooms in found:
        room_of = {room.fact: room for room in rooms}
        for doubt in line.doubts:
            drawing.add(made, str(line.number), doubt.fact, doubt_text(doubt),
                        room_text(room_of.get(doubt.fact), decision))  # fmt: skip
    return made


def _named(field: str) -> str:
    if field == "on_hand_units":
        return "count of units on hand"
    for ending in ("_units", "_micros"):
        field = field.removesuffix(ending)
    return field.replace("_", " ")
