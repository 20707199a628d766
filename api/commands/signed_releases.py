"""The commands that hand a release out with its proofs, and check one anywhere."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.release_decisions import (
    Which,
)
from api.output import (
    GOOD,
    AsJson,
    hint,
    plain,
    print_document,
)
from ontology.errors import OutsideError


def export(
    release: Which,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    as_json: AsJson = False,
) -> int:
    """Write a release with proofs that the signed log holds its proposal and what came of it."""
    from api.commands.server import opened
    from service.governing.signed_releases import signed_release
    from service.persons import acting

    with opened() as house:
        data = signed_release(house, release, acting(house))
    try:
        output.write_bytes(data)
    except OSError as error:
        raise OutsideError(f"cannot write `{output}`: {error.strerror}", code="OUTPUT_FAILED",
                           hint="name another file") from error  # fmt: skip
    if as_json:
        print_document({"output": str(output), "bytes": len(data)})
    hint(f"wrote {output}: `evenkeel policy verify {output} --key KEY` checks it anywhere")
    return GOOD


def verify(
    file: Annotated[Path, typer.Argument(help="What `policy export` wrote.")],
    key: Annotated[
        list[str] | None, typer.Option(help="Public key of the log, or a file that holds it.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint that you have: the log must continue it.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check a release without database or network: its digest, and that the signed log has it."""
    from api.commands.log import bytes_of, checked, trusted_keys
    from service.governing.signed_releases import verify_release

    data, older = bytes_of(file), bytes_of(since).decode() if since else ""
    found = checked(lambda: verify_release(data, trusted_keys(key), older))
    if as_json:
        print_document(found)
        return GOOD
    typer.echo(f"release      {found['digest']}, {plain(found['name'])} {plain(found['version'])}")
    typer.echo(f"log          {plain(found['origin'])}, {found['size']:,} events")
    for each in found["events"]:
        typer.echo(f"proved       event {each['event']:,}, {plain(each['kind'])}, by "
                   f"{plain(each['agent'])}")  # fmt: skip
    return GOOD
