"""The command `report`: a period as a page that is printed and handed on, with its proofs."""

from pathlib import Path
from typing import Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document, working
from ontology.errors import InputError

PROOFS = ".proofs.json"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("report")(report)


def report(
    since: Annotated[str, typer.Option(help="The first day, such as 2026-03-01 (UTC).")],
    until: Annotated[str, typer.Option(help="The last day; it is included.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write this page, and beside it the file of proofs."),
    ] = None,
    chain: Annotated[str, typer.Option(help="This chain alone, and what is of no chain.")] = "",
    *,
    prices: Annotated[
        bool, typer.Option(help="What rules cost in the last plan: it is made again for each.")
    ] = True,
    as_json: AsJson = False,
) -> int:
    """Exceptions, overrides, approvals, prices of rules, exposures of a period, with proofs."""
    from api.commands.server import opened
    from service.persons import acting
    from service.reporting.period import Period, day_of
    from service.reporting.proofs import report_proofs
    from service.reporting.report import make_report

    period = Period(day_of(since), day_of(until))
    beside = None if out is None else out.with_name(out.name + PROOFS)
    if out is not None:
        _hold_new(out)
    if beside is not None:
        _hold_new(beside)
    with opened() as house, working("reading the log"):
        agent = acting(house)
        made = make_report(house, period, agent, chain, prices=prices)
        proofs = b"" if beside is None else report_proofs(house, made, agent)
    if out is not None and beside is not None:
        from service.exporting import write_new

        write_new(out, [made.page])
        write_new(beside, [proofs.decode()])
    if as_json:
        print_document({
            "report": made.digest, "page": made.page_digest,
            "event": made.event.sequence if made.event else None, "document": made.document,
            "files": [] if out is None else [str(out), str(beside)],
        })  # fmt: skip
        return GOOD
    _show(made.document["sections"], made.digest)
    if out is not None:
        hint(f"wrote {out} and {beside}")
        hint(f"check it anywhere: `evenkeel log verify {beside} --artifact {out} --key KEY`")
    return GOOD


def _hold_new(path: Path) -> None:
    """Nothing is logged for a file that then cannot be written."""
    if path.exists() or not path.parent.is_dir():
        raise InputError(f"`{path}` is there already, or its folder is not", code="OUTPUT_FAILED",
                         hint="name a file that is not there yet")  # fmt: skip


def _show(sections: "list[dict[str, object]]", digest: str) -> None:
    from api.screen import drawing

    made = drawing.table("section", "rows", numbers=["rows"])
    for part in sections:
        drawing.add(made, part["title"], f"{part['count']:,}")
    console().print(made)
    console().print(plain(f"SHA-256 of the document: {digest}"), style="dim", soft_wrap=True)
