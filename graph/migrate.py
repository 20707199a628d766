"""Numbered migrations: recorded in the graph, run once, the same for every starter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neo4j import Driver, ManagedTransaction
from neo4j.exceptions import DriverError, Neo4jError

from graph.statements import database_error, read, run
from ontology.canonical import digest
from ontology.errors import InputError, StateError

MIGRATIONS = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.cypher")
_SCHEMA = re.compile(r"(CREATE|DROP) (CONSTRAINT|INDEX|RANGE INDEX)\b")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its SHA-256 and its statements, all of schema or all of data."""

    number: int
    name: str
    checksum: str
    statements: tuple[str, ...]
    is_schema: bool


def migrate(driver: Driver, folder: Path = MIGRATIONS) -> list[int]:
    """Run what has not run yet, in order; gives the numbers that ran here.

    Two starters at once: each statement of a schema migration repeats without effect, and a
    data migration runs in the transaction that records it, under a lock. Raises StateError
    `MIGRATION_CHANGED` if a recorded file has other content now, `MIGRATION_UNKNOWN` if the
    database has one that this version does not know; InputError `BAD_MIGRATION`.
    """
    migrations = read_migrations(folder)
    try:
        driver.execute_query(
            "CREATE CONSTRAINT migration_number IF NOT EXISTS "
            "FOR (m:Migration) REQUIRE m.number IS UNIQUE"
        )  # fmt: skip
        ran = [row["migration"] for row in read(driver, "migrations", {})]
        recorded = {migration["number"]: migration["checksum"] for migration in ran}
        check(migrations, recorded)
        return [m.number for m in migrations if m.number not in recorded and _apply(driver, m)]
    except (DriverError, Neo4jError) as error:
        raise database_error(error) from error


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations of a folder, numbered 1, 2, 3 without a gap. Raises `BAD_MIGRATION`."""
    found = [_read(path) for path in sorted(folder.glob("*.cypher"))]
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise _bad(folder.name, "the numbers are not 1, 2, 3 and so on")
    return found


def check(migrations: Sequence[Migration], recorded: dict[int, str]) -> None:
    """Refuses a database whose recorded migrations are not a beginning of these."""
    known = {m.number: m for m in migrations}
    for number in sorted(recorded):
        if number not in known:
            raise StateError(
                f"the database has migration {number}, which this version does not know",
                code="MIGRATION_UNKNOWN", hint="use the version that wrote it, or a later one",
            )  # fmt: skip
        if known[number].checksum != recorded[number]:
            raise StateError(
                f"migration `{known[number].name}` was changed after it ran",
                code="MIGRATION_CHANGED", hint="restore the file and add a new migration",
            )  # fmt: skip


def _apply(driver: Driver, migration: Migration) -> bool:
    if migration.is_schema:
        for statement in migration.statements:
            driver.execute_query(statement)
        driver.execute_query("CALL db.awaitIndexes(300)")
    data = () if migration.is_schema else migration.statements
    with driver.session() as session:
        return session.execute_write(_record, migration, data)


def _record(tx: ManagedTransaction, migration: Migration, data: Sequence[str]) -> bool:
    claim = run(tx, "migration_claim", number=migration.number, name=migration.name,
                checksum=migration.checksum,
                applied_at=datetime.now(UTC).isoformat())  # fmt: skip
    if claim[0]["checksum"] != migration.checksum:
        check([migration], {migration.number: claim[0]["checksum"]})
    if not claim[0]["is_ours"]:
        return False
    for statement in data:
        tx.run(statement).consume()
    return True


def _read(path: Path) -> Migration:
    named = _NAME.fullmatch(path.name)
    if named is None:
        raise _bad(path.name, "its name is not of the form `0001_words.cypher`")
    data = path.read_bytes()
    lines = [line for line in data.decode().splitlines() if not line.startswith("//")]
    statements = tuple(s.strip() for s in "\n".join(lines).split(";\n") if s.strip(" ;\n"))
    statements = tuple(s.removesuffix(";") for s in statements)
    of_schema = [bool(_SCHEMA.match(s)) for s in statements]
    if not statements or any(of_schema) != all(of_schema):
        raise _bad(path.name, "it must hold statements of schema only, or of data only")
    is_schema = all(of_schema)
    if is_schema and not all(" IF NOT EXISTS" in s or " IF EXISTS" in s for s in statements):
        raise _bad(path.name, "a schema statement must say IF NOT EXISTS or IF EXISTS")
    return Migration(int(named[1]), path.name, digest(data), statements, is_schema)


def _bad(name: str, why: str) -> InputError:
    return InputError(f"migration `{name}` cannot be used: {why}", code="BAD_MIGRATION",
                      hint="correct the file before it runs anywhere")  # fmt: skip
