"""A back-test as a person reads it: what opens first, then what closes, costs and is missing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.output import plain
from api.screen import drawing
from api.screen.amounts import count, millionths, share, total
from api.screen.reasons import rule_name
from api.screen.tables import Table

if TYPE_CHECKING:
    from rich.console import Console

    from service.backtest.reviews import Unreviewed

Row = Mapping[str, Any]
DIGITS = 12
ROWS_SHOWN = 20


def show_backtest(
    screen: "Console", digest: str, result: Row, waiting: "Sequence[Unreviewed]"
) -> None:
    """The whole result, most dangerous first."""
    release = result["release"]
    named = f"{release['name']} {release['version']} ({release['digest'][:DIGITS]})"
    of = "each its own release" if release["digest"] == "own" else named
    counts = result["counts"]
    screen.print(f"back-test of {of}: {count(counts['decisions'], 'recorded decision')}",
                 style="bold")  # fmt: skip
    for line in (*_words(result), *_own(result)):
        screen.print(line, soft_wrap=True)
    _show_groups(screen, "DENY -> ALLOW: denied then, allowed by the new rules", result["opened"])
    rows = [(one, row) for one in result["decisions"] for row in one.get("opened_rows", ())]
    rows.sort(key=lambda pair: not pair[1].get("units_used"))
    if rows:
        screen.print(rows_table(rows[:ROWS_SHOWN]))
    if waiting:
        plans = len({one.plan for one in waiting})
        screen.print(f"nobody has reviewed {count(len(waiting), 'of these', 'of these')} in "
                     f"{count(plans, 'plan')}", style="bold")  # fmt: skip
    _show_groups(screen, "ALLOW -> DENY: allowed then, denied by the new rules", result["closed"])
    if result["totals"] and release["digest"] != "own":
        screen.print(totals_table(result["totals"]))
    if result["by_rule"]:
        screen.print(parts_table(result["by_rule"]))
        screen.print("Each part is made on top of those above it: together they are the whole.")
    _show_plans(screen, result["decisions"])
    for line in _facts(result):
        screen.print(line, soft_wrap=True)
    screen.print(f"kept as {digest}", soft_wrap=True)


def groups_table(groups: Sequence[Row]) -> Table:
    """Changed verdicts by the rules that denied."""
    made = drawing.table("what", "rules", "plans", "times", "used", "units",
                         numbers=["plans", "times", "used", "units"])  # fmt: skip
    for one in groups:
        drawing.add(made, one["kind"], ", ".join(map(rule_name, one["rules"])),
                    *(f"{one[name]:,}" for name in ("plans", "count", "used", "units"))
                    )  # fmt: skip
    return made


def rows_table(rows: "Sequence[tuple[Row, Row]]") -> Table:
    """What opens, one by one: of which plan, by which rules it was denied, what the plan uses."""
    made = drawing.table("plan", "what opens", "denied by", "uses", numbers=["uses"])
    for decision, row in rows:
        used = row.get("units_used")
        drawing.add(made, decision["plan"][:DIGITS], _what(row),
                    ", ".join(map(rule_name, row["rules"])),
                    "" if used is None else f"{used:,}" if used else "-")  # fmt: skip
    return made


def totals_table(totals: Sequence[Row]) -> Table:
    """Cost, fill rate and shortfall of all decisions, before and after."""
    made = drawing.table("", "before", "after", "difference",
                         numbers=["before", "after", "difference"])  # fmt: skip
    for one in totals:
        before, after = one["before"], one["after"]
        costs = [side["cost_cents"] for side in (before, after)]
        shorts = [side["short_millionths"] for side in (before, after)]
        drawing.add(made, f"cost of {count(one['plans'], 'plan')}",
                    *(total(cents, 1, one["currency"]) for cents in costs),
                    total(costs[1] - costs[0], 1, one["currency"]))  # fmt: skip
        fills = [side["fill_per_million"] for side in (before, after)]
        drawing.add(made, "fill rate", *map(share, fills), share(fills[1] - fills[0]))
        drawing.add(
            made, "units short", *map(millionths, shorts), millionths(shorts[1] - shorts[0])
        )
    return made


def parts_table(parts: Sequence[Row]) -> Table:
    """What each file of rules, and the knobs, did in all decisions."""
    made = drawing.table("part", "rules", "plans", "lines", "cost", "units short",
                         numbers=["plans", "lines", "cost", "units short"], spare=["part"]
                         )  # fmt: skip
    for one in parts:
        moved = one["difference"]
        drawing.add(made, one["part"], ", ".join(map(rule_name, one["rules"])),
                    f"{one['plans']:,}", f"{one['lines_changed']:,}",
                    total(moved["cost_cents"], 1, one["currency"]),
                    millionths(moved["short_millionths"]))  # fmt: skip
    return made


def _show_groups(screen: "Console", title: str, groups: Sequence[Row]) -> None:
    if not groups:
        screen.print(f"{title}: none")
        return
    screen.print(title, style="bold")
    screen.print(groups_table(groups))


def _what(row: Row) -> str:
    """A movement by item and way; a floor or a limit with what it was and is."""
    about = row["movement"]
    if "sum" in about:
        most = "no limit" if row["most"][1] is None else f"{row['most'][1]:,}"
        return f"{about['sum']}: {row['most'][0]:,}, now {most}"
    if "units_kept" in row:
        was, now = row["units_kept"]
        return f"{about['item']} at {about['location']}: {was:,} stayed, now {now:,}"
    way = about.get("lane") or about.get("supplier") or about.get("order") or ""
    end = about.get("destination") or about.get("origin") or ""
    named = [about["item"], about.get("lot", ""), way, f"to {end}" if end else "",
             str(about.get("departs_on", ""))]  # fmt: skip
    return " ".join(part for part in named if part)


def _show_plans(screen: "Console", decisions: Sequence[Row]) -> None:
    changed = [one for one in decisions if one["lines_changed"]]
    if not changed:
        return
    made = drawing.table("plan", "chain", "made on", "lines changed", "cost by",
                         numbers=["lines changed", "cost by"])  # fmt: skip
    for one in changed[:ROWS_SHOWN]:
        before, after = one["figures"]
        drawing.add(made, one["plan"][:DIGITS], one["chain"], one["made_on"],
                    f"{one['lines_changed']:,}",
                    total(after["cost_cents"] - before["cost_cents"]))  # fmt: skip
    screen.print(f"{count(len(changed), 'plan')} with other lines:")
    screen.print(made)
    if len(changed) > ROWS_SHOWN:
        screen.print(f"and {len(changed) - ROWS_SHOWN:,} more: --json names all of them")


def _words(result: Row) -> Iterator[str]:
    for word in result["missing"]["words"]:
        yield f"the release decides nothing: {plain(word['why'])}"


def _own(result: Row) -> Iterator[str]:
    counts = result["counts"]
    if counts["decisions"]:
        yield (f"made again under their own releases: {counts['same_bytes']:,} of "
               f"{counts['decisions']:,} to the same bytes")  # fmt: skip
    for one in result["decisions"]:
        if one["own"] != "the same bytes" or one["new"] != "decided":
            told = "; ".join(plain(reason) for reason in one["reasons"])
            status = one["own"] if one["own"] != "the same bytes" else one["new"]
            name = f"plan {one['plan'][:DIGITS]} of {plain(one['chain'])}"
            yield f"  {name}: {status}: {told}"


def _facts(result: Row) -> Iterator[str]:
    for lack in result["missing"]["facts"]:
        what = f"{lack['class']}.{lack['field']}" if lack["field"] else lack["class"]
        yield (f"rule {rule_name(lack['rule'])} reads {what}, which no fact stated in "
               f"{count(lack['decisions'], 'decision')}")  # fmt: skip
