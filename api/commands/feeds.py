"""The commands `feeds ...`: which sources may be delivered from outside, and by which mapping."""

import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document

if TYPE_CHECKING:
    from service.doors.topic import Taken

feeds = typer.Typer(help="Sources that may be delivered from outside, each by its mapping.",
                    rich_markup_mode=None)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    feeds.command("register")(register_mapping)
    feeds.command("list")(list_registered)
    feeds.command("forget")(forget_source)
    feeds.command("follow")(follow_topic)
    app.add_typer(feeds, name="feeds")


def register_mapping(
    mapping: Annotated[Path, typer.Argument(help="The mapping, a YAML file.")],
    as_json: AsJson = False,
) -> int:
    """Let the source of a mapping be delivered by it; a copy of the mapping is kept."""
    from graph.settings import settings_from_environment
    from service.doors.registered import register as keep

    found = keep(settings_from_environment().data_folder, mapping)
    if as_json:
        print_document({"source": found.source, "chain": found.chain, "digest": found.digest})
        return GOOD
    typer.echo(f"{found.source} may be delivered for {found.chain}, by {mapping.name}")
    hint(f"while `evenkeel serve` runs: POST /feeds/{found.source}")
    return GOOD


def list_registered(as_json: AsJson = False) -> int:
    """The sources that may be delivered from outside."""
    from api.screen import drawing
    from graph.settings import settings_from_environment
    from service.doors.registered import registered

    found = registered(settings_from_environment().data_folder)
    if as_json:
        print_document([
            {"source": one.source, "chain": one.chain, "version": one.version,
             "digest": one.digest, "files": [rule.file for rule in one.files]}
            for one in found
        ])  # fmt: skip
        return GOOD
    made = drawing.table("source", "chain", "files")
    for one in found:
        files = "by class" if one.by_class else ", ".join(rule.file for rule in one.files)
        drawing.add(made, one.source, one.chain, files)
    console().print(made if found else "no source is registered")
    return GOOD


def forget_source(
    source: Annotated[str, typer.Argument(help="The source.")], as_json: AsJson = False
) -> int:
    """Let nobody deliver for a source any more; what it delivered stays."""
    from graph.settings import settings_from_environment
    from service.doors.registered import forget

    forget(settings_from_environment().data_folder, source)
    if as_json:
        print_document({"forgotten": source})
    else:
        typer.echo(f"{source} may no longer be delivered from outside")
    return GOOD


def follow_topic(
    source: Annotated[str, typer.Argument(help="A registered source.")],
    topic: Annotated[str, typer.Argument(help="The Kafka topic whose records are deliveries.")],
    *,
    brokers: Annotated[str, typer.Option(help="host:port, comma between.")] = "localhost:9092",
    group: Annotated[str, typer.Option(help="The consumer group, which remembers how far.")] = (
        "evenkeel"
    ),
    settings: Annotated[
        Path | None, typer.Option(help="Settings of librdkafka, name=value a line.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End with the last record there is.")
    ] = False,
) -> int:
    """Sync each record of a Kafka topic as a delivery, until interrupted."""
    from api.commands.server import opened
    from service.doors.topic import Topic, follow, read_settings

    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    said = read_settings(settings) if settings else {}
    with opened() as house:
        follow(house, Topic(topic, brokers, group, said), source, _tell, once=once, stop=stop)
    return GOOD


def _tell(taken: "Taken") -> None:
    if taken.refusal is not None:
        why = f"{taken.refusal} [{taken.refusal.code}]"
        typer.echo(f"{taken.place}: refused: {plain(why)}")
        return
    summary = taken.synced.summary if taken.synced else {}
    again = ", delivered before" if summary["replayed"] else ""
    left = (
        f", {summary['quarantined_rows']:,} rows set aside" if summary["quarantined_rows"] else ""
    )
    typer.echo(f"{taken.place}: event {summary['event']}{again}{left}")
