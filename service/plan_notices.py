"""What a person should know of the facts behind a plan: said with it, not sealed in it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ontology.promise_ends import HELD_DAYS, lapsed
from ontology.promises import Promise
from service.decision import request_of
from service.house import House
from service.intake.notices import costs_of_nothing
from service.intake.quality import MENDS, RELINKS
from service.intake.sync import SET_ASIDE
from service.stewardship.doubts import lines_in_doubt

_NAMED, _DIGITS = 10, 12


def notices_of_plan(house: House, document: Mapping[str, Any]) -> tuple[str, ...]:
    """What a plan could not know or took for nothing: rows set aside, no stock, costs of nothing.

    From the log and the plan's own snapshot. A row that a later delivery of its file brought in
    is not named. Lines that stand on stale or marked facts are.
    """
    decision, about = document["decision"], document["about"]
    found = [
        f"{rows:,} rows of {name} in {file} were set aside, so they are not in this plan"
        if rows > 1 else f"a row of {name} in {file} was set aside, so it is not in this plan"
        for (name, file), rows in _set_aside(house, decision["chain"], about["sequence"]).items()
    ]  # fmt: skip
    found += [*_in_doubt(house, document), *notices_of_promises(decision)]
    if house.projection.log.moved(decision["chain"], after=about["sequence"]):
        found.append(
            f"facts of {decision['chain']} came after those that this plan was made from: "
            f"`evenkeel drift {document['plan_digest'][:_DIGITS]}` tells whether it holds"
        )
    if decision["regime"] != "risk":
        return tuple(found)
    tables = house.store.get_document(about["artifacts"]["snapshot"])["tables"]
    if not tables.get("StockPosition", {}).get("rows"):
        found.append("there is no StockPosition row: every place counts as empty")
    policies = tables.get("StockingPolicy")
    if policies:
        table = house.store.get_table(policies["artifact"])
        found += costs_of_nothing(table, {table.name: table})
    return tuple(found)


def notices_of_promises(decision: Mapping[str, Any]) -> Iterator[str]:
    """What other plans had promised when this one was made, and what of it nobody counted."""
    request = request_of(decision)
    stated = request.reserved
    over = lapsed(stated, request.starts_on) if request.starts_on else ()
    held = [each for each in stated if each.place and not each.order and each not in over]
    promised = [each for each in held if not each.carried_out]
    if promised:
        yield (f"{_units(promised)} are promised to approved plans, so they were not free for "
               "this one")  # fmt: skip
    if moved := [each for each in held if each.carried_out]:
        yield (f"{_units(moved)} were sent by plans that were carried out, and are held where they "
               "stood or expected where they go until both are counted")  # fmt: skip
    if over:
        yield (f"{_units(over)} were sent by plans that were carried out, and nobody counted them "
               f"within {HELD_DAYS} days: they count as the facts state them")  # fmt: skip


def _units(promises: Collection[Promise]) -> str:
    units, items = sum(each.units for each in promises), len({each.item for each in promises})
    return f"{units:,} units of {items:,} items"


def _in_doubt(house: House, document: Mapping[str, Any]) -> Iterator[str]:
    numbers = [line.number for line in lines_in_doubt(house, document)]
    if numbers:
        told = ", ".join(map(str, numbers[:_NAMED]))
        more = f" and {len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else ""
        digest = document["plan_digest"][:_DIGITS]
        stand = "line stands" if len(numbers) == 1 else "lines stand"
        yield (f"{len(numbers):,} {stand} on stale or marked facts: {told}{more} "
               f"(`evenkeel freshness --plan {digest}`)")  # fmt: skip


def _set_aside(house: House, chain: str, upto: int) -> dict[tuple[str, str], int]:
    """Rows by class and file, of the latest delivery of each file of each source.

    Those that were mended since do not count.
    """
    latest: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    came_in: dict[tuple[str, str], int] = {}
    for event in house.projection.log.feeds(chain, upto=upto):
        payload = event.payload
        for file in payload["files"]:
            which = payload["source"], file["name"]
            if RELINKS in payload:
                continue
            if MENDS not in payload:
                latest[which], came_in[which] = {}, event.sequence
            elif came_in.get(which) == payload[MENDS]:
                left = {place: rows - file["rows"] for place, rows in latest[which].items()}
                latest[which] = {place: rows for place, rows in left.items() if rows > 0}
        for name, rows in payload["counts"].items():
            if name.startswith(f"{SET_ASIDE}/"):
                _, kind, file = name.split("/", 2)
                latest[payload["source"], file] = {(kind, file): rows}
    total: Counter[tuple[str, str]] = Counter()
    for found in latest.values():
        total.update(found)
    return dict(sorted(total.items()))
