"""Who a pseudonym stands for: the one file of a data folder that names persons; it can forget."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from graph.disk import FULL, disk_full
from ontology.errors import InputError, OutsideError
from ontology.pseudonyms import PSEUDONYM, erased, is_pseudonym, nameless, new_pseudonym

PERSONS_FILE = "persons.sqlite"
NAME_CHARACTERS = 1_000
_BUSY_SECONDS = 30.0
_TABLES = (
    """
CREATE TABLE IF NOT EXISTS person (
  pseudonym TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, since TEXT NOT NULL
) WITHOUT ROWID
""",
    """
CREATE TABLE IF NOT EXISTS login (
  issuer TEXT NOT NULL, subject TEXT NOT NULL, pseudonym TEXT NOT NULL, since TEXT NOT NULL,
  PRIMARY KEY (issuer, subject)
) WITHOUT ROWID
""",
    "CREATE TABLE IF NOT EXISTS forgotten (pseudonym TEXT PRIMARY KEY) WITHOUT ROWID",
)
LOGIN_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of whom the lookup knows: pseudonym, name, and since when."""

    pseudonym: str
    name: str
    since: str


@dataclass(frozen=True, slots=True)
class Login:
    """By what an issuer knows a person: its own identifier of it, the subject."""

    issuer: str
    subject: str
    pseudonym: str
    since: str


class Persons:
    """The lookup of one folder: readable by its owner alone, outside of log and artifacts.

    A name has one pseudonym until it is erased; named again, it gets another. What a call has
    changed survives a power cut; any number of threads and processes may call at once. What is
    erased is overwritten in the file. Each method raises OutsideError `PERSONS_UNREADABLE` or
    `DISK_FULL`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PERSONS_FILE

    def pseudonym_of(self, name: str) -> str:
        """The pseudonym of a person, given now where there is none. Raises `BAD_PERSON`."""
        while True:  # another process may be first
            naming = self.naming()
            given = naming([name])
            if naming.keep():
                return given[name]

    def naming(self) -> "Naming":
        """What names the persons of one delivery; nothing is written before it is kept."""
        return Naming(self)

    def known_of(self, names: Iterable[str]) -> dict[str, str]:
        """The pseudonyms of those of the names that have one."""
        found = {}
        with self._reading() as db:
            for name in names if db else ():
                query = "SELECT pseudonym FROM person WHERE name = ?"
                row = db.execute(query, [name]).fetchone() if db else None
                if row:
                    found[name] = str(row[0])
        return found

    def keep(self, given: Mapping[str, str]) -> bool:
        """Keep pseudonyms by name; whether they stand: a name that has another one keeps that."""
        if given:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            with self._writing() as db:
                rows = [(pseudonym, name, now) for name, pseudonym in given.items()]
                db.executemany("INSERT OR IGNORE INTO person VALUES (?, ?, ?)", rows)
        return self.known_of(given) == given

    def find(self, name: str) -> KnownPerson | None:
        """The person of a name, or of a pseudonym."""
        column = "pseudonym" if is_pseudonym(name) else "name"
        with self._reading() as db:
            query = f"SELECT pseudonym, name, since FROM person WHERE {column} = ?"  # noqa: S608
            row = db.execute(query, [name.strip()]).fetchone() if db else None
        return KnownPerson(*row) if row else None

    def written(self, name: str) -> str:
        """How a name is written that is known but for case and spaces; itself where none is."""
        if self.known_of([name.strip()]):
            return name
        said = _folded(name)
        return next((one.name for one in self.known() if _folded(one.name) == said), name)

    def known(self) -> list[KnownPerson]:
        """Every person whom the lookup knows, by name."""
        with self._reading() as db:
            query = "SELECT pseudonym, name, since FROM person ORDER BY name"
            return [KnownPerson(*row) for row in db.execute(query)] if db else []

    def add_login(self, pseudonym: str, issuer: str, subject: str) -> Login:
        """Know a person by a login, beside those that it has; the same again changes nothing.

        Raises InputError `BAD_LOGIN`, and `LOGIN_TAKEN` where it is another person's.
        """
        for part in (issuer, subject):
            if not part.strip() or len(part) > LOGIN_CHARACTERS or not part.isprintable():
                raise InputError(
                    f"`{part[:40]}` is no part of a login", code="BAD_LOGIN",
                    hint=f"give issuer and subject, of 1 to {LOGIN_CHARACTERS} characters",
                )  # fmt: skip
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as db:
            row = [issuer, subject, pseudonym, now]
            db.execute("INSERT OR IGNORE INTO login VALUES (?, ?, ?, ?)", row)
        (found,) = [one for one in self.logins() if (one.issuer, one.subject) == (issuer, subject)]
        if found.pseudonym != pseudonym:
            raise InputError("this login is another person's", code="LOGIN_TAKEN",
                             hint="take it away first: `evenkeel persons logout`")  # fmt: skip
        return found

    def drop_login(self, issuer: str, subject: str) -> bool:
        """Know nobody by a login any more; whether somebody was."""
        if not self.path.exists():
            return False
        with self._writing() as db:
            told = "DELETE FROM login WHERE issuer = ? AND subject = ?"
            return bool(db.execute(told, [issuer, subject]).rowcount)

    def of_login(self, issuer: str, subject: str) -> str | None:
        """The pseudonym of who logs in; None for whom nobody knows."""
        with self._reading("login") as db:
            query = "SELECT pseudonym FROM login WHERE issuer = ? AND subject = ?"
            row = db.execute(query, [issuer, subject]).fetchone() if db else None
        return str(row[0]) if row else None

    def logins(self) -> list[Login]:
        """Every login, by issuer and subject."""
        with self._reading("login") as db:
            query = "SELECT issuer, subject, pseudonym, since FROM login ORDER BY 1, 2"
            return [Login(*row) for row in db.execute(query)] if db else []

    def told(self, text: str) -> str:
        """A text with names in place of pseudonyms.

        `person:ab12… (erased)` for who was erased here, and `(name not known here)` for who never
        was known, as in a document that came from elsewhere.
        """
        found = set(PSEUDONYM.findall(text)) if "person:" in text else set()
        names = {one: self._shown(one) for one in found}
        return PSEUDONYM.sub(lambda match: names[match[0]], text)

    def _shown(self, pseudonym: str) -> str:
        person = self.find(pseudonym)
        if person is not None:
            return person.name
        with self._reading("forgotten") as db:
            query = "SELECT 1 FROM forgotten WHERE pseudonym = ?"
            is_forgotten = db is not None and db.execute(query, [pseudonym]).fetchone()
        return erased(pseudonym) if is_forgotten else nameless(pseudonym)

    def erase(self, pseudonym: str) -> bool:
        """Forget who a pseudonym stands for; whether the lookup knew."""
        if not self.path.exists():
            return False
        with self._writing() as db:
            was_known = db.execute("DELETE FROM person WHERE pseudonym = ?", [pseudonym]).rowcount
            db.execute("DELETE FROM login WHERE pseudonym = ?", [pseudonym])
            db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", [pseudonym])
        with self._writing(begin="VACUUM"):
            return bool(was_known)

    def copy_to(self, folder: Path) -> None:
        """Put whom the lookup knows into that of another folder; whom that knows stays known."""
        Persons(folder).take_in(self.known(), self.logins())

    def take_in(self, persons: Iterable[KnownPerson], logins: Iterable[Login] = ()) -> None:
        """Know these persons and logins too, since when they say; who is known already stays."""
        rows = [(one.pseudonym, one.name, one.since) for one in persons]
        with self._writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO person VALUES (?, ?, ?)",
                [row for row in rows if is_pseudonym(row[0])],
            )
            db.executemany(
                "INSERT OR IGNORE INTO login VALUES (?, ?, ?, ?)",
                [(one.issuer, one.subject, one.pseudonym, one.since) for one in logins
                 if is_pseudonym(one.pseudonym)],
            )  # fmt: skip

    @contextmanager
    def _reading(self, table: str = "person") -> Iterator[sqlite3.Connection | None]:
        """The lookup, None where it has no such table yet."""
        if not self.path.exists():
            yield None
            return
        with self._told_plainly(), closing(self._connected()) as db:
            query = "SELECT 1 FROM sqlite_master WHERE name = ?"
            tables = db.execute(query, [table]).fetchall()
            yield db if tables else None  # another process may just have begun the file

    @contextmanager
    def _writing(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._told_plainly():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            with closing(self._connected()) as db:
                db.execute("PRAGMA secure_delete = ON")
                for table in _TABLES:
                    db.execute(table)
                db.execute(begin)
                yield db
                if db.in_transaction:
                    db.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if _is_full(error):
                raise disk_full(self.path.parent) from error
            raise OutsideError(
                f"the lookup of persons `{self.path}` cannot be used: {error}",
                code="PERSONS_UNREADABLE", hint="put it back from a backup that was made with "
                "`--persons`, or move it away: persons are then shown by their pseudonyms",
            ) from error  # fmt: skip


class Naming:
    """Pseudonyms for one delivery: those that are known, and new ones that are not yet kept."""

    def __init__(self, persons: Persons) -> None:
        self._persons = persons
        self._new: dict[str, str] = {}

    def __call__(self, names: Iterable[str]) -> dict[str, str]:
        """The pseudonym of each text; one that is a pseudonym stands for itself.

        Raises InputError `BAD_PERSON` for a name that is blank or longer than 1,000 characters.
        """
        found = {text: _name(text) for text in names}
        wanted = {name for name in found.values() if not is_pseudonym(name)}
        given = self._new | self._persons.known_of(wanted - self._new.keys())
        self._new |= {name: new_pseudonym() for name in sorted(wanted - given.keys())}
        given |= self._new
        return {text: given.get(name, name) for text, name in found.items()}

    def keep(self) -> bool:
        """Keep the new ones; whether they stand. Else another was first: all is read anew."""
        return self._persons.keep(self._new)


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > NAME_CHARACTERS:
        raise InputError(f"`{name[:40]}` is no name of a person", code="BAD_PERSON",
                         hint=f"give a name of 1 to {NAME_CHARACTERS:,} characters")  # fmt: skip
    return name


def _is_full(error: sqlite3.Error | OSError) -> bool:
    """Whether the disk has no room, or a limit is reached; the lookup itself is sound then."""
    if isinstance(error, OSError):
        return error.errno in FULL
    name = getattr(error, "sqlite_errorname", "")  # errors of Python's own have none
    return name in ("SQLITE_FULL", "SQLITE_IOERR_WRITE")


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
