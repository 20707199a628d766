"""What a command writes: its answer on standard output, all else on standard error."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ontology.errors import EvenkeelError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from graph.progress import Progress

GOOD, REFUSED, BAD, INTERRUPTED = 0, 1, 2, 130

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def print_document(document: Any) -> None:
    """One JSON document on standard output; what is no JSON value is written as its text."""
    typer.echo(json.dumps(document, default=str, allow_nan=False))


def console() -> "Console":
    """Standard output for people: no markup, so that data never styles itself.

    Not a single control code is written where `styled` says so.
    """
    from rich.console import Console

    rich = styled(sys.stdout)
    return Console(markup=False, emoji=False, highlight=False, force_terminal=rich,
                   color_system="auto" if rich else None)  # fmt: skip


def styled(stream: TextIO) -> bool:
    """Whether control codes may go to a stream: a terminal that is not dumb, without NO_COLOR.

    An empty NO_COLOR counts as none (https://no-color.org).
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def hint(text: str) -> None:
    """What to do next, on standard error."""
    typer.echo(text, err=True)


def warn_unknown(unknown: list[str]) -> None:
    """That names hold for nothing so far, each on a line of standard error."""
    for each in unknown:
        hint(plain(f"warning: {each}: this holds for nothing so far"))


def failure(error: EvenkeelError) -> dict[str, str]:
    """An error as `--json` and the API say it."""
    return {"code": error.code, "message": plain(str(error)), "hint": plain(error.hint)}


def report(error: EvenkeelError, *, as_json: bool) -> None:
    """One line and a hint on standard error, or one JSON document on standard output."""
    if as_json:
        print_document({"error": failure(error)})
        return
    hint(f"error: {plain(str(error))}")
    advice = plain(error.hint)
    hint(f"hint: {advice} [{error.code}]" if advice else f"code: {error.code}")


def time_of(text: str, option: str) -> datetime:
    """A time with its offset from UTC, as ISO 8601. Raises InputError `BAD_TIME`."""
    from ontology.time_zones import FIRST_YEAR, LAST_YEAR

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InputError(
            f"`{plain(text)}` is no time with an offset from UTC, as {option} wants it",
            code="BAD_TIME", hint="write it like 2026-03-01T06:00:00Z or "
            f"2026-03-01T07:00:00+01:00, in the years {FIRST_YEAR} to {LAST_YEAR}",
        )  # fmt: skip
    return found


def plain(value: Any) -> str:
    """A value as text on one line; control characters, which could drive a terminal, are shown.

    Persons are shown by name, as far as the data folder knows it.
    """
    text = "" if value is None else str(value)
    text = _named(text) if "person:" in text else text
    return "".join(c if c.isprintable() else " " if c in "\n\t\r" else "\N{REPLACEMENT CHARACTER}"
                   for c in text)  # fmt: skip


def _named(text: str) -> str:
    """A text with the names of persons, as far as this data folder knows them."""
    from graph.persons import Persons
    from graph.settings import settings_from_environment

    with suppress(EvenkeelError):  # who cannot be named is no reason to say nothing
        return Persons(settings_from_environment().data_folder).told(text)
    return text


@contextmanager
def working(what: str) -> "Iterator[None]":
    """Names a step that may take more than a second, while a person watches it."""
    with watched() as progress:
        progress(what, 0, 0)
        yield


@contextmanager
def watched() -> "Iterator[Progress]":
    """Progress as bars on standard error where a person watches and it may draw, else nothing."""
    from graph.progress import drawn, silent

    if not styled(sys.stderr):
        yield silent
        return
    with drawn() as progress:
        yield progress
