"""What every chapter of the demo shares: a heading with its reason, and what was loaded."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from api.output import plain
from api.screen import drawing
from api.screen.amounts import count

FILES_SHOWN = 8


def head(screen: Console, title: str, why: str) -> None:
    """A section's title, and in one sentence why it matters."""
    screen.print()
    screen.print(Text(title, style="bold"))
    screen.print(Text(why, style="italic"))


def indented(screen: Console, text: str, by: int = 2) -> None:
    """A paragraph, set in."""
    screen.print(Padding(Text(text), (0, 0, 0, by), expand=False))


def tell_loaded(screen: Console, feed: drawing.Row) -> None:
    """What became of every row of every file, and how many facts came of it."""
    head(screen, "What was loaded", "Every row of every file is accounted for, or the figures "
          "that follow could rest on rows that silently went missing.")  # fmt: skip
    largest = sorted(feed["files"], key=lambda file: -file["rows"])[:FILES_SHOWN]
    screen.print(drawing.feed_table({"files": [f for f in feed["files"] if f in largest]}))
    more = [file for file in feed["files"] if file not in largest and file["rows"]]
    if more:
        rows = sum(file["rows"] for file in more)
        screen.print(f"and {len(more)} more files with {rows:,} rows, all accounted for")
    for note in drawing.feed_notes(feed):
        indented(screen, note)
    records = ", ".join(f"{name} {n:,}" for name, n in _largest(feed["records"]))
    screen.print(f"As facts: {records}. Event {feed['event']} of the log.")
    refused = feed["quarantined_rows"]
    if not refused:
        screen.print("Quarantined: nothing.")
        return
    screen.print(f"Quarantined: {count(refused, 'row')}, such as")
    for row in feed["quarantined"][:2]:
        indented(screen, plain(row["line"]))
        indented(screen, plain(row["hint"]), 4)


def _largest(records: dict[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(records.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(name, rows) for name, rows in ordered if rows][:6]
