"""A chain on which every mutation finds something to do, and what each is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from governance.releasing import Actor, backtested
from governance.scopes import Scope
from graph.manifests import FeedContents, FeedFile
from graph.projection import load_feed
from ontology.access import ANY, Grant
from ontology.canonical import canonical
from ontology.columns import table_of
from ontology.edits import FORBID, Edit
from ontology.goods import Item
from ontology.partners import Offer
from ontology.places import Location
from ontology.transport import Lane
from rules.release import Release, default_release
from service.decision import PlanRequest
from service.doors.registered import register
from service.examples import load_example
from service.governing import approving, autonomy, releasing
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.permits.grants import grant_access
from service.persons import acting
from service.planning import make_plan
from tests.counted import BY_DAY, HEADER, mapping_text
from tests.service.test_forecast import demand

CHAIN = "two_hubs"
DAY = date(2026, 3, 2)
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
_numbers = count(1)
FILES = """  - file: items.csv
    optional: true
    principal: {class: Item, fields: {id: id, name: name}}
"""
SOURCES = {"one": "wms", "other": "erp", "chain": CHAIN}
ROWS = "... on RowsSettled { state event rows stillOpen { row } changed { className count } "
LINKS = "... on Linked { event restated { className count } ended { className count } setAside "
RESOLVED = "... on DifferencesResolved { event positions { position source units } "
PLANS = """... on PlanMade { plan { digest label costScaled lineCount } replayed }
  ... on PlanDrafted { digest label costScaled lines """
SYNCED = "... on FeedSynced { feed event quarantinedRows outcomes { className added } "
FORECAST = "... on ForecastMade { model startsOn counts { className count } event "
DECIDED = "... on ReleaseDecided { event release status "
RELEASES = ("review", "approve", "canary", "end", "activate")
RULE = "https://w3id.org/evenkeel/rule/fresh-lot"
COMMON = "replayed dryRun }"
ENDS = """... on Refused { code message reasons { code file row } }
  ... on Conflict { code message hint }"""


@dataclass(frozen=True)
class Asked:
    """A mutation: its field, the type and value of its input, another value, what is selected."""

    name: str
    type_name: str
    input: Callable[[], Mapping[str, Any]]
    other: Mapping[str, Any]
    selection: str
    grows_by: int = 1

    @property
    def document(self) -> str:
        """The GraphQL document."""
        return (f"mutation($input: {self.type_name}!) {{ result: {self.name}(input: $input) {{ "
                f"__typename {self.selection} {ENDS} }} }}")  # fmt: skip


@dataclass
class World:
    """The chain, and the events that set rows aside."""

    house: House
    events: dict[str, int] = field(default_factory=dict)

    def digest(self) -> str:
        """The digest of the first plan."""
        return self.house.catalog.plans(CHAIN, first=100).rows[-1].plan.digest

    def mutations(self) -> list[Asked]:
        """Every mutation of the schema, each with something to do after those before it."""
        rows = self.events["rows"]
        wish = {"kind": "CAP", "item": "widget", "lane": "truck-ns", "units": 1}
        link = {"chain": CHAIN, "source": "wms", "className": "Item"}
        ids = {**link, "externalIds": ["X1"], "reason": "told so"}
        return [
            Asked("makePlan", "PlanInput", lambda: {"chain": CHAIN}, {"startsOn": "2026-03-02"},
                  PLANS + COMMON.replace("dryRun", "")),
            Asked("editPlan", "EditPlanInput", lambda: {"plan": self.digest(), "edits": [wish]},
                  {"edits": [wish | {"units": 2}]}, PLANS + COMMON.replace("dryRun", "")),
            Asked("syncFeed", "SyncFeedInput",
                  lambda: {"source": "wms", "text": f"{HEADER}\nwidget,north,N1,4,{DAY}\n",
                           "file": "stock.csv", "id": "told"}, {"closeAll": True},
                  SYNCED + COMMON),
            Asked("fixRow", "FixRowInput",
                  lambda: {"delivery": rows, "row": 1, "reason": "by phone",
                           "cells": [{"column": "units", "value": "11"}]}, {"reason": "else"},
                  ROWS + COMMON),
            Asked("acceptRows", "SettleRowsInput",
                  lambda: {"delivery": self.events["clash"], "rows": [1], "reason": "seen"},
                  {"reason": "else"}, ROWS + COMMON),
            Asked("retryRows", "SettleRowsInput", lambda: {"delivery": self.events["items"]},
                  {"reason": "else"}, ROWS + COMMON),
            Asked("discardRows", "DiscardRowsInput",
                  lambda: {"delivery": rows, "rows": [2, 3], "reason": "old"}, {"rows": [2]},
                  ROWS + COMMON),
            Asked("acceptIdentity", "AcceptIdentityInput",
                  lambda: {**link, "links": [{"externalId": "X1", "id": "widget"}]},
                  {"reason": "else"}, LINKS + COMMON),
            Asked("splitIdentity", "ExternalIdsInput", lambda: ids, {"reason": "else"},
                  LINKS + COMMON),
            Asked("rejectIdentity", "ExternalIdsInput", lambda: ids | {"externalIds": ["X2"]},
                  {"reason": "else"}, LINKS + COMMON),
            Asked("resolveDifference", "ResolveInput",
                  lambda: {"sources": SOURCES, "position": "widget/north/W1", "take": "erp",
                           "reason": "counted again"}, {"reason": "else"}, RESOLVED + COMMON),
            Asked("resolvePacks", "ResolvePacksInput", lambda: {"sources": SOURCES},
                  {"sources": {**SOURCES, "windowHours": 1}}, RESOLVED + COMMON),
            Asked("makeForecast", "ForecastInput", lambda: {"chain": "shops"},
                  {"startsOn": "2026-06-01"},
                  FORECAST + COMMON),
            Asked("signCheckpoint", "CheckpointInput", dict, {"size": 2},
                  "... on CheckpointSigned { size root checkpoint " + COMMON),
            Asked("makeReport", "ReportInput", lambda: {"since": "2020-01-01",
                                                        "until": "2099-12-31"},
                  {"chain": CHAIN}, "... on ReportMade { event report page " + COMMON),
            *self._decisions(),
            *self._approvals(),
            *self._halts(),
        ]  # fmt: skip

    def _decisions(self) -> list[Asked]:
        """What is decided about releases; each has one of its own, ready for it."""
        new, found = versioned("new"), {one: versioned(one).digest for one in RELEASES}
        why, part = {"reason": "for a test"}, {"families": ["hardware"]}
        asked: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
            ("proposeRelease", "ProposeReleaseInput",
             {"document": canonical(new.to_document()).decode(), **why}, {"reason": "else"}),
            ("reviewRelease", "ReviewReleaseInput",
             {"release": found["review"], "rule": RULE, **why}, {"reason": "else"}),
            ("approveRelease", "ReleaseReasonInput", {"release": found["approve"], **why},
             {"reason": "else"}),
            ("startCanary", "CanaryInput", {"release": found["canary"], "scope": part, **why},
             {"sharePercent": 5}),
            ("endRelease", "EndReleaseInput",
             {"release": found["end"], "how": "WITHDRAW", **why}, {"reason": "else"}),
            ("activateRelease", "ActivateReleaseInput", {"release": found["activate"]},
             {"since": "2030-01-01T00:00:00Z"}),
        ]  # fmt: skip
        return [Asked(name, kind, given.copy, other, DECIDED + COMMON)
                for name, kind, given, other in asked]  # fmt: skip

    def _approvals(self) -> list[Asked]:
        """What is decided about plans; each has one of its own, submitted by Pia."""
        why, until = {"reason": "for a test"}, datetime.now(UTC) + timedelta(days=1)
        asked: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
            ("submitPlan", "PlanReasonInput", lambda: {"plan": self.plan(), **why}),
            ("commentPlan", "PlanReasonInput", lambda: {"plan": self.submitted(), **why}),
            ("approvePlan", "DecideInput", lambda: {"plan": self.submitted(), **why}),
            ("reportCarriedOut", "CarriedOutInput", lambda: {"plan": self.approved(), **why}),
            ("declinePlan", "DecideInput", lambda: {"plan": self.submitted(), **why}),
            ("returnPlan", "DecideInput", lambda: {"plan": self.submitted(), **why}),
            ("voidApproval", "PlanReasonInput", lambda: {"plan": self.submitted(), **why}),
            ("delegateApproval", "DelegateInput", lambda: {
                "chain": CHAIN, "to": "Dora", "until": until.isoformat(), **why}),
            ("endDelegation", "EndDelegationInput", lambda: {
                "chain": CHAIN, "delegation": self.delegation(until)}),
        ]  # fmt: skip
        other = {"endDelegation": {"delegation": 1}}
        return [Asked(name, kind, given, other.get(name, {"reason": "else"}),
                      "... on ApprovalRecorded { event status " + COMMON)
                for name, kind, given in asked]  # fmt: skip

    def _halts(self) -> list[Asked]:
        """What is decided about stops and levels, in scopes that no plan reaches."""
        why, here = {"reason": "for a test"}, {"chain": "spices", "families": ["saffron"]}
        part = {"scope": {"chain": CHAIN, "regions": ["south"]}, **why}
        asked: list[tuple[str, str, Callable[[], Mapping[str, Any]]]] = [
            ("stop", "StopInput", lambda: {"scope": here, **why}),
            ("resume", "ResumeInput", lambda: {"stop": self.stopped(), **why}),
            ("protectItems", "ProtectInput",
             lambda: {"chain": "spices", "items": ["clove"], **why}),
            ("raiseAutonomy", "AutonomyInput",
             lambda: {**part, "level": "SUGGEST", "evidence": self.shown()}),
            ("lowerAutonomy", "AutonomyInput", lambda: {**part, "level": "OBSERVE"}),
        ]  # fmt: skip
        return [Asked(name, kind, given, {"reason": "else"},
                      "... on AutonomyDecided { event " + COMMON)
                for name, kind, given in asked]  # fmt: skip

    def shown(self) -> list[dict[str, str]]:
        """A back-test of each release that governs now, over a decision that was just made."""
        state, machine = self.house.ledger.state(), Actor("evenkeel", is_person=False)
        newest = self.house.projection.log.head().sequence
        shown = self.house.store.put(f"what was shown {newest}".encode())
        held = {"decisions": 1, "same_bytes": 1, "newest": newest, "chains": [CHAIN]}
        (governs,) = state.releases.deciding_in(Scope(CHAIN), datetime.now(UTC))
        if governs not in state.releases.cases:
            releasing.propose(self.house, self.house.shipped, "to be shown", "pia")
        self.house.ledger.append(partial(
            backtested, who=machine, digest=governs, result=shown, deny_to_allow=[], tested=held
        ))  # fmt: skip
        return [{"kind": "backtest", "artifact": shown}]

    def stopped(self) -> int:
        """The number of a stop by Ben."""
        scope = Scope("spices", (), (f"herb {next(_numbers)}",))
        return autonomy.stop(self.house, scope, "too hot", "ben").state.sequence

    def plan(self) -> str:
        """A plan of its own by Pia, who may not approve it; nothing else waits or is reserved."""
        for case in list(self.house.ledger.state().approvals.cases.values()):
            if case.is_open:
                approving.void(self.house, case.plan, "the next", "pia")
        wish = Edit("widget", lane="truck-ns", kind=FORBID, reason=f"case {next(_numbers)}")
        request = PlanRequest(CHAIN, agent="pia", edits=(wish,))
        return make_plan(self.house, request).saved.digest

    def submitted(self) -> str:
        """Such a plan, submitted."""
        plan = self.plan()
        approving.submit(self.house, plan, "pia")
        return plan

    def approved(self) -> str:
        """Such a plan, approved by Ben."""
        plan = self.submitted()
        approving.approve(self.house, plan, "fine", "ben")
        return plan

    def delegation(self, until: datetime) -> int:
        """The number of a delegation of who asks, to Dora."""
        dora = self.house.persons.pseudonym_of("Dora")
        made = approving.delegate(self.house, dora, "on leave", acting(self.house), until)
        return made.state.sequence


def build(house: House, folder: Path) -> World:
    """Load and plan two_hubs, and give it what is to be settled."""
    load_example(house, CHAIN)
    make_plan(house, PlanRequest(chain=CHAIN))
    found = World(house)
    for source in ("wms", "erp"):
        (folder / f"{source}.yaml").write_text(mapping_text(CHAIN, source, BY_DAY, files=FILES))
        register(house.settings.data_folder, folder / f"{source}.yaml")

    def deliver(source: str, *lines: str, items: bool = False) -> int:
        path = folder / ("items.csv" if items else "stock.csv")
        path.write_text("\n".join(["id,name" if items else HEADER, *lines]))
        said = Delivery("ann", stop_share_percent=100)
        event = sync(house, [path], folder / f"{source}.yaml", said).event
        assert event is not None
        return event.sequence

    deliver("wms", "X1,Blue widget", "X2,Red thing", items=True)
    deliver("wms", f"X1,north,L1,5,{DAY}", f"widget,north,W1,7,{DAY}")
    deliver("erp", f"widget,north,W1,9,{DAY.replace(day=3)}")
    found.events["rows"] = deliver("wms", *(f"widget,north,B{n},many,{DAY}" for n in (1, 2, 3)))
    found.events["clash"] = deliver("wms", f"widget,north,W1,8,{DAY}")
    found.events["items"] = deliver("wms", f"X9,north,L9,5,{DAY}")
    deliver("wms", "X9,New thing", items=True)
    _shops(house)
    _releases(house)
    house.persons.pseudonym_of("Dora")
    for person in (acting(house), "ben", "pia"):
        grant_access(house, Grant("", person, "approver", ANY, SINCE, SINCE), "owner")
    return found


def versioned(version: str) -> Release:
    """The shipped rules under another version."""
    return replace(default_release(), version=version)


def _releases(house: House) -> None:
    """A release for each decision, proposed by somebody else and as far on its way."""
    machine = Actor("evenkeel", is_person=False)
    for version in RELEASES:
        release = versioned(version)
        releasing.propose(house, release, "for a test", "ada")
        opened = [RULE] if version == "review" else []
        house.ledger.append(partial(backtested, who=machine, digest=release.digest,
                                    result="result", deny_to_allow=opened))  # fmt: skip
        if version in ("canary", "activate"):
            releasing.approve(house, release.digest, "read it", "ben")


def _shops(house: House) -> None:
    """A chain whose demand was observed."""
    tables = [
        demand(), table_of([Item("bolt"), Item("nut")], "Item"),
        table_of([Location("north"), Location("south")], "Location"),
        table_of([Lane("n-s", "north", "south", lead_time_days=2)], "Lane"),
        table_of([Offer("mill", "bolt", "north", 100, lead_time_days=7)], "Offer"),
    ]  # fmt: skip
    file = FeedFile("shops.csv", "0" * 64, 1)
    feed = FeedContents("shops", "till", "first", "shops", "0" * 64, (file,),
                        {table.name: table for table in tables})  # fmt: skip
    load_feed(house.projection, feed, agent="ada", effective_at=datetime.now(UTC))
