"""What came of a back-test: one document over all decisions, DENY -> ALLOW first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.audit.replay import NOT_MADE, SAME
from service.backtest.again import DECIDED, MILLION, Answer, differences

FORMAT = "evenkeel-backtest/1"
SHOWN = 50
"""So many movements and lines of a decision are named here; its answer names more."""
Result = dict[str, Any]
Group = dict[str, Any]


def result_of(
    asked: Mapping[str, Any], release: Mapping[str, Any], words: Sequence[Mapping[str, str]],
    found: Iterable[tuple[str, Mapping[str, Any], str, Answer]],
) -> Result:  # fmt: skip
    """The document of a back-test: the same for the same answers, whoever found them and when.

    `asked` are chains and days, `release` its digest, name and version, `words` what keeps it from
    deciding at all; `found` gives per decision its plan digest, where it stands, the artifact of
    its answer and the answer. `opened` and `closed` hold groups by kind and rules that denied: how
    many movements of how many plans, how many of them the plan uses that may, and units.
    """
    rows = list(found)
    decisions = [_decision(plan, where, name, answer) for plan, where, name, answer in rows]
    answers = [answer for *_, answer in rows]
    return {
        "format": FORMAT, "asked": dict(asked), "release": dict(release),
        "opened": _groups(decisions, "opened"), "closed": _groups(decisions, "closed"),
        "totals": _totals(answers), "by_rule": _by_rule(answers),
        "counts": _counts(decisions),
        "missing": {"words": list(words), "facts": _missing(answers)},
        "decisions": decisions,
    }  # fmt: skip


def fill_per_million(figures: Mapping[str, int]) -> int:
    """The share of demand that is served, in millionths, rounded down; all where none is asked."""
    asked, short = figures["demand_millionths"], figures["short_millionths"]
    return (asked - short) * MILLION // asked if asked else MILLION


def _decision(plan: str, where: Mapping[str, Any], name: str, answer: Answer) -> dict[str, Any]:
    own, new = answer["own"], answer.get("new")
    found = {
        "plan": plan, **where, "answer": name, "own": own["status"],
        "own_digest": own["digest"], "new": new["status"] if new else NOT_MADE,
        "new_digest": new["digest"] if new else "",
        "reasons": [*own["reasons"], *(new["reasons"] if new else ())],
    }  # fmt: skip
    if new is None or new["status"] != DECIDED:
        return found | {"opened": [], "closed": [], "lines_changed": 0}
    return found | {
        "opened": answer["opened"]["groups"], "closed": answer["closed"]["groups"],
        "opened_rows": answer["opened"]["rows"][:SHOWN],
        "closed_rows": answer["closed"]["rows"][:SHOWN], "lines": answer["lines"][:SHOWN],
        "lines_changed": len(answer["lines"]), "figures": answer["figures"],
    }  # fmt: skip


def _groups(decisions: Iterable[Mapping[str, Any]], side: str) -> list[Group]:
    """The groups of all decisions, those that a plan uses first, then the larger ones."""
    found: dict[tuple[str, tuple[str, ...]], Group] = {}
    for decision in decisions:
        for group in decision[side]:
            key = (group["kind"], tuple(group["rules"]))
            kept = found.setdefault(key, {"kind": group["kind"], "rules": group["rules"],
                                          "plans": 0, "count": 0, "used": 0, "units": 0}
                                    )  # fmt: skip
            kept["plans"] += 1
            for name in ("count", "used", "units"):
                kept[name] += group[name]
    return sorted(found.values(), key=lambda one: (-one["used"], -one["count"], one["kind"],
                                                   one["rules"]))  # fmt: skip


def _totals(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Per currency the figures of all decisions before and after, and by how much they differ."""
    found: dict[str, dict[str, Any]] = {}
    for answer in answers:
        if answer.get("new", {}).get("status") != DECIDED:
            continue
        before, after = answer["figures"]
        kept = found.setdefault(answer["currency"] or "", {"plans": 0, "before": {}, "after": {}})
        kept["plans"] += 1
        for side, figures in (("before", before), ("after", after)):
            kept[side] = _added(kept[side], figures)
    for kept in found.values():
        kept["difference"] = differences(kept["before"], kept["after"])
        for side in ("before", "after"):
            kept[side]["fill_per_million"] = fill_per_million(kept[side])
    return [{"currency": currency, **found[currency]} for currency in sorted(found)]


def _by_rule(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """Per currency and part of the way what it did in all decisions: after those before it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for answer in answers:
        for part in answer.get("by_part", ()):
            key = (answer["currency"] or "", part["name"])
            kept = found.setdefault(key, {
                "currency": key[0], "part": key[1], "rules": part["rules"], "plans": 0,
                "lines_changed": 0, "difference": {},
            })  # fmt: skip
            kept["rules"] = sorted({*kept["rules"], *part["rules"]})
            kept["plans"] += part["lines_changed"] > 0 or any(part["figures"].values())
            kept["lines_changed"] += part["lines_changed"]
            kept["difference"] = _added(kept["difference"], part["figures"])
    return [found[key] for key in sorted(found)]


def _counts(decisions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {
        "decisions": len(decisions),
        "same_bytes": sum(one["own"] == SAME for one in decisions),
        "not_made": sum(one["own"] == NOT_MADE for one in decisions),
        "undecided": sum(one["new"] != DECIDED for one in decisions),
        "plans_changed": sum(one["lines_changed"] > 0 for one in decisions),
        "lines_changed": sum(one["lines_changed"] for one in decisions),
    }  # fmt: skip


def _missing(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """What rules lack, and in how many decisions."""
    found: dict[tuple[str, str, str], int] = {}
    for answer in answers:
        for lack in answer.get("missing", ()):
            key = (lack["rule"], lack["class"], lack["field"])
            found[key] = found.get(key, 0) + 1
    return [{"rule": rule, "class": name, "field": field, "decisions": count}
            for (rule, name, field), count in sorted(found.items())]  # fmt: skip


def _added(some: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: some.get(name, 0) + value for name, value in more.items()}
