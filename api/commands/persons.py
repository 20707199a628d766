"""The command `persons`: who the pseudonyms stand for, and a person who is to be forgotten."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, watched
from ontology.errors import InputError

if TYPE_CHECKING:
    from graph.persons import Login, Persons
    from service.persons import Erased

LEFT_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("persons")(persons)


def persons(
    action: Annotated[
        str,
        typer.Argument(
            help="`list`, `erase NAME`, `login NAME ISSUER SUBJECT`, `logout ISSUER SUBJECT`."
        ),
    ] = "list",
    name: Annotated[str, typer.Argument(help="The person, by name or pseudonym.")] = "",
    issuer: Annotated[str, typer.Argument(help="Who says who logs in.")] = "",
    subject: Annotated[str, typer.Argument(help="By what the issuer knows the person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it is kept, so say it without the name.")] = "",
    backups: Annotated[
        list[Path] | None, typer.Option("--backup", help="Erase in this backup, too.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Who acts and of whom facts speak under a pseudonym; `erase` forgets whose one of them is."""
    if action == "login" and subject:
        return _login(name, issuer, subject, as_json=as_json)
    if action == "logout" and issuer and not subject:
        return _logout(name, issuer, as_json=as_json)
    if action == "erase" and name and not issuer:
        return _erase(name, reason, backups or [], as_json=as_json)
    if action != "list" or name:
        raise InputError(f"`{plain(action)}` is no way to use it", code="USAGE",
                         hint="write `evenkeel persons list`, `evenkeel persons erase NAME "
                         "--reason WHY`, or `evenkeel persons login NAME ISSUER SUBJECT`"
                         )  # fmt: skip
    return _list(as_json=as_json)


def _list(*, as_json: bool) -> int:
    from api.screen.drawing import table

    persons = _lookup()
    known, logins = persons.known(), persons.logins()
    if as_json:
        told = [asdict(one) | {"logins": _of(one.pseudonym, logins)} for one in known]
        print_document({"persons": told})
    elif known:
        made = table("name", "pseudonym", "since", "logins")
        for one in known:
            said = ", ".join(f"{each['issuer']} {each['subject']}"
                             for each in _of(one.pseudonym, logins))  # fmt: skip
            # as it is, not named
            made.add([plain(one.name), one.pseudonym, one.since[:10], plain(said)])
        console().print(made)
    else:
        console().print("no person is known by name")
    return GOOD


def _of(pseudonym: str, logins: "list[Login]") -> list[dict[str, str]]:
    return [{"issuer": one.issuer, "subject": one.subject} for one in logins
            if one.pseudonym == pseudonym]  # fmt: skip


def _lookup() -> "Persons":
    from graph.persons import Persons
    from graph.settings import settings_from_environment

    return Persons(settings_from_environment().data_folder)


def _login(name: str, issuer: str, subject: str, *, as_json: bool) -> int:
    persons = _lookup()
    made = persons.add_login(persons.pseudonym_of(name), issuer, subject)
    if as_json:
        print_document(asdict(made))
    else:
        typer.echo(f"{made.pseudonym} logs in as {plain(subject)} of {plain(issuer)}")
        hint("what this person may do, grants say: `evenkeel access list`")
    return GOOD


def _logout(issuer: str, subject: str, *, as_json: bool) -> int:
    was_known = _lookup().drop_login(issuer, subject)
    if as_json:
        print_document({"dropped": was_known})
    else:
        typer.echo("nobody logs in by that any more" if was_known else "nobody did")
    return GOOD


def _erase(name: str, reason: str, backups: list[Path], *, as_json: bool) -> int:
    from api.commands.server import opened
    from service.persons import acting, erase

    with opened() as house, watched() as progress:
        done = erase(house, name, reason, acting(house), backups, progress)
    if as_json:
        print_document(asdict(done))
    else:
        _show(done, len(backups))
    return GOOD


def _show(done: "Erased", asked: int) -> None:
    typer.echo(f"erased       {done.pseudonym}, by event {done.event:,}")
    if asked:
        typer.echo(f"backups      the name was in {len(done.backups)} of {asked}")
    if not done.left:
        typer.echo("left         nothing: no file of the data folder holds the name")
        hint("copies elsewhere (backups made with --persons, exports, mail) are yours to delete")
        return
    for path in done.left[:LEFT_SHOWN]:
        typer.echo(f"left         {plain(path)} still holds the name")
    if len(done.left) > LEFT_SHOWN:
        more = len(done.left) - LEFT_SHOWN
        typer.echo(f"             ... and {more:,} more: `--json` lists them")
    hint("these were written before, or from a column that no mapping names under `pseudonyms`")
