"""Laws of migrations: in order, once, the same for two starters, never changed afterwards."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from neo4j import Driver

from graph.migrate import MIGRATIONS, migrate, read_migrations
from ontology.errors import InputError, StateError

SCHEMA = "CREATE CONSTRAINT thing IF NOT EXISTS\nFOR (t:Thing) REQUIRE t.id IS UNIQUE;\n"
DATA = "// counts how often it ran\nCREATE (:Ran {at: 1});\n\nMERGE (:Thing {id: 'a;b'});\n"


def folder_of(place: Path, **files: str) -> Path:
    folder = place / "migrations"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name[1:]}.cypher").write_text(text, "utf-8")
    return folder


def count(driver: Driver, label: str) -> int:
    query = f"MATCH (n:{label}) RETURN count(n) AS n"
    return int(driver.execute_query(query).records[0]["n"])  # type: ignore[arg-type]


def test_migrations_run_in_order_and_once(empty_database: Driver, tmp_path: Path) -> None:
    """What ran is recorded with its checksum; the next start runs only what is new."""
    folder = folder_of(tmp_path, m0001_schema=SCHEMA, m0002_data=DATA)
    assert [1, 2] == migrate(empty_database, folder)
    assert [] == migrate(empty_database, folder)
    folder_of(tmp_path, m0003_more="CREATE (:Ran {at: 2});\n")
    assert [3] == migrate(empty_database, folder)
    assert (2, 1, 3) == tuple(count(empty_database, x) for x in ("Ran", "Thing", "Migration"))


def test_starters_at_once_run_each_migration_once(empty_database: Driver, tmp_path: Path) -> None:
    """Data is written by one of six starters, and all of them come up."""
    folder = folder_of(tmp_path, m0001_schema=SCHEMA, m0002_data=DATA)
    with ThreadPoolExecutor(6) as pool:
        ran = list(pool.map(lambda _: migrate(empty_database, folder), range(6)))
    assert [1, 2] == sorted(number for numbers in ran for number in numbers)
    assert (1, 2) == (count(empty_database, "Ran"), count(empty_database, "Migration"))


def test_a_changed_migration_is_refused(empty_database: Driver, tmp_path: Path) -> None:
    """A file that was edited after it ran stops the start and is named."""
    folder = folder_of(tmp_path, m0001_data=DATA)
    migrate(empty_database, folder)
    folder_of(tmp_path, m0001_data=DATA + "// edited\n")
    with pytest.raises(StateError, match="0001_data") as refused:
        migrate(empty_database, folder)
    assert ("MIGRATION_CHANGED", 1) == (refused.value.code, count(empty_database, "Ran"))


def test_a_database_from_the_future_is_refused(empty_database: Driver, tmp_path: Path) -> None:
    """An older version does not touch what a later one migrated."""
    folder = folder_of(tmp_path, m0001_schema=SCHEMA, m0002_data=DATA)
    migrate(empty_database, folder)
    (folder / "0002_data.cypher").unlink()
    with pytest.raises(StateError) as refused:
        migrate(empty_database, folder)
    assert "MIGRATION_UNKNOWN" == refused.value.code


def test_a_failing_data_migration_leaves_nothing(empty_database: Driver, tmp_path: Path) -> None:
    """Its statements and its record are one transaction."""
    bad = "CREATE (:Ran {at: 1});\n\nCREATE (:Ran {at: 1 / 0});\n"
    folder = folder_of(tmp_path, m0001_data=bad)
    with pytest.raises(Exception, match="the database failed"):
        migrate(empty_database, folder)
    assert (0, 0) == (count(empty_database, "Ran"), count(empty_database, "Migration"))


@pytest.mark.parametrize(
    "files",
    [
        {"m0002_gap": DATA}, {"m1_short": DATA}, {"m0001_empty": "// nothing\n"},
        {"m0001_mixed": SCHEMA + DATA},
        {"m0001_schema": SCHEMA.replace(" IF NOT EXISTS", "")},
    ],
)  # fmt: skip
def test_what_cannot_be_a_migration(tmp_path: Path, files: dict[str, str]) -> None:
    """Gaps, mixed files and schema that cannot repeat are refused before anything runs."""
    with pytest.raises(InputError) as refused:
        read_migrations(folder_of(tmp_path, **files))
    assert "BAD_MIGRATION" == refused.value.code


def test_the_shipped_migrations_give_the_constraints(empty_database: Driver) -> None:
    """Every identity that the graph relies on is a uniqueness constraint of the database."""
    assert [m.number for m in read_migrations(MIGRATIONS)] == migrate(empty_database)
    rows = empty_database.execute_query("SHOW CONSTRAINTS YIELD labelsOrTypes, properties").records
    found = {(row["labelsOrTypes"][0], *row["properties"]) for row in rows}
    assert {
        ("Entity", "uri"), ("Fact", "event_sequence", "class", "event_row"),
        ("QuarantinedRow", "event_sequence", "event_row"), ("Event", "sequence"),
        ("Event", "idempotency_key"), ("LogHead", "id"), ("Projector", "id"),
        ("Plan", "digest"), ("PlanLine", "plan", "number"), ("Shortfall", "plan", "number"),
        ("Snapshot", "artifact"), ("PolicyRelease", "digest"), ("Agent", "id"),
        ("Activity", "id"), ("Migration", "number"), ("Grant", "id"), ("GrantScope", "id"),
        ("Event", "request"),
    } == found  # fmt: skip
