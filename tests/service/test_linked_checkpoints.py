"""Laws of checkpoints where links of identity restate facts, whatever stood before them."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from neo4j import Driver

from graph.migrate import migrate
from graph.recovery.checkpoints import Checkpoints
from graph.settings import Settings
from graph.snapshot import SnapshotReader
from ontology.errors import InputError
from service.house import House, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import sync
from service.stewardship.identity import accept, take_back
from tests.counted import HEADER, mapping_text
from tests.graph.conftest import empty_the_graph
from tests.graph.test_checkpoints import everything
from tests.service.test_identity import DAY, FILES

CHAIN = "two_hubs"
SOURCES = ("wms", "erp")
ITEMS = "X1", "X2", "widget"
DAYS = 3
Step = tuple[str, str, int, int]
"""What is done, the source, the number of an item, and the day of a count."""

kinds = st.sampled_from(["count", "count", "link", "split"])
steps = st.lists(
    st.tuples(kinds, st.sampled_from(SOURCES), st.integers(0, 1), st.integers(0, DAYS - 1)),
    min_size=3, max_size=5,
)  # fmt: skip


def delivered(house: House, folder: Path, file: str, lines: Sequence[str], source: str) -> None:
    """Sync a file of a source."""
    header = "id,name" if file == "items.csv" else HEADER
    folder.mkdir(exist_ok=True)
    (folder / file).write_text("\n".join([header, *lines]))
    (folder / "mapping.yaml").write_text(mapping_text(CHAIN, source, files=FILES))
    sync(house, [folder / file], folder / "mapping.yaml", Delivery("ann", stop_share_percent=100))


def begun(database: Driver, folder: Path) -> House:
    """A chain of three items, one hub, and two sources that each count two of them."""
    empty_the_graph(database)
    migrate(database)
    house = house_on(database, Settings(home=folder))
    (folder / "facts").mkdir()
    (folder / "facts" / "Location.csv").write_text("id,kind\nnorth,hub\n")
    (folder / "facts" / "mapping.yaml").write_text(
        f"format: evenkeel-mapping/1\nchain: {CHAIN}\nsource: places\nversion: 1\nknown: []\n"
        "files:\n  - file: Location.csv\n"
        "    principal: {class: Location, fields: {id: id, kind: kind}}\n"
    )
    place = folder / "facts"
    sync(house, [place / "Location.csv"], place / "mapping.yaml", Delivery("ann"))
    for source in ("master", *SOURCES):
        known = ITEMS[2:] if source == "master" else ITEMS[:2]
        delivered(house, folder / "in", "items.csv", [f"{item},same" for item in known], source)
    return house


def done(house: House, folder: Path, step: Step, number: int) -> None:
    """One step; a link or a split that makes no sense is refused and changes nothing."""
    kind, source, item, days = step
    if kind == "count":
        line = f"{ITEMS[item]},north,L{item},{number + 1},{DAY + timedelta(days=days)}"
        delivered(house, folder / "in", "stock.csv", [line], source)
        return
    with suppress(InputError):
        if kind == "split":
            take_back(house, CHAIN, source, "Item", [ITEMS[item]], agent="bo")
        else:
            accept(house, CHAIN, source, "Item", {ITEMS[item]: "widget"}, agent="bo")


numbers = count()


@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([
    ("count", "wms", 0, 0), ("link", "wms", 0, 0), ("count", "wms", 0, 2), ("split", "wms", 0, 0),
    ("link", "wms", 0, 0),
])  # fmt: skip
@example([
    ("count", "erp", 1, 2), ("link", "erp", 1, 0), ("count", "wms", 1, 0), ("link", "wms", 1, 0),
    ("split", "erp", 1, 0), ("count", "erp", 1, 1),
])  # fmt: skip
@given(steps)
def test_links_and_splits_between_checkpoints(
    database: Driver, tmp_path: Path, taken: list[Step]
) -> None:
    """From a checkpoint after any event, read at any two times: the fold from the first event."""
    folder = tmp_path / str(next(numbers))
    house = begun(database, folder / "home")
    log, store = house.projection.log, house.store
    checkpoints = Checkpoints(folder / "kept", store)
    for number, step in enumerate(taken):
        done(house, folder, step, number)
    head = log.head().sequence
    links = house.facts(CHAIN).table("IdentityLink")
    assert len(links) or not any(kind == "link" for kind, *_ in taken)
    for event in log.steps(CHAIN):
        checkpoints.keep(CHAIN, SnapshotReader(log, store).state(CHAIN, event.sequence), event.leaf)
    noon = datetime.combine(DAY, time(12), UTC)
    whens = [noon + timedelta(days=day) for day in range(-1, DAYS)]
    whens += [event.effective_at for event in log.steps(CHAIN)]
    for known in range(head - len(taken), head + 1):
        from_nothing = SnapshotReader(log, store)
        with_them = SnapshotReader(log, store, checkpoints)
        assert everything(from_nothing.read(CHAIN, known)) == everything(
            with_them.read(CHAIN, known))  # fmt: skip
        for when in whens:
            assert everything(from_nothing.read(CHAIN, known, effective=when)) == everything(
                with_them.read(CHAIN, known, effective=when))  # fmt: skip
