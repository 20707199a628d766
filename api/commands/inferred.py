"""The command `inferred`: what follows from the facts of a chain, and why."""

from dataclasses import asdict
from typing import Annotated

import typer

from api.output import GOOD, AsJson, console, hint, plain, print_document


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("inferred")(inferred)


def inferred(
    word: Annotated[str, typer.Argument(help="Such as within; nothing: every word.")] = "",
    chain: Annotated[str, typer.Option(help="The supply chain.")] = "",
    *,
    first: Annotated[int, typer.Option(min=1, max=200, help="So many.")] = 20,
    after: Annotated[str, typer.Option(help="Those after this one.")] = "",
    as_json: AsJson = False,
) -> int:
    """What is inferred of a chain's present facts, each with the proof down to facts."""
    from api.commands.server import opened
    from api.recall import only_chain
    from api.screen.reliances import proof_texts
    from service.inferred_now import inferred as asked

    with opened() as house:
        found = asked(house, chain or only_chain(house), word, after=after, first=first)
    if as_json:
        print_document({"inferred": [asdict(each) for each in found.proofs],
                        "next_after": found.next_after, "event": found.sequence})  # fmt: skip
        return GOOD
    for each in found.proofs:
        for text in proof_texts(each):
            console().print(plain(text), soft_wrap=True)
    if not found.proofs:
        hint("nothing is inferred")
    if found.next_after:
        hint(f"more: --after '{plain(found.next_after)}'")
    return GOOD
