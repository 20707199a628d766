"""What a query may cost, told by its document before it runs: the most fields of its answer."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from api.graphql.connections import LARGEST_PAGE, WIDEST_PAGE

DEFAULT_PAGE = 50
HEAVY = 5_000
"""What is worked out and not looked up takes as long as so many fields, at the least."""
TABLES = frozenset({"rows", "groups"})
WORKED_OUT: Mapping[str, int] = dict.fromkeys((
    "makePlan", "editPlan", "makeForecast", "syncFeed", "frontier", "prices", "impact",
    "singlePointsOfFailure", "planDrift", "planDifference", "whyLine", "whyPlace", "replay",
    "recall", "comparison", "editPrices", "reconciliation", "identityCandidates", "freshness",
    "kpis", "report", "makeReport", "planAutonomy", "confidence", "inferred", "policyDifference",
    "policyImplies", "policyFindings", "proposeRelease",
), HEAVY) | {"verifyPlan": 7_500, "touched": 1_000, "stockDays": 1_000, "trace": 250}  # fmt: skip
"""Those that are told apart were measured on a chain of 60 items, whose fields take 31 us each."""


def cost_of(
    document: DocumentNode, variables: Mapping[str, Any] | None, operation: str | None
) -> int:
    """The most fields that an operation is answered with: a page has as many rows as it asks for.

    Of a page that names no size it is 50. Every field counts, so do those that a directive leaves
    out. A document that validation refuses has some cost, too.
    """
    chosen = [
        part for part in document.definitions
        if isinstance(part, OperationDefinitionNode)
        and (operation is None or (part.name is not None and part.name.value == operation))
    ]  # fmt: skip
    costs = _Costs(document, variables or {})
    return max((costs.of(part.selection_set) for part in chosen), default=0)


class _Costs:
    """Costs by fragment, each worked out once; none contains itself."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._known: dict[str, int] = {}
        self._fragments = {
            part.name.value: part
            for part in document.definitions
            if isinstance(part, FragmentDefinitionNode)
        }

    def of(self, selections: SelectionSetNode | None) -> int:
        return sum(map(self._selection, selections.selections)) if selections else 0

    def _selection(self, node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        inner = self.of(node.selection_set)
        if not isinstance(node, FieldNode):
            return inner
        own = WORKED_OUT.get(node.name.value, 1)
        return own + self._rows(node) * inner

    def _fragment(self, name: str) -> int:
        if name not in self._known and name in self._fragments:
            self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known.get(name, 0)

    def _rows(self, node: FieldNode) -> int:
        """How many times what stands in a field is answered at the most."""
        stated = next(
            (one.value for one in node.arguments or () if one.name.value == "first"), None
        )
        size: Any = None
        if isinstance(stated, IntValueNode):
            size = int(stated.value)
        elif isinstance(stated, VariableNode):
            size = self._variables.get(stated.name.value)
        if isinstance(size, int):
            return min(max(size, 1), WIDEST_PAGE if node.name.value in TABLES else LARGEST_PAGE)
        return DEFAULT_PAGE if stated is not None or _is_page(node) else 1


def _is_page(node: FieldNode) -> bool:
    inner = node.selection_set.selections if node.selection_set else ()
    return any(isinstance(one, FieldNode) and one.name.value == "edges" for one in inner)
