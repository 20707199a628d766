"""What the scheduler does on a real chain: twice is once, and no further than the level lets."""

from datetime import UTC, datetime, timedelta

import pytest

from governance import autonomous
from governance.autonomy import (
    OBSERVE,
    SUGGEST,
    WITH_APPROVAL,
    WITHIN_ENVELOPE,
    Envelope,
)
from governance.plan_cases import APPROVED, VOID, WAITING
from governance.scopes import Scope
from governance.stops import PAUSE
from graph.log import Log
from graph.manifests import FeedContents, FeedFile
from graph.projection import load_feed
from ontology.columns import table_of
from ontology.errors import InputError, StateError
from ontology.events import AUTONOMY_RAISED, FACTS_DUE, PLAN_MADE, NewEvent
from ontology.goods import Item
from ontology.governance import FreshnessBudget
from ontology.objectives import PLAIN, Weights
from ontology.stock import StockPosition
from service.decision import PlanRequest, request_of
from service.examples import load_example
from service.governing import approving, autonomy
from service.governing.ledger import Decided
from service.house import SERVICE_AGENT, House
from service.planning import make_plan
from service.scheduling.replanning import LONGEST_WAIT, QUIET, Replanning
from service.scheduling.scheduled_tasks import bring_all_due, sign_log, tasks
from service.scheduling.scheduler import Scheduler, over_chains
from service.transparency import present_checkpoint

CHAIN = "two_hubs"


@pytest.fixture(scope="module", autouse=True)
def planned(opened: House) -> None:
    """The example with a plan that a person asked for."""
    load_example(opened, CHAIN)
    make_plan(opened, PlanRequest(CHAIN, agent="ada", weights=Weights(3_000)))


def delivered(house: House, name: str, *facts: object, since: datetime | None = None) -> None:
    """A delivery of facts of one class."""
    table = table_of(facts, type(facts[0]).__name__)
    feed = FeedContents(CHAIN, "test", name, "test", "0" * 64, (FeedFile("a.csv", "0" * 64, 1),),
                        {table.name: table})  # fmt: skip
    load_feed(house.projection, feed, agent="wms",
              effective_at=since or datetime.now(UTC))  # fmt: skip


def plans(house: House) -> list[str]:
    """Who made the plans, in order."""
    return [event.agent for event in house.projection.log.events() if event.kind == PLAN_MADE]


def test_every_task_done_twice_acts_once(house: House) -> None:
    """Also those that found something to do the first time."""
    now = datetime.now(UTC) + timedelta(days=1)
    Scheduler(house, tasks()).tick(now)
    head = house.projection.log.head().sequence
    house.driver.execute_query("MATCH (t:ScheduledTask) DELETE t")  # as if killed before noting
    runs = Scheduler(house, tasks()).tick(now)
    assert () == runs  # the other leads; and once it is gone:
    house.driver.execute_query("MATCH (l:Lease) DELETE l")
    runs = Scheduler(house, tasks()).tick(now)
    assert [""] * len(tasks()) == [run.code for run in runs], runs
    assert head == house.projection.log.head().sequence


def test_the_log_is_signed_as_far_as_it_goes(house: House) -> None:
    sign_log(house, datetime.now(UTC))
    delivered(house, "another item", Item("thing"))
    assert "now" in sign_log(house, datetime.now(UTC))
    newest = present_checkpoint(house)
    assert newest is not None
    assert house.projection.log.head().sequence == newest.size
    assert "now" not in sign_log(house, datetime.now(UTC))


def test_a_chain_that_fails_holds_up_no_other(house: House) -> None:
    seen = []

    def work(chain: str) -> str:
        seen.append(chain)
        if chain == CHAIN:
            raise InputError("it cannot be read", code="BROKEN")
        return chain

    load_example(house, CHAIN)
    with pytest.raises(Exception, match=f"{CHAIN}: it cannot be read"):
        over_chains(house, work)
    assert house.projection.log.chains() == seen


def test_a_plan_that_no_longer_holds_is_made_anew_where_the_level_lets(house: House) -> None:
    """Debounced; told where a machine observes; made once, by the service, where it suggests."""
    replan = next(task for task in tasks() if task.name == "plans").work
    lost = StockPosition("widget", "north", "W1", 0, 0, 0, 0, 0, 0, "each")
    delivered(house, "counted anew", lost)
    before, at = plans(house), datetime.now(UTC)
    assert "every newest plan holds" == replan(house, at)  # more may be coming
    told = replan(house, at + QUIET)
    assert "no longer holds" in told
    assert "the level is `observe`" in told
    assert before == plans(house)
    suggests(house)
    told = replan(house, at + LONGEST_WAIT)
    assert "made anew" in told
    assert [*before, SERVICE_AGENT] == plans(house)
    newest = house.catalog.plans(CHAIN, first=1).rows[0]
    asked = request_of(house.store.get_document(newest.artifact)["decision"])
    assert PLAIN == asked.weights  # not those of the what-if that it follows
    assert "every newest plan holds" == replan(house, at + LONGEST_WAIT)
    assert [*before, SERVICE_AGENT] == plans(house)
    autonomy.lower(house, Scope(CHAIN), OBSERVE, "enough", "ben")


def test_the_service_acts_with_its_own_plan_as_far_as_the_level_lets(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submits it, approves it within the envelope under a mandate, and not under a stop."""
    monkeypatch.setattr(autonomous, "LOW", 0)  # how sure it has to be is another test's
    replan = Replanning().look
    risen(house, SUGGEST)
    budget = FreshnessBudget("two-hubs-example", "Lane", 10**6)
    delivered(
        house, "budgets", budget, budget_of("StockPosition"), budget_of("StockPosition", "test")
    )
    delivered(
        house, "counted again", StockPosition("widget", "north", "W1", 6, 0, 0, 0, 0, 6, "each")
    )
    at = datetime.now(UTC) + LONGEST_WAIT
    assert "made anew" in replan(house, at)
    plan = house.catalog.plans(CHAIN, first=1).rows[0].plan.digest
    assert plan not in house.ledger.state().approvals.cases
    risen(house, WITH_APPROVAL)
    assert "waits for persons" in replan(house, at)
    assert WAITING == house.ledger.state().approvals.case(plan).status
    stopped = autonomy.stop(house, Scope(CHAIN), "the scales are wrong", "ada")
    autonomy.resume(house, number_of(stopped), "new scales", "ben")
    assert SUGGEST == house.ledger.state().autonomy.level_of(Scope(CHAIN))
    risen(house, WITHIN_ENVELOPE)
    told = replan(house, at)
    case = house.ledger.state().approvals.case(plan)
    assert APPROVED == case.status, told
    assert case.verdicts[0].mandate.startswith("autonomy by event")
    assert case.promises
    delivered(
        house, "counted less", StockPosition("widget", "north", "W1", 5, 0, 0, 0, 0, 5, "each")
    )
    count, told = len(plans(house)), replan(house, datetime.now(UTC) + LONGEST_WAIT)
    assert f"no plan is made: the approved plan `{plan[:12]}` stands" in told
    assert count == len(plans(house))
    paused = autonomy.stop(house, Scope(CHAIN), "counted anew", "ada", PAUSE)
    assert VOID == house.ledger.state().approvals.case(plan).status
    with pytest.raises(StateError, match="a pause stands here"):
        approving.submit(house, plan, "ada")
    autonomy.resume(house, number_of(paused), "counted", "ben")
    autonomy.lower(house, Scope(CHAIN), OBSERVE, "enough", "ben")


def number_of(stopped: Decided) -> int:
    """The number of the stop that was put."""
    assert stopped.event is not None
    return stopped.event.sequence


def budget_of(class_name: str, source: str = "two-hubs-example") -> FreshnessBudget:
    """So old that nothing here is stale."""
    return FreshnessBudget(source, class_name, 10**6)


def suggests(house: House) -> None:
    """Let the service make plans of the chain, on a back-test."""
    risen(house, SUGGEST)


def risen(house: House, to: int) -> None:
    """Raise the chain step by step, as the ledger says it; the evidence is another test's."""
    wide = Envelope(10**9, 10**6, 10**6, ("", "ambient", "cold"), 10**6, 0).stated()
    for level in range(house.ledger.state().autonomy.level_of(Scope(CHAIN)) + 1, to + 1):
        payload = {"scope": Scope(CHAIN).stated(), "level": level, "reason": "it was shown",
                   "evidence": [], "envelope": wide if level == WITHIN_ENVELOPE else None
                   }  # fmt: skip
        key = f"risen/{house.projection.log.head().sequence}"
        at = house.ledger.now(house.ledger.state())
        house.projection.append(NewEvent(AUTONOMY_RAISED, key, "ada", at, "", payload))


def test_facts_come_due_by_the_clock(house: House, since: int) -> None:
    """The last of these tests: the log's own clock goes on by two seconds."""
    ahead, log = datetime.now(UTC) + timedelta(seconds=2), house.projection.log
    delivered(house, "ahead", Item("later"), since=ahead)
    bring_all_due(house, ahead - timedelta(milliseconds=1))
    assert FACTS_DUE not in [event.kind for event in log.events(since)]
    later = house._on(Log(house.driver, lambda: ahead + timedelta(seconds=1), log.segments))
    for seconds in (1, 2):
        bring_all_due(later, ahead + timedelta(seconds=seconds))
    assert 1 == [event.kind for event in log.events(since)].count(FACTS_DUE)
