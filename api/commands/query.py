"""The command `query`: a GraphQL document, through the served schema and its limits."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.output import BAD, GOOD, REFUSED, AsJson, print_document
from ontology.errors import InputError, OutsideError

LARGEST_DOCUMENT = 1_000_000
PATH = "/graphql"
SECONDS = 60


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("query")(query)


def query(
    document: Annotated[
        str, typer.Argument(help="GraphQL text, a file, or - for standard input.")
    ] = "-",
    variables: Annotated[str, typer.Option(help="A JSON object, or @file.")] = "",
    server: Annotated[str, typer.Option(help="Ask this served address instead.")] = "",
    as_json: AsJson = False,
) -> int:
    """Run a GraphQL document; the answer is JSON on standard output, errors give exit 1 or 2."""
    body = {"query": _text_of(document), "variables": _variables(variables)}
    answer = _asked(server, body) if server else _answered(body)
    if as_json:
        print_document(answer)
    else:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    return exit_status(answer.get("errors") or ())


def exit_status(errors: Sequence[Mapping[str, Any]]) -> int:
    """That of a command which meets the same errors: BAD where each is of who asks, else REFUSED.

    Of an answer without errors GOOD.
    """
    faults = {error.get("extensions", {}).get("fault") for error in errors}
    if not faults:
        return GOOD
    return BAD if faults <= {"input", "access"} else REFUSED


def _text_of(document: str) -> str:
    if document == "-":
        return sys.stdin.read(LARGEST_DOCUMENT)
    if any(c in document for c in "{}\n"):
        return document
    return _file_text(Path(document))


def _file_text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LARGEST_DOCUMENT)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read `{path}`: {(why or 'unreadable').lower()}",
                         code="QUERY_UNREADABLE", hint="give a file with a GraphQL document, "
                         "its text, or - for standard input") from error  # fmt: skip


def _variables(text: str) -> dict[str, Any]:
    if not text:
        return {}
    content = _file_text(Path(text[1:])) if text.startswith("@") else text
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("the variables are no JSON object", code="BAD_VARIABLES",
                         hint="""such as '{"chain": "two_hubs"}'""")  # fmt: skip
    return found


def _answered(body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the very application that `serve` runs, called in this process."""
    from api.app import create_app
    from api.commands.server import opened
    from api.tokens import local_token

    with opened() as house:
        token = local_token(house.settings.data_folder)
        application = create_app(house, token, False)  # noqa: FBT003
        status, data = asyncio.run(_posted(application, token, json.dumps(body).encode()))
    return _parsed(status, data)


async def _posted(application: Any, token: str, body: bytes) -> tuple[int, bytes]:
    """One POST through the ASGI interface, without a socket."""
    status, chunks, sent = 0, [], False
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        "headers": [
            (b"host", b"127.0.0.1"), (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", f"Bearer {token}".encode()),
        ],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # the caller never hangs up before the answer
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await application(scope, receive, send)
    return status, b"".join(chunks)


def _asked(server: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of a served address, with the token of this data folder."""
    import requests

    from api.tokens import local_token
    from graph.settings import settings_from_environment

    token = local_token(settings_from_environment().data_folder)
    address = server.rstrip("/")
    address = address if address.endswith(PATH) else address + PATH
    try:
        answer = requests.post(address, json=body, timeout=SECONDS, allow_redirects=False,
                               headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    except requests.RequestException as error:
        raise OutsideError(f"nobody answers at `{address}`", code="SERVICE_UNREACHABLE",
                           hint="start it with `evenkeel serve`, or leave out --server"
                           ) from error  # fmt: skip
    return _parsed(answer.status_code, answer.content)


def _parsed(status: int, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.keys() & {"data", "errors"}:
        said = data[:200].decode("utf-8", "replace")
        raise OutsideError(f"the service answered {status} without GraphQL: `{said}`",
                           code="SERVICE_ANSWER", hint="check the address")  # fmt: skip
    return found
