"""Any history of deliveries, dry runs, repeats, clashes, mendings and restarts follows a model."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import InputError, StateError
from service.house import House, house_on
from service.stewardship.quarantine import discard, fix, retry
from tests.faults.source import (
    CHAIN,
    LOTS,
    SOURCES,
    SPOILT_DAY,
    SPOILT_LOT,
    Model,
    Sent,
    expected_of,
    script,
    some_day,
    units_in,
    units_of,
)
from tests.graph.conftest import empty_the_graph

STEPS = int(os.environ.get("EVENKEEL_FEED_STEPS", "10000"))
PER_LOG = 250
"""So many steps on one log, then a new one: a history stays readable to who must debug it."""


def test_scripts_of_deliveries_follow_the_model(database: Driver, tmp_path: Path) -> None:
    """Two sources, late counts, full files, spoilt rows, repeats: a dictionary agrees."""
    for seed in range(2):
        house = fresh(database, tmp_path / str(seed))
        sent = script(seed, 12)
        for one in sent:
            one.send(house, tmp_path / "sent")
        assert expected_of(sent) == units_of(house)


def test_short_histories_follow_the_model(database: Driver, tmp_path: Path) -> None:
    """Forty steps of every verb."""
    assert histories(database, tmp_path, count=1, steps=40) >= 40


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_long_histories_follow_the_model(database: Driver, tmp_path: Path) -> None:
    """Ten thousand steps of every verb, in histories of 250."""
    assert histories(database, tmp_path, count=-(-STEPS // PER_LOG), steps=PER_LOG) >= STEPS


def histories(database: Driver, folder: Path, *, count: int, steps: int) -> int:
    """So many histories of so many steps, each on a log of its own; how many steps there were."""
    taken = 0

    class Here(Deliveries):
        def __init__(self) -> None:
            super().__init__(database, folder)

        def teardown(self) -> None:
            nonlocal taken
            taken += self.steps
            print(f"{taken} steps", flush=True)
            super().teardown()

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=count + 1,  # the first is always the shortest: one step
            stateful_step_count=steps, deadline=None,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    return taken


VERBS = ("deliver", "deliver", "deliver_all", "deliver_spoilt", "repeat", "change_the_body",
         "rehearse", "clash", "mend", "mend", "try_as_it_is", "give_up", "restart",
         "look_back")  # fmt: skip


class Deliveries(RuleBasedStateMachine):
    """The house, its model, and verbs that do the same to both."""

    def __init__(self, database: Driver, folder: Path) -> None:
        super().__init__()
        self.database = database
        self.folder = folder
        shutil.rmtree(folder / "home", ignore_errors=True)
        self.house = fresh(database, folder)
        self.model = Model()
        self.names = self.steps = 0
        self.sent: list[Sent] = []
        self.past: list[tuple[int, dict[str, int]]] = []
        self.spoilt: list[tuple[int, Sent]] = []
        self.settled: dict[int, dict[str, str]] = {}

    @rule(verb=st.sampled_from(VERBS), draw=st.randoms(use_true_random=True))
    def take_a_step(self, verb: str, draw: random.Random) -> None:
        """One verb; a single rule, since of several each history leaves some out."""
        getattr(self, verb)(draw)

    def deliver(self, draw: random.Random) -> None:
        """Some counts of some lots."""
        self._send(draw)

    def deliver_all(self, draw: random.Random) -> None:
        """All that a source has: what it leaves out ends."""
        self._send(draw, full=True)

    def deliver_spoilt(self, draw: random.Random) -> None:
        """A row that cannot be read is set aside, the others count."""
        self._send(draw, full=draw.random() < 0.5, spoilt=True)

    def repeat(self, draw: random.Random) -> None:
        """A delivery that came before gets its first answer."""
        if self.sent:
            before = self._head()
            assert draw.choice(self.sent).send(self.house, self.folder / "sent").replayed
            assert before == self._head()

    def change_the_body(self, draw: random.Random) -> None:
        """Another content under a used name is refused."""
        if self.sent:
            one = draw.choice(self.sent)
            lot, units, day = one.rows[0]
            other = replace(one, rows=((lot, units + 1, day), *one.rows[1:]))
            with pytest.raises(InputError) as refused:
                other.send(self.house, self.folder / "sent")
            assert "FEED_CHANGED" == refused.value.code

    def rehearse(self, draw: random.Random) -> None:
        """A dry run writes nothing."""
        before, number = self._head(), self._number()
        day = some_day(draw)
        sent = Sent(f"dry{number}", "wms", number, day, ((min(LOTS), 50, day),))
        assert sent.send(self.house, self.folder / "sent", dry_run=True).event is None
        assert before == self._head()

    def clash(self, draw: random.Random) -> None:
        """Another value for a clock that was used is set aside, and the rest of its file stays."""
        if self.sent:
            one = draw.choice(self.sent)
            lot, units, day = one.rows[0]
            sent = replace(one, name=f"c{self._number()}", rows=((lot, units + 1, day),),
                           full=False, spoilt=False)  # fmt: skip
            summary = sent.send(self.house, self.folder / "sent").summary
            assert ["CLOCK_CONFLICT"] == [row["code"] for row in summary["quarantined"]]

    def mend(self, draw: random.Random) -> None:
        """A row that was set aside counts since its own day; otherwise mended, it is refused."""
        if not self.spoilt:
            return
        event, sent = draw.choice(self.spoilt)
        changes = {"units": str(draw.randrange(40, 60))}
        settled = self.settled.get(event)
        if settled is None:
            assert not fix(self.house, event, 1, changes, agent="ann").replayed
            row = (SPOILT_LOT, int(changes["units"]), SPOILT_DAY)
            self.model.take(replace(sent, rows=(row,), full=False))
            self.settled[event] = changes
            self._remember()
        elif settled == changes:
            assert fix(self.house, event, 1, changes, agent="ann").replayed
        else:
            with pytest.raises(StateError) as refused:
                fix(self.house, event, 1, changes, agent="ann")
            assert "ROW_SETTLED" == refused.value.code

    def try_as_it_is(self, draw: random.Random) -> None:
        """A row that still cannot be read stays set aside, and nothing is written."""
        opened = [event for event, _ in self.spoilt if event not in self.settled]
        if opened:
            before = self._head()
            done = retry(self.house, draw.choice(opened), agent="ann")
            assert (None, 1) == (done.event, len(done.left))
            assert before == self._head()

    def give_up(self, draw: random.Random) -> None:
        """A row that is discarded is settled, and changes nothing."""
        opened = [event for event, _ in self.spoilt if event not in self.settled]
        if opened:
            event = draw.choice(opened)
            discard(self.house, event, agent="ann", reason="nobody knows")
            self.settled[event] = {}

    def restart(self, _: random.Random) -> None:
        """Another process goes on with the same log."""
        self.house = house_on(self.database, Settings(home=self.folder / "home"))

    def look_back(self, draw: random.Random) -> None:
        """What was known after an earlier delivery is still readable as it was."""
        if self.past:
            sequence, units = draw.choice(self.past)
            assert units == units_in(self.house.reader.read(CHAIN, sequence))

    @invariant()
    def agrees(self) -> None:
        """The same units stand in both."""
        self.steps += 1
        assert self.model.units() == units_of(self.house)

    def teardown(self) -> None:
        """Log and graph agree with each other, too."""
        head = self.house.projection.log.audit().sequence
        if self.sent:
            graph = read_back(self.database, CHAIN, head)
            assert self.house.facts(CHAIN).digest == graph.digest

    def _send(self, draw: random.Random, *, full: bool = False, spoilt: bool = False) -> None:
        """A new delivery counts once, and is remembered with what stood after it."""
        number = self._number()
        rows = tuple(
            (lot, draw.randrange(40, 60), some_day(draw))
            for lot in draw.sample(sorted(LOTS), draw.randrange(1, 5))
        )
        sent = Sent(f"d{number}", draw.choice(SOURCES), number, some_day(draw), rows, full, spoilt)
        done = sent.send(self.house, self.folder / "sent")
        assert not done.replayed
        self.model.take(sent)
        self.sent.append(sent)
        if spoilt:
            assert done.event is not None
            self.spoilt.append((done.event.sequence, sent))
        self._remember()

    def _number(self) -> int:
        self.names += 1
        return self.names

    def _remember(self) -> None:
        self.past.append((self._head(), self.model.units()))

    def _head(self) -> int:
        return self.house.projection.log.head().sequence


def fresh(database: Driver, folder: Path) -> House:
    """A house with an empty log."""
    empty_the_graph(database)
    return house_on(database, Settings(home=folder / "home"))
