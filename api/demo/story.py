"""The demo: the examples at hand, planned or counted, and where to go from there."""

import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from api.demo import histories as demo_histories
from api.demo import plan as demo_plan
from api.demo import sources as demo_sources
from api.demo.histories import History
from api.demo.sources import Sources
from api.output import plain

if TYPE_CHECKING:
    from graph.progress import Progress
    from service.house import House

HISTORIES = ("scms", "supplygraph")
"""Real histories that have no stock, lanes or orders of a day to plan by."""

Chapter = demo_plan.Chapter | History | Sources
"""A chapter that was lived through, to be told."""


def chapter_names() -> list[str]:
    """The examples at hand, sources that err behind the first; real data where it is present."""
    from service.examples import examples

    first, *others = examples()
    return [first, demo_sources.NAME, *others]


def live(house: "House", name: str, progress: "Progress") -> Chapter:
    """Live through one chapter, for real."""
    if name == demo_sources.NAME:
        return demo_sources.live(house, progress)
    if name in HISTORIES:
        return demo_histories.live(house, name, progress)
    return demo_plan.live(house, name, progress)


def tell(screen: Console, chapter: Chapter) -> None:
    """One chapter, section by section."""
    if isinstance(chapter, Sources):
        demo_sources.tell(screen, chapter)
    elif isinstance(chapter, History):
        demo_histories.tell(screen, chapter)
    else:
        demo_plan.tell(screen, chapter)


def document_of(chapter: Chapter) -> Mapping[str, Any]:
    """A chapter as plain data for `--json`."""
    if isinstance(chapter, Sources):
        return demo_sources.document_of(chapter)
    if isinstance(chapter, History):
        return demo_histories.document_of(chapter)
    return demo_plan.document_of(chapter)


def _typed(command: str) -> str:
    """The command as it must be typed here: with its folder where the shell does not know it."""
    place = Path(sys.executable).parent
    if which("evenkeel") or not (place / "evenkeel").exists():
        return command
    inside = place.is_relative_to(Path.cwd())
    return f"{place.relative_to(Path.cwd()) if inside else place}/{command}"


def tell_where_next(screen: Console, folder: Any) -> None:
    """How to reach the same answers over GraphQL, and the commands to go on with.

    Each names its chain: without one, `latest` is the plan made last, of whatever chain.
    """
    from api.tokens import TOKEN_FILE

    screen.print()
    screen.rule(Text("Now you", style="bold"), characters="=", align="left")
    for command, what in (
        ("evenkeel serve", "GraphQL at http://127.0.0.1:8000/graphql"),
        ("evenkeel query '{ plans(chain: \"two_hubs\") { edges { node { digest } } } }'",
         "the same, without a server"),
        ("evenkeel show latest --chain regional", "the whole plan of a chain"),
        ("evenkeel why 12 --chain regional", "any line explained"),
        ("evenkeel trace latest 12 --chain regional", "where any line comes from"),
        ("evenkeel price residency --chain regional", "what a rule costs"),
        ("evenkeel log prove latest -o proof.json", "a proof that a plan was logged, for anybody"),
        ("evenkeel facts StockPosition --chain two_hubs --effective 2026-03-01T12:00:00Z",
         "the facts themselves, as of any time"),
        ("evenkeel quarantine --chain demo_sources", "rows that were set aside, to fix or discard"),
        ("evenkeel sync FILE --mapping MAPPING --dry-run",
         "data of your own, tried before it is loaded (docs/integrating.md)"),
        ("evenkeel down", "stops the database"),
    ):  # fmt: skip
        screen.print(f"  {_typed(command)}\n      {what}", soft_wrap=True)
    screen.print(f"The API asks for the token in {plain(folder / TOKEN_FILE)}", soft_wrap=True)
