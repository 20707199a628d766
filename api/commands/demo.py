"""The command `demo`: the whole story on the examples."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from api.output import GOOD, AsJson, console, print_document

if TYPE_CHECKING:
    from service.house import House


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("demo")(demo)


def demo(as_json: AsJson = False) -> int:
    """Tell the whole story on the examples: load, plan, prove, explain, trace."""
    from api.commands.server import opened
    from api.demo import story

    with opened() as house:
        told = [_chapter(house, name, as_json=as_json) for name in story.chapter_names()]
        if as_json:
            print_document({"chapters": told})
        else:
            story.tell_where_next(console(), house.settings.data_folder)
    return GOOD


def _chapter(house: "House", name: str, *, as_json: bool) -> Mapping[str, Any]:
    from api.demo import story
    from api.output import watched

    with watched() as progress:
        chapter = story.live(house, name, progress)
    if not as_json:
        story.tell(console(), chapter)
    return story.document_of(chapter)
