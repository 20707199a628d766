"""The commands that outlive a database: backup, restore, rebuild, digest."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.output import GOOD, REFUSED, AsJson, hint, plain, print_document, watched

LOSSES_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("rebuild")(rebuild)
    app.command("digest")(digest)


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to; what is there already stays.")],
    persons: Annotated[
        bool, typer.Option("--persons", help="With whom the pseudonyms stand for, in a file apart.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Copy the log and all artifacts into a folder, as of one event; only what is new is copied."""
    from api.commands.server import opened
    from service.recovery import backup as back_up

    with opened() as house, watched() as progress:
        made = back_up(house, folder, progress, persons=persons)
    if as_json:
        print_document(made)
        return GOOD
    typer.echo(f"backed up    {_log_line(made)}")
    typer.echo(f"artifacts    {made['artifacts']:,}, {made['copied']:,} of them copied now")
    _show_states(made)
    return GOOD


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `evenkeel backup` wrote.")],
    missing: Annotated[
        bool, typer.Option("--missing", help="Put back only what is lost or damaged here.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Bring a backup into an empty data folder, or back what this one has lost of its files."""
    from graph.settings import settings_from_environment
    from service.recovery import refill
    from service.recovery import restore as bring_back

    if missing:
        with watched() as progress:
            found = refill(settings_from_environment(), folder, progress)
        if as_json:
            print_document(found)
        else:
            typer.echo(f"put back     {found['artifacts']:,} artifacts, "
                       f"{len(found['segments']):,} files of the log")  # fmt: skip
            _show_losses(found["lost"])
        return REFUSED if found["lost"] else GOOD
    with watched() as progress:
        made = bring_back(settings_from_environment(), folder, progress)
    if as_json:
        print_document(made)
        return GOOD
    typer.echo(f"restored     {_log_line(made)}")
    typer.echo(f"artifacts    {made['artifacts']:,}")
    _show_states(made)
    return GOOD


def rebuild(as_json: AsJson = False) -> int:
    """Make the database anew from the log's files and the artifacts, beside the one that serves."""
    from graph.settings import settings_from_environment
    from service.recovery import rebuild as make_anew
    from service.recovery import told

    with watched() as progress:
        made = make_anew(settings_from_environment(), progress)
    after = told(made.after)
    before = told(made.before) if made.before is not None else None
    if as_json:
        print_document({"after": after, "before": before, "why_not": made.why_not})
        return GOOD
    typer.echo(f"rebuilt      up to event {after['sequence']:,}, root {after['root']}")
    _show_states(after)
    if before is None:
        typer.echo(f"before       not compared: {plain(made.why_not or 'it could not be read')}")
    else:
        typer.echo(
            f"before       {'the same' if before == after else 'something else: see --json'}"
        )
    return GOOD


def digest(as_json: AsJson = False) -> int:
    """Digests of the log, the states and the graph, and all that is lost; exit 1 if anything is."""
    from api.commands.server import opened
    from service.recovery import inspect

    with opened() as house:
        found = inspect(house)
    if as_json:
        print_document(found)
        return GOOD if found["sound"] else REFUSED
    typer.echo(f"log          {found['sequence']:,} events, root {found['root']}")
    _show_states(found)
    kept = found["segments"]
    typer.echo(f"segments     {kept['files']:,} files, up to event {kept['sequence']:,}")
    if kept["damage"]:
        typer.echo(f"             {plain(kept['damage'])}")
    typer.echo(f"graph        {_graph_line(found)}")
    for one in found["left_out"]:
        typer.echo(f"left out     event {one['event']}, {plain(one['name'])}: {one['facts']:,} "
                   f"facts of {one['class']}, whose keys are too long to be shown")  # fmt: skip
    _show_losses(found["lost"])
    return GOOD if found["sound"] else REFUSED


def _graph_line(found: dict[str, Any]) -> str:
    if "why" in found:
        return f"not compared: {plain(found['why'])}"
    if found["agree"]:
        return "shows what the log says"
    return "does not show what the log says: `evenkeel rebuild` makes it anew"


def _log_line(made: dict[str, Any]) -> str:
    return (f"{made['events']:,} events ({made['deliveries']:,} deliveries, {made['plans']:,} "
            f"plans), root {made['root']}")  # fmt: skip


def _show_states(found: dict[str, Any]) -> None:
    for chain, state in found["states"].items():
        typer.echo(f"state        {state}  {plain(chain)}")


def _show_losses(lost: list[dict[str, Any]]) -> None:
    if not lost:
        typer.echo("lost         nothing")
        return
    for one in lost[:LOSSES_SHOWN]:
        typer.echo(f"lost         event {one['event']}, {plain(one['name'])}")
    if len(lost) > LOSSES_SHOWN:
        typer.echo(f"             ... and {len(lost) - LOSSES_SHOWN:,} more: `--json` lists all")
    hint("put them back from a backup: `evenkeel restore FOLDER --missing`")
