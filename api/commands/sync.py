"""The command `sync`: files through a mapping into facts, or what that would change."""

from pathlib import Path
from typing import Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of, working


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("sync")(sync)


def sync(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders of files.")],
    mapping: Annotated[Path, typer.Option("--mapping", help="The mapping, a YAML file.")],
    *,
    feed: Annotated[str, typer.Option(help="Name of this delivery.")] = "",
    effective: Annotated[
        str, typer.Option(help="Since when it is true: 2026-03-01T06:00:00Z; default now.")
    ] = "",
    source_sequence: Annotated[
        int | None, typer.Option(min=0, max=2**52, help="Its place in the source's own order.")
    ] = None,
    supersedes: Annotated[str, typer.Option(help="The delivery that it corrects.")] = "",
    close_all: Annotated[
        bool, typer.Option("--close-all", help="A full file may end most facts.")
    ] = False,
    stop_share: Annotated[
        int, typer.Option(min=0, max=100, help="Load nothing if more percent of rows are bad.")
    ] = 20,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load nothing: tell what would change.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Load files through a mapping; every row is loaded, merged or quarantined with its reason."""
    from api.commands.server import LOCAL_AGENT, opened
    from api.screen import drawing, fact_changes
    from service.deliveries import Delivery
    from service.sync import sync as load

    since = time_of(effective, "--effective") if effective else None
    delivery = Delivery(LOCAL_AGENT, feed, since, source_sequence, supersedes, close_all,
                        stop_share)  # fmt: skip
    with opened() as house, working("reading and loading"):
        synced = load(house, files, mapping, delivery, dry_run=dry_run)
    if as_json:
        print_document(synced.summary)
        return GOOD
    screen = console()
    if dry_run:
        screen.print("dry run: nothing was loaded", style="bold")
    screen.print(drawing.feed_table(synced.summary))
    for note in drawing.feed_notes(synced.summary):
        screen.print(note, soft_wrap=True)
    for row in synced.summary["quarantined"]:
        screen.print(f"quarantined: {plain(row['line'])}", soft_wrap=True)
        screen.print(f"    {plain(row['hint'])} [{row['code']}]", soft_wrap=True)
    left = synced.summary["quarantined_rows"] - len(synced.summary["quarantined"])
    if left > 0:
        event = synced.summary["event"]
        way = f": `evenkeel quarantine {event} --all` lists them" if event else ""
        screen.print(f"... and {left:,} more{way}")
    fact_changes.show(screen, synced.summary)
    if synced.replayed:
        hint(f"this very feed was loaded before, as event {synced.summary['event']}")
    for notice in synced.summary["notices"]:
        screen.print(f"note: {plain(notice)}", soft_wrap=True)
    hint(synced.summary["next"])
    return GOOD
