"""A section of the demo: what would become of a rule, and of a plan, if people were asked."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from api.demo.sections import head, indented
from api.output import plain
from api.screen.amounts import count, money, share

if TYPE_CHECKING:
    from rules.release import Release
    from service.house import House

Row = dict[str, Any]
TOLD = ("kind", "item", "origin", "destination", "lane", "departsOn")


def live(house: "House", chain: str, plan: str, rule: str) -> Row:
    """What a release without a rule would permit, and who would have to approve the plan.

    All of it is asked as for a proposal and a submission; nothing is proposed or submitted.
    """
    from rules.differences import differences
    from rules.implies import implies
    from service.backtest.run import Window, backtest

    release = house.release_for(chain)
    without = _without(release, rule)
    found = implies(without, release).counterexamples
    result = backtest(house, without, Window((chain,)), workers=1).result
    return {
        "rule": release.rule(rule).title,
        "differences": [(each.told, each.effect) for each in differences(release, without)],
        "permitted": found[0].to_document() if found else None,
        "counts": result["counts"], "opened": result["opened"], "totals": result["totals"],
    } | _asked(house, plan)  # fmt: skip


def _without(release: "Release", rule: str) -> "Release":
    """The release without the file that states a rule."""
    file = release.rule(rule).file
    shapes = {name: text for name, text in release.shapes.items() if name != file}
    return replace(release, version=f"{release.version}, tried", shapes=shapes)


def _asked(house: "House", plan: str) -> Row:
    """Who would have to approve a plan, and what that would reserve."""
    from service.governing.approval_features import plan_document
    from service.governing.approval_standing import standing_of

    document = plan_document(house, plan)
    state = house.ledger.state()
    standing, _ = standing_of(house, document, state, house.ledger.now(state))
    return {"demands": [each.stated() for each in standing.demands], "broken": standing.broken,
            "promises": [promise.stated() for promise in standing.promises]}  # fmt: skip


def tell(screen: Console, found: Row) -> None:
    """What the change would do, in words and in decisions; then who would decide on the plan."""
    head(screen, "A rule is changed as a plan is made: tried, then decided on", "A rule that is "
         "dropped in silence moves stock that nobody would have let go.")  # fmt: skip
    screen.print(f"Without `{plain(found['rule'])}` the rules would say:")
    for told, effect in found["differences"]:
        indented(screen, f"{plain(told)}: {effect}")
    if found["permitted"]:
        stated = found["permitted"]["record"]
        record = ", ".join(f"{name} {stated[name]}" for name in TOLD if name in stated)
        screen.print(plain(f"Found by search, and denied by the rules in force: {record}."))
    _tell_decisions(screen, found)
    _tell_approval(screen, found)


def _tell_decisions(screen: Console, found: Row) -> None:
    counts = found["counts"]
    screen.print(f"{count(counts['decisions'], 'recorded decision')} decided again as then, "
                 f"{counts['same_bytes']} to the same bytes; under the other rules "
                 f"{count(counts['lines_changed'], 'line')} would change.")  # fmt: skip
    for group in found["opened"]:
        indented(screen, f"DENY -> ALLOW: {count(group['count'], group['kind'])} that "
                 f"the rules forbade, {group['used']} of them used by the new plans")  # fmt: skip
    for total in found["totals"]:
        cents = total["difference"]["cost_cents"]
        indented(screen, f"cost {'+' if cents > 0 else ''}{money(cents, 1, total['currency'])}, "
                 f"service {share(total['before']['fill_per_million'])} to "
                 f"{share(total['after']['fill_per_million'])}")  # fmt: skip
    screen.print("Nobody may put that in force alone: another person approves it, and answers by "
                 "name for what it newly permits.")  # fmt: skip


def _tell_approval(screen: Console, found: Row) -> None:
    who = "; ".join(f"{each['people']} of {' or '.join(each['roles'])} ({each['reason']})"
                    for each in found["demands"])  # fmt: skip
    held = f", if it still holds: {found['broken']}" if found["broken"] else ""
    screen.print(plain(f"The plan itself waits for {who or 'nobody'}{held}. Once they approve "
                 f"it, {count(len(found['promises']), 'holding')} of stock are reserved: no other "
                 "plan can promise these units."))  # fmt: skip
