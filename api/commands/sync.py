"""The command `sync`: files through a mapping into facts, or what that would change."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, time_of, working

if TYPE_CHECKING:
    from service.house import House
    from service.intake.sync import Synced

STDIN = Path("-")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("sync")(sync)


def sync(
    files: Annotated[list[Path], typer.Argument(help="Files, folders of files, or - (stdin).")],
    mapping: Annotated[Path, typer.Option("--mapping", help="The mapping, a YAML file.")],
    *,
    name: Annotated[str, typer.Option(help="Which file of the mapping standard input is.")] = "",
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
    correlation: Annotated[str, typer.Option(help="What the sender's traces call it.")] = "",
    schema_version: Annotated[str, typer.Option(help="The sender's own form of the rows.")] = "",
    confidence: Annotated[
        int | None, typer.Option(min=0, max=100, help="How sure the sender is, in percent.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load nothing: tell what would change.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Load files through a mapping; every row is loaded, merged or quarantined with its reason."""
    from api.commands.server import LOCAL_AGENT, opened
    from service.intake.deliveries import Delivery
    from service.intake.sync import sync as load
    from service.persons import acting

    since = time_of(effective, "--effective") if effective else None
    delivery = Delivery(LOCAL_AGENT, feed, since, source_sequence, supersedes, close_all,
                        stop_share, correlation, schema_version, confidence)  # fmt: skip
    with (
        opened() as house, working("reading and loading"),
        _given(house, files, mapping, name) as paths,
    ):  # fmt: skip
        delivery = replace(delivery, agent=acting(house))
        synced = load(house, paths, mapping, delivery, dry_run=dry_run)
    if as_json:
        print_document(synced.summary)
    else:
        show(synced, dry_run=dry_run)
    return GOOD


def show(synced: "Synced", *, dry_run: bool) -> None:
    """The account of a delivery: files, what was set aside, what changed, notes, what is next."""
    from api.screen import drawing, fact_changes

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
    if synced.event is not None and not synced.replayed:
        screen.print(plain(f"delivery {synced.summary['feed']} is event {synced.event.sequence} of "
                           "the log"), soft_wrap=True)  # fmt: skip
    if synced.replayed:
        hint(f"this very feed was loaded before, as event {synced.summary['event']}")
    for notice in synced.summary["notices"]:
        screen.print(f"note: {plain(notice)}", soft_wrap=True)
    hint(synced.summary["next"])


@contextmanager
def _given(
    house: "House", files: list[Path], mapping: Path, name: str
) -> Iterator[list[Path]]:  # fmt: skip
    """The files, or standard input as a private file while the block runs."""
    from feeds.mapping_text import load_mapping
    from ontology.errors import InputError
    from service.doors.spool import receive, rule_meant, spool

    if STDIN not in files:
        if name:
            raise InputError("`--name` is for standard input alone", code="NAME_UNUSED",
                             hint="a file on disk is known by its own name")  # fmt: skip
        yield files
        return
    if len(files) > 1:
        raise InputError("standard input is one file, and others were given beside it",
                         code="STDIN_ALONE", hint="give `-` alone, or files alone")  # fmt: skip
    file = rule_meant(load_mapping(mapping), name).file
    with spool(house.settings.data_folder) as folder:
        yield [receive(sys.stdin.buffer, folder, file)]
