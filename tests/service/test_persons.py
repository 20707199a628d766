"""Laws of persons: the log holds pseudonyms, one file knows whose, and it can forget."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from unicodedata import normalize

import pytest
from neo4j import Driver

from graph.login import Connection
from graph.persons import PERSONS_FILE, Persons
from graph.recovery.digests import digests
from graph.recovery.traces import files_that_say
from graph.settings import Settings
from ontology.canonical import canonical
from ontology.errors import EvenkeelError, InputError
from ontology.pseudonyms import is_pseudonym
from ontology.terms import join_key
from service.decision import PlanRequest
from service.examples import load_example
from service.house import House, artifacts_folder, house_on
from service.intake.deliveries import Delivery
from service.intake.sync import Synced, sync
from service.persons import acting, erase
from service.planning import make_plan
from service.recovery import backup, restore
from service.stewardship.quarantine import fix
from service.verify import verify

CHAIN = "two_hubs"
NAME = "Zephyrine Quill-Møller"


@pytest.fixture
def house(empty_database: Driver, tmp_path: Path) -> House:
    """The example two_hubs in a database of its own."""
    found = house_on(empty_database, Settings(home=tmp_path / "home", person=NAME))
    load_example(found, CHAIN)
    return found


def planned(house: House, agent: str) -> dict[str, object]:
    return make_plan(house, PlanRequest(CHAIN, agent=agent)).document


def said_in_graph(house: House, text: str) -> int:
    """How many nodes and relationships of the database hold a text in a property."""
    patterns = ("MATCH (x)", "MATCH ()-[x]->()")
    asked = [house.driver.execute_query(f"{each} RETURN properties(x) AS p") for each in patterns]
    return sum(text in str(row["p"]) for found in asked for row in found.records)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(EvenkeelError) as refused:
        work()
    assert refused.value.hint
    return refused.value.code


def test_a_person_has_one_pseudonym_that_says_nothing(tmp_path: Path) -> None:
    """However often and by how many named at once; readable by its owner alone; erased, another."""
    persons = Persons(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        given = set(pool.map(lambda _: Persons(tmp_path).pseudonym_of(NAME), range(40)))
    (pseudonym,) = given
    assert is_pseudonym(pseudonym)
    assert pseudonym == persons.pseudonym_of(f" {NAME} ") == persons.pseudonym_of(pseudonym)
    assert 0o600 == stat.S_IMODE(persons.path.stat().st_mode)
    assert f"by {NAME}, {NAME}" == persons.told(f"by {pseudonym}, {pseudonym}")
    assert [NAME] == [one.name for one in persons.known()]
    assert persons.erase(pseudonym)
    assert not persons.erase(pseudonym)
    assert f"by {pseudonym[:11]}… (erased)" == persons.told(f"by {pseudonym}")
    assert pseudonym != persons.pseudonym_of(NAME)
    for name in ("", "  ", "x" * 1_001):
        assert "BAD_PERSON" == code_of(partial(persons.pseudonym_of, name))


def test_one_person_is_not_two_by_case_or_spaces(tmp_path: Path) -> None:
    """A name that is known is written as it is known, or it would count as another person's."""
    persons = Persons(tmp_path)
    persons.pseudonym_of("Ada Example")
    for written in ("ada example", " ADA  Example ", "Ada\u00a0Example"):
        assert "Ada Example" == persons.written(written)
    for other in (" Ada Example ", "Ada Example", "Ada Examples"):
        assert other == persons.written(other)


def test_nothing_is_written_before_it_is_kept(tmp_path: Path) -> None:
    """A look ahead leaves no file; of two that name the same at once the second reads anew."""
    first, second = Persons(tmp_path).naming(), Persons(tmp_path).naming()
    given, other = first(["ann", " ann", "bo"]), second(["ann"])
    assert (given["ann"], {"ann", " ann", "bo"}) == (given[" ann"], set(given))
    assert all(map(is_pseudonym, given.values()))
    assert [] == list(tmp_path.iterdir())
    assert [True, False] == [first.keep(), second.keep()]
    assert given["ann"] == Persons(tmp_path).naming()(["ann"])["ann"] != other["ann"]


def test_among_many_one_is_overwritten(tmp_path: Path) -> None:
    """Law of erasure: not a byte of the name is left in the file, those of others are."""
    persons = Persons(tmp_path)
    others = [f"person number {number}" for number in range(3_000)]
    naming = persons.naming()
    given = naming([*others[:2_000], NAME, *others[2_000:]])
    assert naming.keep()
    assert [persons.path] == list(files_that_say(tmp_path, NAME))
    persons.erase(given[NAME])
    assert [] == list(files_that_say(tmp_path, NAME))
    assert len(others) == len(persons.known())


def test_a_name_that_was_logged_is_seen_by_people_and_held_by_nothing_else(
    house: House, tmp_path: Path
) -> None:
    """Law 3: screens name who acted; log, artifacts, database and backups hold the pseudonym."""
    agent = acting(house)
    assert [agent, "local"] == [acting(house, name) for name in (NAME, "local")]
    for name in ("evenkeel", "http"):  # nobody acts as the service
        with pytest.raises(InputError, match="no person"):
            acting(house, name)
    document = planned(house, agent)
    assert NAME == house.catalog.plans(CHAIN).rows[0].agent
    assert NAME == house.catalog.events(first=50).rows[-1].agent
    backup(house, tmp_path / "backup")
    assert agent == document["about"]["agent"]  # type: ignore[index]
    assert [house.persons.path] == list(files_that_say(tmp_path, NAME))
    assert 0 == said_in_graph(house, NAME) < said_in_graph(house, agent)


def test_an_erased_person_is_gone_and_every_proof_holds(
    house: House, tmp_path: Path, connection: Connection
) -> None:
    """Not a byte of the name in home, backups and database; digests and plan are as before."""
    agent = acting(house)
    document = planned(house, agent)
    for folder in ("with", "without"):
        backup(house, tmp_path / folder, persons=folder == "with")
    before = digests(house.projection)
    done = erase(house, NAME, "asked for it", "local", [tmp_path / "with"])
    assert (agent, (str(tmp_path / "with"),), ()) == (done.pseudonym, done.backups, done.left)
    assert [] == list(files_that_say(tmp_path, NAME))
    assert 0 == said_in_graph(house, NAME)
    event = house.projection.log.read(after=done.event - 1)[0]
    assert ("person.erased", {"person": agent, "reason": "asked for it"}) == (
        event.kind, event.payload)  # fmt: skip
    assert f"{agent[:11]}… (erased)" == house.catalog.plans(CHAIN).rows[0].agent
    after = digests(house.projection)
    assert after.agree
    assert (before.states, before.plans) == (after.states, after.plans)
    assert verify(document, artifacts=artifacts_folder(house.settings)).accepted
    assert make_plan(house, PlanRequest(CHAIN, agent=agent)).saved.replayed
    assert "PERSON_UNKNOWN" == code_of(lambda: erase(house, NAME, "again", "local"))
    backup(house, tmp_path / "with")
    assert not (tmp_path / "with" / PERSONS_FILE).exists()


def test_the_lookup_travels_only_on_request_and_never_brings_back_who_was_erased(
    house: House, tmp_path: Path, connection: Connection
) -> None:
    """Restored with its names; of one whom the restored log says to be erased, without."""
    planned(house, acting(house))
    house.persons.pseudonym_of("Bo Other")
    lookup = house.persons.path.read_bytes()
    erase(house, NAME, "asked for it", "local")
    backup(house, tmp_path / "backup", persons=True)
    (tmp_path / "backup" / PERSONS_FILE).write_bytes(lookup)  # from before, put back by hand
    house.driver.execute_query("MATCH (n) DETACH DELETE n")
    settings = Settings(home=tmp_path / "new", neo4j_uri=connection.uri,
                        neo4j_user=connection.user, neo4j_password=connection.password)  # fmt: skip
    restore(settings, tmp_path / "backup")
    assert ["Bo Other"] == [one.name for one in Persons(settings.data_folder).known()]
    assert [] == list(files_that_say(settings.data_folder, NAME))


def strange(house: House) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "REASON_MISSING", lambda: erase(house, NAME, " ", "local")
    yield "REASON_NAMES_PERSON", lambda: erase(house, NAME, f"{NAME.upper()} left", "local")
    yield "PERSON_UNKNOWN", lambda: erase(house, "nobody", "why", "local")
    yield "NO_BACKUP", lambda: erase(house, NAME, "why", "local", [Path("/nowhere")])


def test_what_cannot_be_erased_is_said_and_nothing_is(house: House) -> None:
    """The name must not come into the log by the reason; who is not known, or where, is said."""
    acting(house)
    before = house.projection.log.head()
    for code, work in strange(house):
        assert code == code_of(work)
    assert before == house.projection.log.head()
    assert [NAME] == [one.name for one in house.persons.known()]


def test_where_a_name_was_written_in_clear_is_told(house: House) -> None:
    """Logs from before: they keep working, and an erasure says which files hold the name."""
    planned(house, NAME)
    acting(house)
    left = erase(house, NAME, "asked for it", "local").left
    assert {"log"} < {path.split("/")[0] for path in left} <= {"log", "artifacts"}
    assert NAME == house.catalog.plans(CHAIN).rows[0].agent


@pytest.mark.parametrize("name", ['Zed "Q" Ox', "Zed\\Ox", "Zoe\u0308 Ox", "Zo\u00eb Ox"])
def test_a_name_that_is_written_otherwise_in_a_file_is_found(tmp_path: Path, name: str) -> None:
    """As an event's payload in a line of the log, in a key, and with accents composed or apart."""
    line = canonical({"payload": canonical({"feed": f"from {name}"}).decode()})
    told = {
        "line": line,
        "document": canonical([name]),
        "key": f"c/Item/{join_key((name,))}".encode(),
        "composed": normalize("NFC", name).encode(),
        "apart": normalize("NFD", name).encode(),
    }
    for file, content in {**told, "other": b"Zed Ox"}.items():
        (tmp_path / file).write_bytes(content)
    assert sorted(told) == [path.name for path in files_that_say(tmp_path, name)]


def test_files_that_go_while_they_are_searched_are_passed_over(tmp_path: Path) -> None:
    """The database deletes files of its own at any time."""
    for number in range(3):
        (tmp_path / str(number)).write_text(NAME)

    def one_goes(_what: str, done: int, _of: int) -> None:
        (tmp_path / str(done)).unlink()

    assert [] == list(files_that_say(tmp_path, NAME, one_goes))


def test_a_disk_without_room_is_no_damaged_lookup(tmp_path: Path) -> None:
    """The error is DISK_FULL, which advises nobody to move the lookup away; who was known stays."""
    persons = Persons(tmp_path)
    given = persons.pseudonym_of(NAME)
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from graph.persons import Persons\n"
        "from ontology.errors import OutsideError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))\n"
        "try:\n    Persons(Path(sys.argv[1])).pseudonym_of('another')\n"
        "except OutsideError as error:\n    print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "DISK_FULL\n" == done.stdout
    assert given == persons.pseudonym_of(NAME)


def test_a_lookup_that_is_none_is_named(house: House) -> None:
    """A file of something else in its place is one line, and is not written over."""
    house.persons.path.write_bytes(b"no lookup" * 200)
    assert "PERSONS_UNREADABLE" == code_of(lambda: acting(house))
    assert house.persons.path.read_bytes() == b"no lookup" * 200


def delivered(house: House, folder: Path, rows: str, *, dry_run: bool = False) -> Synced:
    """Customers of a source that names them."""
    (folder / "customers.csv").write_text(f"who,label,country\n{rows}")
    (folder / "mapping.yaml").write_text(
        f"format: evenkeel-mapping/1\nchain: {CHAIN}\nsource: crm\nversion: 1\nknown: []\n"
        "files:\n  - file: customers.csv\n    pseudonyms: [who]\n    principal:\n"
        "      class: Customer\n      fields: {id: who, name: label, country: country}\n"
    )
    said = Delivery("local", stop_share_percent=100)
    return sync(house, [folder / "customers.csv"], folder / "mapping.yaml", said, dry_run=dry_run)


def test_a_feed_of_persons_leaves_names_in_the_lookup_alone(house: House, tmp_path: Path) -> None:
    """Facts, rows set aside, what a person mends, kept files: pseudonyms; erased, not a byte."""
    place = tmp_path / "in"
    place.mkdir()
    rows = f"{NAME},a,DE\nBo Other,b,NL\n{NAME},c,DE\nCy Ragged,x,y,z\n"
    delivered(house, place, rows, dry_run=True)
    assert not house.persons.path.exists()
    first = delivered(house, place, rows)
    assert ["Bo Other", NAME] == [one.name for one in house.persons.known()]
    bo = house.persons.pseudonym_of("Bo Other")
    assert [bo] == house.facts(CHAIN).table("Customer")["id"].tolist()
    assert first.event is not None
    fix(house, first.event.sequence, 1, {"who": NAME, "label": "d"}, agent="local")
    assert 2 == len(house.facts(CHAIN).table("Customer"))
    assert delivered(house, place, rows).replayed
    home = house.settings.data_folder
    for name in (NAME, "Cy Ragged"):
        holding = [] if name == "Cy Ragged" else [house.persons.path]
        assert (holding, 0) == (list(files_that_say(home, name)), said_in_graph(house, name))
    assert () == erase(house, NAME, "asked for it", "local").left
    assert delivered(house, place, rows).replayed  # what was said once names nobody again
    assert ["Bo Other"] == [one.name for one in house.persons.known()]
    assert digests(house.projection).agree


def test_one_person_has_several_logins_and_one_login_one_person(tmp_path: Path) -> None:
    """Each is looked up by issuer and subject; who is erased has none; copies carry them."""
    persons = Persons(tmp_path / "home")
    assert persons.of_login("issuer", "ann") is None
    ann, bo = persons.pseudonym_of("Ann"), persons.pseudonym_of("Bo")
    for subject in ("ann", "ann", "ann-2"):
        persons.add_login(ann, "issuer", subject)
    assert [ann, ann] == [persons.of_login("issuer", one) for one in ("ann", "ann-2")]
    assert "LOGIN_TAKEN" == code_of(lambda: persons.add_login(bo, "issuer", "ann"))
    assert ann == persons.of_login("issuer", "ann")
    for other in (("Issuer", "ann"), ("issuer", "Ann"), ("issuer", "ann "), ("", "ann")):
        assert persons.of_login(*other) is None
    for issuer, subject in (("", "x"), ("x", " "), ("x", "a\nb"), ("x", "y" * 501)):
        assert "BAD_LOGIN" == code_of(partial(persons.add_login, bo, issuer, subject))
    persons.copy_to(tmp_path / "copy")
    assert persons.logins() == Persons(tmp_path / "copy").logins()
    persons.add_login(bo, "issuer", "bo")
    persons.erase(ann)
    assert ["bo"] == [one.subject for one in persons.logins()]
    assert [] == list(files_that_say(tmp_path / "home", "ann-2"))
    assert persons.drop_login("issuer", "bo")
    assert not persons.drop_login("issuer", "bo")


def test_a_lookup_of_before_learns_logins(tmp_path: Path) -> None:
    """A file that has no table of them is one in which nobody logs in, until somebody does."""
    persons = Persons(tmp_path)
    ann = persons.pseudonym_of("Ann")
    with sqlite3.connect(persons.path) as db:
        db.execute("DROP TABLE login")
    db.close()
    assert ([], None) == (persons.logins(), persons.of_login("issuer", "ann"))
    persons.add_login(ann, "issuer", "ann")
    assert ann == persons.of_login("issuer", "ann")
