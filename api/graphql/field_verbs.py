"""What it takes to see each field of the schema: tables, and a field outside them is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from api.graphql.types import TYPES, OtherFact
from ontology.terms import local_name
from ontology.vocabulary import RECORDS

WHOLE_FACT, WHOLE_PLAN, WHOLE_LOG = "provenance.read", "plans.explain", "log.read"


@dataclass(frozen=True, slots=True)
class Root:
    """The verb of a root field, and which of its arguments say of what.

    A subject is a kind (`chain`, `plan`, `uri`, `event`, `source`) with the path of its argument:
    where the verb needs the whole, it is of the chain of each. `everything`: it needs the whole of
    all chains.
    """

    verb: str
    subjects: tuple[tuple[str, str], ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a nested field takes: nothing more, or that all of the chain is seen by this verb."""

    verb: str = ""


def _of(verb: str, *subjects: str) -> Root:
    """Subjects as `kind` or `kind:path`."""
    parts = [(one.split(":")[0], one.split(":")[-1]) for one in subjects]
    return Root(verb, tuple(parts))


ROOTS: Mapping[str, Root] = {
    "Query.node": _of("nodes.read"),
    "Query.chains": _of("chains.list"),
    **{f"Query.{name}": _of("facts.read", "chain") for name in (
        "items", "locations", "suppliers", "offers", "lanes", "stock", "orders", "facts")},
    "Query.rows": _of("tables.ask"),
    "Query.groups": _of("tables.ask"),
    "Query.plans": _of("plans.read", "chain"),
    "Query.plan": _of("plans.read"),
    "Query.kpis": _of("kpis.read", "chain", "plan"),
    "Query.trace": _of(WHOLE_FACT, "plan"),
    "Query.inferred": _of(WHOLE_FACT, "chain"),
    "Query.touched": _of(WHOLE_FACT, "plan"),
    "Query.decidedFrom": _of(WHOLE_FACT, "uri"),
    "Query.whyLine": _of(WHOLE_PLAN, "plan"),
    "Query.whyPlace": _of(WHOLE_PLAN, "plan"),
    "Query.planDifference": _of(WHOLE_PLAN, "plan:before", "plan:after"),
    "Query.planDrift": _of(WHOLE_PLAN, "plan"),
    "Query.frontier": _of("plans.weigh", "chain"),
    "Query.prices": _of("plans.weigh", "chain"),
    "Query.impact": _of("impact.ask", "chain"),
    "Query.singlePointsOfFailure": _of("impact.ask", "chain"),
    "Query.recall": _of("recall.ask", "uri:fact"),
    "Query.quarantine": _of("quarantine.read", "event"),
    "Query.head": _of("log.prove"),
    "Query.inclusionProof": _of("log.prove"),
    "Query.consistencyProof": _of("log.prove"),
    "Query.report": Root(WHOLE_LOG, everything=True),
    "Mutation.makeReport": Root("reports.make", everything=True),
    "Query.events": Root(WHOLE_LOG, everything=True),
    "Query.whoCouldSee": _of("access.audit", "uri"),
    "Query.exposures": Root("access.audit", everything=True),
    "Query.logKeys": _of("log.prove"),
    "Query.eventProof": Root(WHOLE_LOG, everything=True),
    "Query.comparison": _of("plans.weigh", "chain"),
    "Query.editPrices": _of(WHOLE_PLAN, "plan"),
    "Query.replay": _of("recall.ask", "plan"),
    "Query.backtest": Root("backtests.read", everything=True),
    **{f"Query.{name}": _of(WHOLE_PLAN, "plan") for name in ("ruleCosts", "ruleInteractions")},
    "Query.fact": _of("facts.read", "uri"),
    "Query.stockDays": _of("kpis.read", "chain", "plan"),
    "Query.verifyPlan": _of(WHOLE_PLAN, "plan"),
    **{f"Query.{name}": _of("rules.read") for name in ("policyReleases", "policyRelease")},
    **{f"Query.{name}": _of("rules.read", "chain") for name in (
        "release", "policyInForce", "policyDifference", "policyImplies", "policyFindings")},
    "Query.halted": _of("stops.read", "chain"),
    "Query.autonomy": _of("autonomy.read", "chain"),
    "Query.planAutonomy": _of("autonomy.read", "plan"),
    "Query.schedule": _of("schedule.read"),
    "Mutation.stop": _of("stops.put"),
    "Mutation.resume": _of("stops.put"),
    "Mutation.protectItems": _of("stops.put"),
    "Mutation.raiseAutonomy": _of("autonomy.lower"),
    "Mutation.lowerAutonomy": _of("autonomy.lower"),
    "Mutation.proposeRelease": _of("rules.propose"),
    **{f"Mutation.{name}": _of("rules.approve") for name in ("reviewRelease", "approveRelease")},
    **{f"Mutation.{name}": _of("rules.activate") for name in (
        "activateRelease", "endRelease", "startCanary")},
    "Query.sources": Root("sources.read", everything=True),
    **{f"Query.{name}": _of("sources.read", "chain") for name in (
        "feeds", "freshness", "identityCandidates", "identityLinks")},
    "Query.reconciliation": _of("sources.read", "chain:sources.chain"),
    "Query.rowsSetAside": _of("quarantine.read", "chain"),
    **{f"Mutation.{name}": _of("quarantine.settle", "event:input.delivery") for name in (
        "fixRow", "acceptRows", "retryRows", "discardRows")},
    **{f"Mutation.{name}": _of("sources.settle", "chain:input.chain") for name in (
        "acceptIdentity", "rejectIdentity", "splitIdentity")},
    **{f"Mutation.{name}": _of("sources.settle", "chain:input.sources.chain") for name in (
        "resolveDifference", "resolvePacks")},
    "Query.approvals": _of("approvals.read", "chain"),
    "Query.approval": _of("approvals.read", "plan"),
    "Mutation.submitPlan": _of("approvals.submit", "plan:input.plan"),
    "Mutation.reportCarriedOut": _of("approvals.submit", "plan:input.plan"),
    "Mutation.commentPlan": _of("approvals.comment", "plan:input.plan"),
    **{f"Mutation.{name}": _of("approvals.decide", "plan:input.plan") for name in (
        "approvePlan", "declinePlan", "returnPlan", "voidApproval")},
    **{f"Mutation.{name}": _of("approvals.decide", "chain:input.chain") for name in (
        "delegateApproval", "endDelegation")},
    "Mutation.signCheckpoint": _of("log.sign"),
    "Mutation.editPlan": _of("plans.make", "plan:input.plan"),
    "Mutation.makeForecast": _of("plans.make", "chain:input.chain"),
    "Subscription.changes": _of("changes.follow"),
    "Mutation.makePlan": _of("plans.make", "chain:input.chain", "plan:input.previous",
                             "plan:input.steady.plan"),
    "Mutation.syncFeed": _of("feeds.deliver", "source:input.source"),
}  # fmt: skip


def _open(kind: str, names: str) -> dict[str, Taken]:
    return {f"{kind}.{name}": Taken() for name in names.split()}


def _behind(verb: str, kind: str, names: str) -> dict[str, Taken]:
    return {f"{kind}.{name}": Taken(verb) for name in names.split()}


def _own(kind: Any) -> str:
    """The fields of a fact that its record states; a fact that is seen is seen with all of them."""
    stated = {"id", "uri", "chain", "key"}
    if kind.__name__ in RECORDS:
        stated |= {part.name for part in fields(RECORDS[kind.__name__])}
    return " ".join(local_name(one.name) for one in fields(kind)
                    if one.name.removesuffix("_id") in stated)  # fmt: skip


_FACTS = {
    "Item": "stock offers", "Location": "partOf stock lanesOut lanesIn", "Supplier": "offers",
    "Offer": "supplier item location", "Lane": "origin destination",
    "StockPosition": "item location", "SalesOrder": "item", "OtherFact": "className fields",
}  # fmt: skip
"""What leads from a fact to others: these are looked up among what is seen."""
_DECIDED = "id planDigest number itemId quantityUnits plan item derivedFrom"
_LINE = f"{_DECIDED} costScaled departsOn attention origin originId"

NESTED: Mapping[str, Taken] = {
    **{place: taken for kind in (*TYPES.values(), OtherFact)
       for place, taken in (_open(kind.__name__, f"{_own(kind)} {_FACTS[kind.__name__]}")
                            | _behind(WHOLE_FACT, kind.__name__, "source")).items()},
    **_open("Chain", "id name feeds lastFeed plans"),
    **_open("Plan", "id digest chain release madeAt costScale lines shortfalls"),
    **_behind(WHOLE_PLAN, "Plan",
              "snapshot regime label costScaled boundScaled gapScaled lineCount shortfallCount "
              "eventSequence agent certificate loads waste remarks stability edits previous "
              "confidence ruleResults comparison"),
    **_open("Transfer", f"{_LINE} laneId destinationId lotId arrivesOn lineCostScaled lane "
            "destination"),
    **_open("Purchase", f"{_DECIDED} costScaled departsOn attention supplierId destinationId "
            "arrivesOn paidScaled supplier destination"),
    **_open("Substitution", f"{_LINE} replacesId lotId replaces"),
    **_open("Assignment", f"{_LINE} orderId customerId originPortId carrierId handlingCostScaled "
            "freightCostScaled"),
    **_open("Shortfall", f"{_DECIDED} kind locationId orderId on rule location"),
    **_behind(WHOLE_PLAN, "Shortfall", "reason expectedShortMillionths"),
    **_open("Row", "cells"),
    **_open("ScheduledTask", "name says everySeconds lastAt nextAt told code failures"),
    **_open("AutonomyDecided", "event replayed dryRun unknown"),
    **_open("PageInfo", "hasNextPage endCursor"),
    **_open("Change", "position kind event chain recordedAt outcome className key uri since plan "
            "fields references"),
    **_open("ReferenceChange", "field className before after"),
    **_open("LogKey", "key event since"),
    **_open("CheckpointSigned", "size root checkpoint replayed dryRun"),
    **_open("Conflict", "code message hint"),
    **_open("Refused", "code message hint reasons"),
    **_open("RefusalReason", "code message hint file row column"),
    **_open("PolicyRelease", "digest name version rules knobs shapes"),
    **_open("PolicyReleaseCase", "digest name version ruleCount status author reason parent scope "
            "approvers backtest denyToAllow unreviewed canary decisions"),
    **_open("PolicyScope", "chain regions families"),
    **_open("PolicyCanary", "scope sharePercent salt begins ends leastPairs guards leftOut"),
    **_open("CanaryLeftOut", "why plans"),
    **_open("CanaryGuard", "metric mostPercent pairs worse isBroken"),
    **_open("PolicyDecision", "event kind agent at reason rule"),
    **_open("PolicyInForce", "at sequence whole shipped parts"),
    **_open("PolicyPart", "release regions families sharePercent salt isCanary"),
    **_open("ReleaseDecided", "event release status replayed dryRun unknown"),
    **_open("PolicyRule", "rule title file"),
    **_open("PolicyKnob", "name value title unit default least most range"),
    **_open("PolicyDifference", "subject kind told effect"),
    **_open("PolicyImplication", "verdict counterexamples notDecided"),
    **_open("PolicyCounterexample", "rule className record facts flaws"),
    **_open("PolicyUndecided", "rule why"),
    **_open("PolicyFinding", "rule code what file row hint"),
    **_open("ShapesFile", "name text"),
    **_open("LogHead", "projected sequence root recordedAt checkpoint"),
    **_open("InclusionProof", "event leaf size root hashes"),
    **_open("ConsistencyProof", "fromSize fromRoot toSize toRoot hashes"),
    **_open("Event", "id sequence kind agent effectiveAt recordedAt artifact payload leaf "
            "envelope"),
    **_open("Envelope", "source id sequence schemaVersion correlationId confidencePercent"),
}  # fmt: skip
"""An event is reached by `events` and `node` alone, and both need the whole of all chains."""
