"""Which role may do what: one table, and what it does not name nobody may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from ontology.access import ROLES

SCOPES = ("read", "deliver", "plan", "decide", "audit")
"""What a service token may be issued for: each verb belongs to one.

`decide` is what is a person's act: no token that plans or delivers has it by that.
"""
READERS = frozenset(ROLES) - {"operator"}
_JUDGES = frozenset({"analyst", "planner", "approver", "governor", "auditor"})
_HALTS = frozenset({"planner", "approver", "governor", "operator"})
"""Who may stop and lower: that is always the safe way."""
_STEWARDS = frozenset({"integrator", "governor", "auditor"})


@dataclass(frozen=True, slots=True)
class Verb:
    """Who may do it, of which scope it is, and whether it needs a view that hides nothing.

    What is computed over all facts of a chain cannot be shown in part.
    """

    roles: frozenset[str]
    scope: str
    needs_whole: bool = False


def _roles(*names: str) -> frozenset[str]:
    return frozenset(names)


VERBS: Mapping[str, Verb] = {
    "chains.list": Verb(frozenset(ROLES), "read"),
    "nodes.read": Verb(frozenset(ROLES), "read"),
    "facts.read": Verb(READERS, "read"),
    "plans.read": Verb(READERS - {"integrator", "partner"}, "read"),
    "plans.own": Verb(READERS - {"integrator"}, "read"),
    "tables.ask": Verb(READERS, "read"),
    "changes.follow": Verb(READERS, "read"),
    "plans.explain": Verb(_JUDGES, "read", needs_whole=True),
    "kpis.read": Verb(_JUDGES, "read", needs_whole=True),
    "impact.ask": Verb(_JUDGES, "read", needs_whole=True),
    "provenance.read": Verb(_JUDGES, "read", needs_whole=True),
    "plans.weigh": Verb(_roles("analyst", "planner", "governor"), "plan", needs_whole=True),
    "plans.make": Verb(_roles("planner"), "plan", needs_whole=True),
    "approvals.read": Verb(_JUDGES, "read", needs_whole=True),
    "approvals.comment": Verb(_JUDGES, "plan", needs_whole=True),
    "approvals.submit": Verb(_roles("planner", "governor"), "plan", needs_whole=True),
    "approvals.decide": Verb(_JUDGES, "decide", needs_whole=True),
    "feeds.deliver": Verb(_roles("integrator"), "deliver", needs_whole=True),
    "quarantine.read": Verb(_STEWARDS, "read", needs_whole=True),
    "quarantine.settle": Verb(_roles("integrator", "governor"), "deliver", needs_whole=True),
    "sources.read": Verb(_STEWARDS | {"analyst", "planner"}, "read", needs_whole=True),
    "sources.settle": Verb(_roles("integrator", "governor"), "deliver", needs_whole=True),
    "rules.read": Verb(READERS - {"partner"}, "read"),
    "backtests.read": Verb(_JUDGES, "audit", needs_whole=True),
    "rules.propose": Verb(_roles("governor"), "plan"),
    "rules.approve": Verb(_roles("governor", "approver"), "decide"),
    "rules.activate": Verb(_roles("governor"), "decide"),
    "stops.read": Verb(_JUDGES | {"operator"}, "read", needs_whole=True),
    "stops.put": Verb(_HALTS, "plan"),
    "stops.lift": Verb(_roles("governor"), "decide", needs_whole=True),
    "autonomy.read": Verb(_JUDGES, "read", needs_whole=True),
    "autonomy.raise": Verb(_roles("governor"), "decide", needs_whole=True),
    "autonomy.lower": Verb(_HALTS, "plan"),
    "schedule.read": Verb(_roles("governor", "auditor", "operator"), "audit"),
    "serving.read": Verb(frozenset(ROLES) - {"partner"}, "read"),
    "recall.ask": Verb(_roles("governor", "auditor"), "audit", needs_whole=True),
    "access.audit": Verb(_roles("governor", "auditor"), "audit", needs_whole=True),
    "log.read": Verb(_roles("governor", "auditor"), "audit", needs_whole=True),
    "reports.make": Verb(_roles("governor", "auditor"), "audit", needs_whole=True),
    "log.sign": Verb(_roles("governor", "operator"), "audit"),
    "log.prove": Verb(_roles("approver", "governor", "auditor", "partner", "operator"), "audit"),
}  # fmt: skip
"""`log.read` and `backtests.read` speak of every chain: they need the whole of all of them.

Whose approval counts, of those who may decide at all, the approval matrix says.
"""


def may(role: str, verb: str) -> bool:
    """Whether a role may do something: neither an unknown role nor an unknown verb ever may."""
    found = VERBS.get(verb)
    return found is not None and role in found.roles
