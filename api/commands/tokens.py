"""The command `tokens`: what machines show to come in; the secret is shown once."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document

if TYPE_CHECKING:
    from service.permits.service_tokens import ServiceToken


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Service tokens: issue, list, revoke.", rich_markup_mode=None)
    group.command("issue")(issue)
    group.command("list")(listing)
    group.command("revoke")(revoke)
    app.add_typer(group, name="tokens")


def issue(
    name: Annotated[str, typer.Argument(help="Whom it stands for; grants are given to it.")],
    scope: Annotated[list[str], typer.Option(help="read, deliver, plan, decide or audit.")],
    days: Annotated[int, typer.Option(help="For how many days, 366 at most.")],
    as_json: AsJson = False,
) -> int:
    """Make a token for a machine. It is shown now and never again."""
    from api.commands.server import opened
    from service.permits.service_tokens import issue as make
    from service.persons import acting

    with opened() as house:
        made, secret = make(house, name, scope, days, acting(house))
    if as_json:
        print_document({**_told(made), "secret": secret})
        return GOOD
    typer.echo(secret)
    hint(f"{made.id} for {plain(made.person)}, until {made.expires[:10]}; it is kept nowhere else")
    hint("it may do what the grants of that name let it do: `evenkeel access grant`")
    return GOOD


def listing(as_json: AsJson = False) -> int:
    """Show the tokens that were issued, without their secrets."""
    from api.screen.drawing import table
    from graph.settings import settings_from_environment
    from service.permits.service_tokens import ServiceTokens

    found = ServiceTokens(settings_from_environment().data_folder).known()
    if as_json:
        print_document({"tokens": [_told(one) for one in found]})
    elif found:
        made = table("token", "stands for", "scopes", "issued", "expires", "revoked")
        for one in found:
            made.add([one.id, plain(one.person), ", ".join(one.scopes), one.issued[:10],
                      one.expires[:10], one.revoked[:10]])  # fmt: skip
        console().print(made)
    else:
        console().print("no token was issued")
    return GOOD


def revoke(
    token: Annotated[str, typer.Argument(help="As `list` shows it.")], as_json: AsJson = False
) -> int:
    """Let a token in no more."""
    from api.commands.server import opened
    from service.permits.service_tokens import revoke as take_back
    from service.persons import acting

    with opened() as house:
        found = take_back(house, token, acting(house))
    if as_json:
        print_document(_told(found))
    else:
        typer.echo(f"{found.id} lets nobody in any more")
    return GOOD


def _told(token: "ServiceToken") -> dict[str, Any]:
    return {name: value for name, value in asdict(token).items() if name != "digest"}
