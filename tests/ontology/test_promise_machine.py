"""Whatever is sent, counted, moved and said, in whatever order: no unit is free or there twice."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ontology.promise_ends import open_promises
from tests.ontology.promise_world import (
    APPROVED,
    CARRIED_OUT,
    NORTH,
    SOUTH,
    VOID,
    Truck,
    World,
    position,
)

IN_ALL = 14
places, which = st.sampled_from((NORTH, SOUTH)), st.integers(0, 20)


class Promising(RuleBasedStateMachine):
    """Plans are approved on what looks free; the world knows what is."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World({NORTH: 12, SOUTH: IN_ALL - 12})
        self.is_moved = False

    def truck(self, number: int) -> Truck | None:
        """One of those that there are."""
        trucks = self.world.trucks
        return trucks[number % len(trucks)] if trucks else None

    @rule(units=st.integers(1, 8), leaves=st.booleans(), later=st.integers(0, 1))
    def approve(self, units: int, later: int, *, leaves: bool) -> None:
        """As much as is free, today or for tomorrow."""
        if units <= self.world.free():
            self.world.trucks.append(
                Truck(units, self.world.day + later, self.world.says(), leaves)
            )

    @rule(nights=st.integers(1, 2))
    def night(self, nights: int) -> None:
        """A day or two go by."""
        for _ in range(nights):
            self.world.night()

    @rule(number=which)
    def done(self, number: int) -> None:
        """Somebody says that what has left was carried out; the order of count and word is one."""
        truck = self.truck(number)
        if truck is not None and truck.has_left and truck.status == APPROVED:
            truck.status = CARRIED_OUT

    @rule(number=which)
    def void(self, number: int) -> None:
        """What did not leave may be void."""
        truck = self.truck(number)
        if truck is not None and not truck.has_left and truck.status == APPROVED:
            truck.status = VOID

    @rule(place=places, ago=st.integers(1, 2))
    def count(self, place: str, ago: int) -> None:
        """What stood there at the end of yesterday, or of the day before, is told now."""
        if self.world.day >= ago:
            self.world.count(place, self.world.day - ago)

    @rule(number=which, place=places)
    def move(self, number: int, place: str) -> None:
        """A system tells of a truck, in time or late."""
        truck = self.truck(number)
        if truck is not None:
            self.is_moved = True
            self.world.move(truck, place)

    @invariant()
    def nothing_is_free_that_is_not(self) -> None:
        """Law 6: what may be promised is there, and is promised to nobody."""
        assert self.world.free() <= self.world.really_free()

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """The position never counts a unit twice; where all was said, it counts every one once."""
        found = position(self.world.facts, self.world.opened())
        assert found <= IN_ALL
        unsaid = [truck for truck in self.world.trucks if truck.status == APPROVED
                  and (truck.has_left or truck.day + 1 < self.world.day)]  # fmt: skip
        if not unsaid and not self.is_moved:
            assert found == IN_ALL

    @invariant()
    def what_a_decision_names_says_the_same(self) -> None:
        """Promises that were left out change nothing of what is left of the others."""
        opened = self.world.opened()
        named = [each.promise for each in opened]
        assert opened == open_promises(self.world.facts, named, self.world.today)


TestPromising = Promising.TestCase
TestPromising.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
