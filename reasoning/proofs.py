"""The proof of an inferred statement: a tree of steps down to the facts that state the leaves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from reasoning.statements import Statement, Step

MOST_STATEMENTS = 20_000
"""So many statements are looked at for one proof; a denser graph has no smallest one told."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Why a statement holds: facts that state it, or a rule and an axiom over premises.

    `facts` (`Class/key`) are empty exactly where the statement is inferred; `rule` and `axiom`
    exactly where it is stated. `rule` is a name of OWL 2 RL, or `closed world`.
    """

    statement: Statement
    facts: tuple[str, ...] = ()
    rule: str = ""
    axiom: str = ""
    premises: tuple["Proof", ...] = ()

    @property
    def is_inferred(self) -> bool:
        """Whether no fact states it."""
        return not self.facts

    def leaves(self) -> Iterator[str]:
        """The facts at its leaves, from left to right; one may stand there twice."""
        yield from self.facts
        for premise in self.premises:
            yield from premise.leaves()

    def steps(self) -> Iterator["Proof"]:
        """Itself and all beneath it."""
        yield self
        for premise in self.premises:
            yield from premise.steps()


def smallest_proof(
    goal: Statement,
    facts_of: Callable[[Statement], tuple[str, ...]],
    steps_to: Callable[[Statement], Iterable[Step]],
) -> Proof:
    """The proof with the fewest nodes; of several, the first in the order of rules and premises.

    It depends on what is known alone, not on how it came to be known, and never rests on itself
    (Knuth 1977, a generalization of Dijkstra's algorithm). Raises ValueError where there is none.
    """
    ways = _ways(goal, facts_of, steps_to)
    best: dict[Statement, tuple[int, str, Step | None]] = {
        one: (1, "", None) for one in ways if facts_of(one)
    }
    changed = True
    while changed:
        changed = False
        for statement, steps in ways.items():
            found = _best_of(steps, best)
            if found and (statement not in best or _order(found) < _order(best[statement])):
                best[statement], changed = found, True
    if goal not in best:
        raise ValueError(f"`{goal}` does not follow")
    return _drawn(goal, facts_of, best)


Best = tuple[int, str, Step | None]


def _ways(
    goal: Statement,
    facts_of: Callable[[Statement], tuple[str, ...]],
    steps_to: Callable[[Statement], Iterable[Step]],
) -> dict[Statement, tuple[Step, ...]]:
    """Every statement that can help, with the steps that conclude it; none where facts state it."""
    ways: dict[Statement, tuple[Step, ...]] = {}
    waiting = [goal]
    while waiting:
        one = waiting.pop()
        if one in ways:
            continue
        if len(ways) == MOST_STATEMENTS:
            raise ValueError(f"more than {MOST_STATEMENTS} statements can help to prove `{goal}`")
        ways[one] = () if facts_of(one) else tuple(steps_to(one))
        waiting.extend(premise for step in ways[one] for premise in step.premises)
    return ways


def _best_of(steps: tuple[Step, ...], best: dict[Statement, Best]) -> Best | None:
    able = (step for step in steps if all(one in best for one in step.premises))
    priced = [(1 + sum(best[one][0] for one in step.premises), step.rule, step) for step in able]
    return min(priced, default=None)


def _order(best: Best) -> tuple[int, str, tuple[object, ...]]:
    return best[0], best[1], tuple(best[2]) if best[2] else ()


def _drawn(
    statement: Statement,
    facts_of: Callable[[Statement], tuple[str, ...]],
    best: dict[Statement, Best],
) -> Proof:
    step = best[statement][2]
    if step is None:
        return Proof(statement, facts_of(statement))
    premises = tuple(_drawn(one, facts_of, best) for one in step.premises)
    return Proof(statement, (), step.rule, str(step.axiom), premises)
