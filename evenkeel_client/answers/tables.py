"""Questions of `tables.graphql`, written by `evenkeel_client.generating`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evenkeel_client.answers.inputs import GroupsInput, RowsInput
from evenkeel_client.asking import PAGE_ROWS, Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: cells by the names of the columns that were asked for."""

    cells: Any

    @staticmethod
    def of(told: Any) -> Row:
        """Read from JSON."""
        return Row(
            cells=told["cells"],
        )


TABLE_ROWS = """
query TableRows($of: RowsInput!, $first: Int, $after: String) {
  rows(of: $of, first: $first, after: $after) {
    edges {
      node {
        ...Row
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

fragment Row on Row {
  cells
}
"""

TABLE_GROUPS = """
query TableGroups($of: GroupsInput!, $first: Int, $after: String) {
  groups(of: $of, first: $first, after: $after) {
    edges {
      node {
        ...Row
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

fragment Row on Row {
  cells
}
"""


class TablesQuestions(Asking):
    """What `tables.graphql` asks, a method for each of its operations."""

    def table_rows(self, of: RowsInput, *, page_rows: int = PAGE_ROWS) -> Iterator[Row]:
        """Facts or plan lines, filtered and sorted; later pages show what the first one
        saw.
        """
        return self.paged(TABLE_ROWS, {"of": of}, ("rows",), Row.of, page_rows)

    def table_groups(self, of: GroupsInput, *, page_rows: int = PAGE_ROWS) -> Iterator[Row]:
        """Facts or plan lines in groups, with counts, sums, means, least and most."""
        return self.paged(TABLE_GROUPS, {"of": of}, ("groups",), Row.of, page_rows)
