"""Persons: in log, facts and documents each is a pseudonym; whose it is, one lookup knows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from governance.releasing import Actor
from graph.persons import KnownPerson, Persons
from graph.progress import Progress, silent
from graph.recovery.backups import read_backup
from graph.recovery.traces import files_that_say
from ontology.canonical import digest_of
from ontology.errors import InputError
from ontology.events import PERSON_ERASED, NewEvent
from ontology.pseudonyms import MACHINES
from service.house import SERVICE_AGENT, House

LEFT_TOLD = 1_000
NOBODY = "local"


@dataclass(frozen=True, slots=True)
class Erased:
    """Whose entry is gone: the pseudonym, the event that says so, and where the name still stands.

    `backups` are the folders whose lookup forgot it, too. `left` are files of the data folder that
    hold the name in clear, 1,000 at most.
    """

    pseudonym: str
    event: int
    backups: tuple[str, ...]
    left: tuple[str, ...]


def acting(house: House, name: str = "") -> str:
    """Who acts, as it is logged: a pseudonym, or the machine's own name.

    The person is the one that is named, else that of EVENKEEL_PERSON, else nobody: `local`. Raises
    InputError `BAD_PERSON`, also for a name that a machine goes by: nobody acts as one; and for
    one that differs from that of a known person in case or spaces alone.
    """
    who = name or house.settings.person or NOBODY
    if who == NOBODY:
        return who
    if who in MACHINES:
        raise InputError(f"`{who}` is a part of this service, and no person", code="BAD_PERSON",
                         hint="give the name of a person, or none")  # fmt: skip
    if (known := house.persons.written(who)) != who:  # else one person would count as two
        raise InputError(f"`{who[:80]}` is known here as `{known}`", code="BAD_PERSON",
                         hint="write the name so; who is another goes by another name")  # fmt: skip
    return house.persons.pseudonym_of(who)


def actor(agent: str) -> Actor:
    """Who decides, of who is logged: the service by its own word is no person."""
    return Actor(agent, is_person=agent != SERVICE_AGENT)


def erase(
    house: House, name: str, reason: str, agent: str, backups: Sequence[Path] = (),
    progress: Progress = silent,
) -> Erased:  # fmt: skip
    """Forget who a pseudonym stands for, here and in the lookups of these backups.

    What was logged stays as it was, so every proof holds. The event that says so comes first: who
    is killed after it gives the same again. Raises InputError `PERSON_UNKNOWN`, `REASON_MISSING`,
    `REASON_NAMES_PERSON`, and what a folder that holds no backup raises.
    """
    for folder in backups:
        read_backup(folder)
    person = _known(house.persons, name)
    if not reason.strip():
        raise InputError("an erasure needs a reason", code="REASON_MISSING",
                         hint="give it with --reason")  # fmt: skip
    if person.name.casefold() in reason.casefold():
        raise InputError("the reason names the person, and it stays in the log",
                         code="REASON_NAMES_PERSON", hint="say why without the name")  # fmt: skip
    payload = {"person": person.pseudonym, "reason": reason}
    new = NewEvent(PERSON_ERASED, f"erase/{person.pseudonym}", agent, datetime.now(UTC), "",
                   payload)  # fmt: skip
    appended = house.projection.append(new, body=digest_of([person.pseudonym]))
    done = [folder for folder in backups if Persons(folder).erase(person.pseudonym)]
    house.persons.erase(person.pseudonym)
    left = list(_left(house, person.name, progress))
    return Erased(person.pseudonym, appended.event.sequence, tuple(map(str, done)), tuple(left))


def _known(persons: Persons, name: str) -> KnownPerson:
    found = persons.find(name)
    if found is None:
        raise InputError(
            f"the lookup knows no person `{name[:80]}`", code="PERSON_UNKNOWN",
            hint="`evenkeel persons list` shows whom it knows; who was erased is not among them",
        )  # fmt: skip
    return found


def _left(house: House, name: str, progress: Progress) -> Iterator[str]:
    folder = house.settings.data_folder
    for number, path in enumerate(files_that_say(folder, name, progress)):
        if number == LEFT_TOLD:
            return
        yield str(path.relative_to(folder))
