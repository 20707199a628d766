"""The command `events`: the log page by page, or one event in full."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.output import GOOD, AsJson, console, hint, print_document

if TYPE_CHECKING:
    from ontology.events import Event
    from service.event_list import EventInFull, EventsPage

MOST_EVENTS = 10_000
LAST = 2**52


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("events")(events)


def events(
    event: Annotated[
        int, typer.Argument(min=0, max=LAST, help="One event in full.", show_default=False)
    ] = 0,
    *,
    chain: Annotated[str, typer.Option(help="Those of this supply chain.")] = "",
    kind: Annotated[str, typer.Option(help="Those of this kind, such as feed.loaded.")] = "",
    source: Annotated[str, typer.Option(help="Deliveries of this source.")] = "",
    after: Annotated[
        int, typer.Option(min=0, max=LAST, help="Those after this one; default the first.")
    ] = 0,
    first: Annotated[
        int, typer.Option("--first", min=1, max=MOST_EVENTS, help="So many events.")
    ] = 20,
    as_json: AsJson = False,
) -> int:
    """What the log holds, in its order: deliveries, plans, releases, and what people settled."""
    from api.commands.server import opened
    from service.event_list import event_in_full, events_page

    if event:
        with opened() as house:
            found = event_in_full(house, event)
        _show_one(found, as_json=as_json)
        return GOOD
    with opened() as house:
        page = events_page(house, chain=chain, kind=kind, source=source, after=after, first=first)
    _show(page, as_json=as_json)
    return GOOD


def _show(page: "EventsPage", *, as_json: bool) -> None:
    from api.screen.event_rows import events_table

    last = page.events[-1].sequence if page.events else 0
    if as_json:
        print_document({"events": [document_of(event) for event in page.events],
                        "next": last if page.more else None})  # fmt: skip
        return
    if not page.events:
        console().print("no such events")
        return
    console().print(events_table(page.events))
    if page.more:
        hint(f"more: --after {last}; one in full: `evenkeel events {last}`")


def _show_one(found: "EventInFull", *, as_json: bool) -> None:
    from api.screen.event_rows import in_full

    if as_json:
        print_document(document_of(found.event) | {
            "artifact_bytes": found.artifact_bytes, "segment": found.segment,
        })  # fmt: skip
        return
    console().print(in_full(found))


def document_of(event: "Event") -> dict[str, Any]:
    """An event as data, without the seed of its salts: that would open what they close."""
    return {
        "sequence": event.sequence, "kind": event.kind, "agent": event.agent,
        "effective_at": event.effective_at.isoformat(),
        "recorded_at": event.recorded_at.isoformat(), "idempotency_key": event.idempotency_key,
        "artifact": event.artifact, "payload": dict(event.payload), "leaf": event.leaf,
    }  # fmt: skip
