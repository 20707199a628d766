"""Where an answer shows the cells of facts and lines: persons by name, as lists of events do."""

from typing import Any

from api.graphql.loaders import Info

NAMELESS = "key"
"""What names a fact or a line: asked for again, it must be as it was."""


def with_names(info: Info, cells: dict[str, Any]) -> dict[str, Any]:
    """Cells as JSON values, with names in place of pseudonyms; a `key` stays as it is.

    Files and streams keep the pseudonyms: what was taken away cannot be made to forget.
    """
    told = info.context.house.persons.told

    def shown(value: Any) -> Any:
        if isinstance(value, str):
            return told(value)
        return [shown(part) for part in value] if isinstance(value, list) else value

    return {name: cell if name == NAMELESS else shown(cell) for name, cell in cells.items()}
