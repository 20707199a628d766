"""The examples that ship with the project, and the real data that may lie beside it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.regional_network.files import MAPPING as REGIONAL_MAPPING
from examples.regional_network.files import make
from examples.regional_network.sizes import Size
from graph.settings import settings_from_environment
from ontology.errors import InputError
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Example:
    """A folder of files, the mapping that reads them, and the chain that they fill.

    What `is_made` has no files until it is loaded: a generator writes them into `folder`.
    """

    name: str
    chain: str
    folder: Path
    mapping: Path
    is_real: bool = False
    is_made: bool = False


def examples(home: Path | None = None) -> Mapping[str, Example]:
    """The examples at hand by name; real data appears only where its folder is.

    `home` is the data folder, below which generated examples lie (default: the environment's).
    """
    two_hubs = PROJECT / "examples" / "two_hubs"
    made = (home or settings_from_environment().data_folder) / "examples"
    regional = made / "regional_network"
    data, mappings = shared_folder() / "data", PROJECT / "feeds" / "mappings"
    brunel, scms = data / "brunel_logistics", data / "usaid_scms"
    supplygraph = data / "supplygraph" / "raw" / "Homogenoeus"
    found = [
        Example("two_hubs", "two_hubs", two_hubs, two_hubs / "mapping.yaml"),
        Example("regional", "regional", regional, REGIONAL_MAPPING, is_made=True),
        Example("brunel", "brunel", brunel, mappings / "brunel.yaml", is_real=True),
        Example("scms", "scms", scms, mappings / "scms.yaml", is_real=True),
        Example(
            "supplygraph", "supplygraph", supplygraph, mappings / "supplygraph.yaml", is_real=True
        ),
    ]
    return {example.name: example for example in found
            if example.is_made or example.folder.is_dir()}  # fmt: skip


def shared_folder() -> Path:
    """Where real data is looked for: EVENKEEL_SHARED, else `../shared` beside the project."""
    return Path(os.environ.get("EVENKEEL_SHARED") or PROJECT.parent / "shared")


def load_example(house: House, name: str) -> Synced:
    """Sync an example; loading it again changes nothing. Raises InputError `EXAMPLE_UNKNOWN`.

    A generated one is written first, unless its files are there already, byte for byte.
    """
    example = example_named(name, house.settings.data_folder)
    if example.is_made:
        make(example.folder, Size())
    return sync(house, [example.folder], example.mapping, Delivery("example"))


def example_named(name: str, home: Path | None = None) -> Example:
    """One example, as `examples` lists them. Raises InputError `EXAMPLE_UNKNOWN` naming them."""
    known = examples(home)
    if name not in known:
        raise InputError(f"there is no example `{name}`", code="EXAMPLE_UNKNOWN",
                         hint=f"choose one of: {', '.join(known)}")  # fmt: skip
    return known[name]
