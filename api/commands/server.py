"""The commands about the database and the service: up, down, status, serve."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, REFUSED, AsJson, hint, plain, print_document, watched
from ontology.errors import EvenkeelError, InputError

if TYPE_CHECKING:
    from graph.settings import Settings
    from service.house import House


LOCAL_AGENT = "local"
"""Who is named as the one that acts from this command line."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("status")(status)
    app.command("serve")(serve)


@contextmanager
def opened() -> "Iterator[House]":
    """The house of this environment, with progress while it opens."""
    from contextlib import ExitStack

    from graph.settings import settings_from_environment
    from service.house import open_house

    with ExitStack() as stack:
        with watched() as progress:
            house = stack.enter_context(
                open_house(settings_from_environment(), progress, agent=LOCAL_AGENT)
            )
        yield house


def up(as_json: AsJson = False) -> int:
    """Start the database (fetches Neo4j the first time) and bring the graph up to date."""
    with opened() as house:
        found = _status(house.settings)
    _show_status(found, as_json=as_json)
    return GOOD


def down(as_json: AsJson = False) -> int:
    """Stop the managed database; a database at NEO4J_URI is left alone."""
    from graph.server import managed_server
    from graph.settings import settings_from_environment

    settings = settings_from_environment()
    stopped = False
    if not settings.neo4j_uri:
        with watched() as progress:
            stopped = managed_server(settings).stop(progress)
    if as_json:
        print_document({"stopped": stopped})
    elif settings.neo4j_uri:
        typer.echo("NEO4J_URI is set: that server is not ours to stop")
    else:
        typer.echo("stopped" if stopped else "nothing was running")
    return GOOD


def status(as_json: AsJson = False) -> int:
    """What runs now; exit 1 when nothing does."""
    from graph.settings import settings_from_environment

    found = _status(settings_from_environment())
    _show_status(found, as_json=as_json)
    return GOOD if found["running"] else REFUSED


def _status(settings: "Settings") -> dict[str, Any]:
    from graph.server import managed_server

    home = str(settings.data_folder)
    if settings.neo4j_uri:
        return _status_elsewhere(settings) | {"home": home} | _serving(settings)
    found = managed_server(settings).status()
    return {
        "running": found.running, "managed": True, "version": found.version, "uri": found.uri,
        "pid": found.pid, "home": home, "bytes_on_disk": found.bytes_on_disk,
    } | _serving(settings)  # fmt: skip


def _serving(settings: "Settings") -> dict[str, Any]:
    """What the processes serve that were heard of lately, and what is not as it should be."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from service.serving import processes, remarks

    told = processes(settings.data_folder, datetime.now(UTC))
    return {"serving": [asdict(one) for one in told], "remarks": remarks(told)}


def _status_elsewhere(settings: "Settings") -> dict[str, Any]:
    from graph.server import open_database

    with open_database(settings) as driver:
        version = driver.get_server_info().agent.removeprefix("Neo4j/")
    return {"running": True, "managed": False, "version": version, "uri": settings.neo4j_uri}


def _show_status(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_document(found)
        return
    state = "running" if found["running"] else "not running"
    typer.echo(f"Neo4j {found['version']}: {state}")
    if found["uri"]:
        typer.echo(f"address      {found['uri']}")
    if found.get("pid"):
        typer.echo(f"process      {found['pid']}")
    typer.echo(f"data folder  {found['home']}")
    if found["managed"]:
        typer.echo(f"on disk      {found['bytes_on_disk'] / 1e6:.1f} MB")
    for one in found["serving"]:
        typer.echo(f"serving      {plain(one['process'])}, as of event {one['sequence']:,}")
        for scope, digest in one["in_force"].items():
            typer.echo(f"             {plain(scope)}: {digest[:12] or 'none'}")
    for remark in found["remarks"]:
        hint(f"warning: {plain(remark)}")
    if not found["running"]:
        hint("start it with `evenkeel up`")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    development: Annotated[
        bool, typer.Option("--development", help="Allow introspection and suggestions.")
    ] = False,
    documents: Annotated[
        Path | None,
        typer.Option(
            help="Run only the queries of this folder (*.graphql), named by their id.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    schedules: Annotated[
        bool, typer.Option("--schedule/--no-schedule", help="Do what is due by the clock, too.")
    ] = True,
) -> int:
    """Serve GraphQL until Ctrl-C or SIGTERM; only this machine can reach it by default."""
    from contextlib import nullcontext
    from threading import Event

    from api.app import create_app
    from api.callers import who_is_known
    from api.serving import serve_until_ended
    from api.tokens import TOKEN_FILE, local_token
    from service.scheduling.scheduled_tasks import tasks
    from service.scheduling.scheduler import Scheduler, scheduling

    _refuse_taken(host, port)
    with opened() as house:
        token = local_token(house.settings.data_folder)
        _sign(house)
        ending, scheduler = Event(), Scheduler(house, tasks()) if schedules else None
        application = create_app(house, token, development, ending=ending, documents=documents,
                                 knows=who_is_known(house), scheduler=scheduler)  # fmt: skip
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"GraphQL at http://{shown}:{port}/graphql", err=True)
        typer.echo(f"the token is in `{house.settings.data_folder / TOKEN_FILE}`", err=True)
        if not _is_loopback(host):
            hint("warning: other machines can reach this address; the token is all that keeps it")
        with scheduling(scheduler, ending) if scheduler else nullcontext():
            serve_until_ended(application, ending, host, port)
    return GOOD


def _sign(house: "House") -> None:
    """Sign the log, so that it has a key before anybody asks; a refusal is told, and no more."""
    from service.transparency import checkpoint

    try:
        checkpoint(house, LOCAL_AGENT)
    except EvenkeelError as error:
        hint(f"warning: the log is not signed: {error}: {error.hint} [{error.code}]")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_taken(host: str, port: int) -> None:
    """A taken port or an address of another machine is said before anything else starts."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        why = (error.strerror or "not an address").lower()
        raise InputError(
            f"cannot listen on `{host}` port {port}: {why}",
            code="PORT_TAKEN",
            hint="choose another with --host and --port",
        ) from error
