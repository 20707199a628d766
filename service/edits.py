"""What a person changes about a plan: a new plan with those wishes, and what each of them costs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ontology.columns import Snapshot
from ontology.edits import Edit
from rules.release import Release
from service.decision import Draft, PlanRequest, ask
from service.planning import answer


@dataclass(frozen=True)
class EditPrice:
    """What one edit costs: the plan with all edits beside the one without this edit.

    In the plan's cost units; below zero where the edit saves something that the plan by itself
    does not find, which a gap or a filter leaves room for.
    """

    edit: Edit
    cost_scaled_with: int
    cost_scaled_without: int

    @property
    def difference_scaled(self) -> int:
        """What the edit costs."""
        return self.cost_scaled_with - self.cost_scaled_without


def prices_of_edits(
    draft: Draft, snapshot: Snapshot, release: Release, request: PlanRequest
) -> tuple[list[EditPrice], int]:
    """The price of each edit, and of all together: the difference of certified plans."""
    found = [
        EditPrice(edit, draft.claims.cost, _cost(snapshot, release, request, edits))
        for edit, edits in _without_one(request.edits)
    ]
    return found, draft.claims.cost - _cost(snapshot, release, request, ())


def _without_one(edits: tuple[Edit, ...]) -> Iterator[tuple[Edit, tuple[Edit, ...]]]:
    for place, edit in enumerate(edits):
        yield edit, edits[:place] + edits[place + 1 :]


def _cost(
    snapshot: Snapshot, release: Release, request: PlanRequest, edits: tuple[Edit, ...]
) -> int:
    return answer(ask(snapshot, release, replace(request, edits=edits))).claims.cost
