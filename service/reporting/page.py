"""The page of a report: one HTML file without script or outside parts, to read and to print."""

import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

Row = Mapping[str, Any]
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Characters that show nothing, or turn the direction of what is around them."""

HEADINGS = ("Event", "Recorded, UTC", "Who", "About", "What", "Why", "Digests")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
  max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: #0b4f9c; } :focus-visible { outline: 3px solid #0b4f9c; }
@media print {
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; }
  nav { display: none; } a { color: inherit; text-decoration: none; }
  @page { margin: 15mm; }
}
"""


def page_of(document: Row, digest: str, told: Callable[[str], str] = str) -> str:
    """The whole page. Every text of the document is escaped, and set apart in its direction.

    `told` puts names in place of pseudonyms. Equal arguments give equal pages.
    """
    title = f"Evenkeel report, {document['since']} to {document['until']}"
    return "".join([
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        f"<header>\n<h1>{escape(title)}</h1>\n", *_about(document, digest), "</header>\n<main>\n",
        *_contents(document), *(part for one in document["sections"]
                                for part in _section(one, told)),
        "</main>\n</body>\n</html>\n",
    ])  # fmt: skip


def shown(text: object) -> str:
    """A text as part of a page: escaped, what shows nothing written out, apart in its direction."""
    seen = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))
    return f"<bdi>{escape(seen)}</bdi>"


def _about(document: Row, digest: str) -> Iterator[str]:
    chain, log = document["chain"], document["log"]
    what = f"the chain {shown(chain)}" if chain else "all chains"
    first, last = log["events_before"] + 1, log["size"]
    yield (f"<p>About {what}: events {first:,} to {last:,} of the log, {document['events']:,} of "
           "them read. Days are those of UTC; both ends are included.</p>\n")  # fmt: skip
    yield (f"<p>SHA-256 of the document that this page shows: <code>{escape(digest)}</code>. Root "
           f"of the log at {last:,} events: <code>{escape(log['root'])}</code>.</p>\n")  # fmt: skip
    yield ("<p>Every row names its event and the leaf of it. The file of proofs that was written "
           "with this page shows that the document and each event stand in the log, and nothing "
           "was changed since; <code>evenkeel log verify PROOFS --artifact PAGE</code> checks it."
           " It does not show that nothing was left out: who holds the log sees that by making "
           "the report again.</p>\n")  # fmt: skip


def _contents(document: Row) -> Iterator[str]:
    yield ('<nav aria-label="Sections">\n<table>\n<caption>What is in it</caption>\n<thead><tr>'
           '<th scope="col">Section</th><th scope="col" class="number">Rows</th></tr></thead>\n'
           "<tbody>\n")  # fmt: skip
    for one in document["sections"]:
        yield (f'<tr><th scope="row"><a href="#{escape(one["key"])}">{escape(one["title"])}</a>'
               f'</th><td class="number">{one["count"]:,}</td></tr>\n')  # fmt: skip
    yield "</tbody>\n</table>\n</nav>\n"


def _section(section: Row, told: Callable[[str], str]) -> Iterator[str]:
    key = escape(section["key"])
    yield (f'<section id="{key}" aria-labelledby="{key}-title">\n<h2 id="{key}-title">'
           f"{escape(section['title'])} ({section['count']:,})</h2>\n"
           f"<p>{escape(section['meaning'])}</p>\n")  # fmt: skip
    if section["rows"]:
        yield f"<table>\n<caption>{escape(section['title'])}</caption>\n<thead><tr>"
        yield from (f'<th scope="col">{name}</th>' for name in HEADINGS)
        yield "</tr></thead>\n<tbody>\n"
        yield from (_row(row, told) for row in section["rows"])
        yield "</tbody>\n</table>\n"
    else:
        yield "<p>None.</p>\n"
    yield "</section>\n"


def _row(row: Row, told: Callable[[str], str]) -> str:
    digests = {"leaf": row["leaf"], **row["digests"]}
    names = "<br>".join(f"{escape(name)} <code>{escape(str(one))}</code>"
                        for name, one in sorted(digests.items()))  # fmt: skip
    when = escape(str(row["recorded_at"])[:19].replace("T", " "))
    texts = (told(str(row["agent"])), told(row["about"]), told(row["says"]), told(row["reason"]))
    cells = "".join(f"<td>{shown(text)}</td>" for text in texts)
    return (f'<tr><th scope="row">{row["event"]:,} {shown(row["kind"])}</th><td>{when}</td>'
            f"{cells}<td>{names}</td></tr>\n")  # fmt: skip
