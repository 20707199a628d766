"""Any history of deliveries, dry runs, repeats, clashes and restarts follows a small model."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from neo4j import Driver

from graph.projection import read_back
from graph.settings import Settings
from ontology.errors import InputError
from service.house import House, house_on
from tests.faults.source import (
    CHAIN,
    LOTS,
    SOURCES,
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


def test_a_short_walk_follows_the_model(database: Driver, tmp_path: Path) -> None:
    """Forty steps of every verb."""
    walk(database, tmp_path, seed=1, steps=40)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_long_walk_follows_the_model(database: Driver, tmp_path: Path) -> None:
    """Ten thousand steps of every verb, in histories of 250."""
    for seed in range(STEPS // PER_LOG):
        walk(database, tmp_path / str(seed), seed=seed, steps=PER_LOG)
        shutil.rmtree(tmp_path / str(seed))


def walk(database: Driver, folder: Path, *, seed: int, steps: int) -> None:
    machine = Machine(database, folder, random.Random(seed))
    verbs = [machine.deliver, machine.repeat, machine.change_the_body, machine.rehearse,
             machine.clash, machine.restart, machine.look_back]  # fmt: skip
    for number in range(steps):
        machine.draw.choices(verbs, (8, 2, 1, 2, 2, 1, 2))[0](number)
        assert machine.model.units() == units_of(machine.house), (seed, number)
    head = machine.house.projection.log.audit().sequence
    graph = read_back(database, CHAIN, head)
    assert machine.house.facts(CHAIN).digest == graph.digest


class Machine:
    """The house, its model, and verbs that do the same to both."""

    def __init__(self, database: Driver, folder: Path, draw: random.Random) -> None:
        self.database = database
        self.folder = folder
        self.draw = draw
        self.house = fresh(database, folder)
        self.model = Model()
        self.sent: list[Sent] = []
        self.past: list[tuple[int, dict[str, int]]] = []

    def deliver(self, number: int) -> None:
        """A new delivery counts once, and is remembered with what stood after it."""
        rows = tuple(
            (lot, self.draw.randrange(40, 60), some_day(self.draw))
            for lot in self.draw.sample(sorted(LOTS), self.draw.randrange(1, 5))
        )
        sent = Sent(f"d{number}", self.draw.choice(SOURCES), number, some_day(self.draw), rows,
                    full=self.draw.random() < 0.3, spoilt=self.draw.random() < 0.2)  # fmt: skip
        assert not sent.send(self.house, self.folder / "sent").replayed
        self.model.take(sent)
        self.sent.append(sent)
        self.past.append((self._head(), self.model.units()))

    def repeat(self, _: int) -> None:
        """A delivery that came before gets its first answer."""
        if self.sent:
            before = self._head()
            assert self.draw.choice(self.sent).send(self.house, self.folder / "sent").replayed
            assert before == self._head()

    def change_the_body(self, _: int) -> None:
        """Another content under a used name is refused."""
        if self.sent:
            one = self.draw.choice(self.sent)
            lot, units, day = one.rows[0]
            other = replace(one, rows=((lot, units + 1, day), *one.rows[1:]))
            with pytest.raises(InputError) as refused:
                other.send(self.house, self.folder / "sent")
            assert "FEED_CHANGED" == refused.value.code

    def rehearse(self, number: int) -> None:
        """A dry run writes nothing."""
        before = self._head()
        day = some_day(self.draw)
        sent = Sent(f"dry{number}", "wms", number, day, ((min(LOTS), 50, day),))
        assert sent.send(self.house, self.folder / "sent", dry_run=True).event is None
        assert before == self._head()

    def clash(self, number: int) -> None:
        """Another value for a clock that was used is set aside, and the rest of its file stays."""
        stated = [one for one in self.sent if one.rows]
        if stated:
            one = self.draw.choice(stated)
            lot, units, day = one.rows[0]
            sent = replace(one, name=f"c{number}", rows=((lot, units + 1, day),), full=False,
                           spoilt=False)  # fmt: skip
            summary = sent.send(self.house, self.folder / "sent").summary
            assert ["CLOCK_CONFLICT"] == [row["code"] for row in summary["quarantined"]]

    def restart(self, _: int) -> None:
        """Another process goes on with the same log."""
        self.house = house_on(self.database, Settings(home=self.folder / "home"))

    def look_back(self, _: int) -> None:
        """What was known after an earlier delivery is still readable as it was."""
        if self.past:
            sequence, units = self.draw.choice(self.past)
            assert units == units_in(self.house.reader.read(CHAIN, sequence))

    def _head(self) -> int:
        return self.house.projection.log.head().sequence


def fresh(database: Driver, folder: Path) -> House:
    """A house with an empty log."""
    empty_the_graph(database)
    return house_on(database, Settings(home=folder / "home"))
