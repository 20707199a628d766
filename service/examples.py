"""The examples that ship with the project, and the real data that may lie beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ontology.errors import InputError
from service.house import House
from service.sync import Synced, sync

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Example:
    """A folder of files, the mapping that reads them, and the chain that they fill."""

    name: str
    chain: str
    folder: Path
    mapping: Path
    is_real: bool = False


def examples() -> Mapping[str, Example]:
    """The examples at hand by name; real data appears only where its folder is."""
    two_hubs = PROJECT / "examples" / "two_hubs"
    brunel = shared_folder() / "data" / "brunel_logistics"
    found = [
        Example("two_hubs", "two_hubs", two_hubs, two_hubs / "mapping.yaml"),
        Example("brunel", "brunel", brunel, PROJECT / "feeds/mappings/brunel.yaml", is_real=True),
    ]
    return {example.name: example for example in found if example.folder.is_dir()}


def shared_folder() -> Path:
    """Where real data is looked for: EVENKEEL_SHARED, else `../shared` beside the project."""
    return Path(os.environ.get("EVENKEEL_SHARED") or PROJECT.parent / "shared")


def load_example(house: House, name: str) -> Synced:
    """Sync an example; loading it again changes nothing. Raises InputError `EXAMPLE_UNKNOWN`."""
    example = example_named(name)
    return sync(house, [example.folder], example.mapping, agent="example")


def example_named(name: str) -> Example:
    """One example. Raises InputError `EXAMPLE_UNKNOWN` naming those at hand."""
    known = examples()
    if name not in known:
        raise InputError(f"there is no example `{name}`", code="EXAMPLE_UNKNOWN",
                         hint=f"choose one of: {', '.join(known)}")  # fmt: skip
    return known[name]
