"""The commands `log ...`: signed checkpoints of the log, proofs of events, and their check."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from api.output import GOOD, AsJson, hint, plain, print_document
from ontology.errors import AccessError, InputError, OutsideError, StateError

if TYPE_CHECKING:
    from ontology.events import Event
    from service.house import House

LARGEST_BYTES = 2**29
T = TypeVar("T")
log = typer.Typer(help="The log as others can check it: checkpoints, proofs, keys, witnesses.",
                  rich_markup_mode=None)  # fmt: skip

Size = Annotated[
    int | None, typer.Option("--at", min=1, help="The log when it had so many events.")
]
Out = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write a file; else it is printed.")
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", help="Public key of the log, or a file that holds it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for name, command in (
        ("checkpoint", checkpoint), ("prove", prove), ("consistency", consistency),
        ("partner", partner), ("verify", verify), ("key", key), ("witness", witness),
        ("cosigned", cosigned), ("tools", tools),
    ):  # fmt: skip
        log.command(name)(command)
    app.add_typer(log, name="log")


def checkpoint(at: Size = None, output: Out = None, as_json: AsJson = False) -> int:
    """Sign the log as it is, and print the checkpoint: origin, events, root, signatures."""
    from api.commands.server import opened
    from service.persons import acting
    from service.transparency import checkpoint as sign

    with opened() as house:
        made = sign(house, acting(house), at or 0)
    if as_json and output is None:
        print_document({"origin": made.origin, "size": made.size, "root": made.root.hex(),
                        "checkpoint": made.text})  # fmt: skip
    else:
        _give(output, made.text.encode(), as_json=as_json)
    return GOOD


def prove(
    target: Annotated[
        str, typer.Argument(metavar="EVENT|PLAN", help="Its number, or a plan's digest or `latest`")
    ],
    at: Size = None,
    since: Annotated[
        Path | None, typer.Option(help="An older checkpoint that you have: prove it continued.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Show this field alone (or these); hide the others.")
    ] = None,
    line: Annotated[
        list[int] | None, typer.Option(help="Of a plan: show this line (or these), too.")
    ] = None,
    output: Out = None,
    as_json: AsJson = False,
) -> int:
    """Write the file that proves an event, or the making of a plan, to stand in the log."""
    from api.commands.server import opened
    from service.persons import acting
    from service.transparency import prove as make_proof

    older = _text_of(since) if since else ""
    with opened() as house:
        made = make_proof(house, _event_of(house, target), acting(house), size=at or 0, since=older,
                          only=only, lines=line or [])  # fmt: skip
    _give(output, made, as_json=as_json)
    hint("check it anywhere: `evenkeel log verify FILE --key KEY`, KEY as `evenkeel log key` says")
    return GOOD


def partner(
    plan: Annotated[str, typer.Argument(help="A plan's digest, or `latest`.")],
    name: Annotated[
        str, typer.Argument(metavar="[PARTNER]", help="Supplier/NAME, Carrier/NAME, Customer/NAME.")
    ] = "",
    at: Size = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint that the partner has: prove it continued.")
    ] = None,
    output: Out = None,
    as_json: AsJson = False,
) -> int:
    """Write the file that shows a partner its own lines of a plan; without one, list partners."""
    from api.commands.server import opened
    from service.persons import acting
    from service.transparency import partner_bundle, partners_of

    older, made, partners = _text_of(since) if since else "", b"", list[str]()
    with opened() as house:
        event = _event_of(house, plan)
        if name:
            made = partner_bundle(house, event, name, acting(house), size=at or 0, since=older)
        else:
            partners = partners_of(house, event)
    if name:
        _give(output, made, as_json=as_json)
        hint("the partner checks it: `python log_verifier.py FILE --key KEY`, see `log tools`")
    elif as_json:
        print_document({"partners": partners})
    else:
        typer.echo("\n".join(partners) or "no line of the plan names a partner")
    return GOOD


def consistency(
    old: Annotated[str, typer.Argument(help="The older checkpoint: a file, or a size.")],
    new: Annotated[str, typer.Argument(help="The newer one; by default the present log.")] = "0",
    output: Out = None,
    as_json: AsJson = False,
) -> int:
    """Write the file that proves that the log only grew between two checkpoints."""
    from api.commands.server import opened
    from service.persons import acting
    from service.transparency import consistency_proof

    named = [int(one) if one.isdecimal() else _text_of(Path(one)) for one in (old, new)]
    with opened() as house:
        made = consistency_proof(house, acting(house), named[0], named[1])
    _give(output, made, as_json=as_json)
    return GOOD


def verify(
    file: Annotated[Path, typer.Argument(help="What `log prove` or `log consistency` wrote.")],
    keys: Keys = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="Public key of a witness that must have cosigned.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint that you have: the log must continue it.")
    ] = None,
    artifact: Annotated[
        Path | None, typer.Option(help="The event's content, such as a plan.json, or a page.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check a proof without database or network; exit 1 if it is refused, 2 if unreadable.

    Without --key the keys of this data folder's own log are trusted.
    """
    from graph.transparency import log_verifier, report_verifier

    data, content = bytes_of(file), bytes_of(artifact) if artifact else None
    older = _text_of(since) if since else ""
    check = report_verifier.verify if report_verifier.is_report(data) else log_verifier.verify
    found = checked(lambda: check(
        data, trusted_keys(keys),
        witnesses=[_key_text(one) for one in witness or []], since=older, artifact=content,
    ))  # fmt: skip
    if as_json:
        print_document(found)
    else:
        _show_verdict(found)
    return GOOD


def key(
    rotate: Annotated[bool, typer.Option("--rotate", help="Put a new key in force.")] = False,
    as_json: AsJson = False,
) -> int:
    """The public key that signs the log, and the ones before it, each with its event."""
    from api.commands.server import opened
    from service.persons import acting
    from service.transparency import keys_of, signer_of

    with opened() as house:
        agent = acting(house)
        if rotate:
            signer_of(house).rotate(agent)
        present, named = keys_of(house, agent)
    if as_json:
        print_document({"key": present.text, "named": [
            {"event": event, "since": since, "key": text} for event, since, text in named
        ]})  # fmt: skip
        return GOOD
    typer.echo(present.text)
    for event, since, text in named:
        state = "in force" if text == present.text else "replaced"
        hint(f"event {event:,}, {since[:19]}: {state}, {text}")
    return GOOD


def witness(
    folder: Annotated[Path, typer.Argument(help="What this witness keeps: key, last checkpoints.")],
    file: Annotated[Path, typer.Argument(help="A checkpoint, or a consistency proof to one.")],
    keys: Keys = None,
    name: Annotated[str, typer.Option(help="The name of a new witness.")] = "",
    output: Out = None,
    as_json: AsJson = False,
) -> int:
    """Cosign a checkpoint of another's log, if it continues the last one seen; keep that."""
    from graph.transparency import log_witness

    data = bytes_of(file)
    trusted = [_key_text(one) for one in keys or []]
    made = checked(
        lambda: log_witness.Witness(folder, name).cosign(data, trusted, int(time.time()))
    )
    if as_json:
        print_document({"witness": made.key.text, "size": made.checkpoint.size,
                        "checkpoint": made.checkpoint.text})  # fmt: skip
        return GOOD
    _give(output, made.checkpoint.text.encode())
    hint(f"cosigned by {made.key.text}")
    return GOOD


def cosigned(
    file: Annotated[Path, typer.Argument(help="The checkpoint as the witness gave it back.")],
    witness: Annotated[str, typer.Option(help="The public key that the witness printed.")],
    as_json: AsJson = False,
) -> int:
    """Keep a witness's signature with the checkpoint, so that proofs carry it."""
    from api.commands.server import opened
    from service.transparency import add_cosignature

    text = _text_of(file)
    with opened() as house:
        made = add_cosignature(house, text, _key_text(witness))
    if as_json:
        print_document({"size": made.size, "checkpoint": made.text})
        return GOOD
    typer.echo(f"the checkpoint of {made.size:,} events has {len(made.signatures)} signatures")
    return GOOD


def tools(
    folder: Annotated[Path, typer.Argument(help="Where to.")],
    as_json: AsJson = False,
) -> int:
    """Copy the verifier and the witness out: they need only Python and `cryptography`."""
    from service.transparency import copy_tools

    try:
        made = copy_tools(folder)
    except OSError as error:
        raise OutsideError(f"cannot write into `{folder}`: {error.strerror}", code="OUTPUT_FAILED",
                           hint="name a folder that you may write") from error  # fmt: skip
    if as_json:
        print_document({"files": [str(path) for path in made]})
        return GOOD
    for path in made:
        typer.echo(str(path))
    return GOOD


def checked(work: Callable[[], T]) -> T:
    """The answer of the verifier or witness; its refusals as errors that a command tells."""
    from graph.transparency.log_verifier import Refused, Unreadable
    from graph.transparency.log_witness import Forked
    from graph.transparency.signing_key import KeyExposed

    try:
        return work()
    except Unreadable as error:
        raise InputError(str(error), code="PROOF_UNREADABLE",
                         hint="give the file as it was written, and keys as they were printed"
                         ) from error  # fmt: skip
    except Forked as error:
        raise StateError(str(error), code="LOG_FORKED", hint="nothing was cosigned; show the "
                         "evidence to all who trust this log") from error  # fmt: skip
    except Refused as error:
        raise StateError(str(error), code="PROOF_REFUSED",
                         hint="it proves nothing as it is") from error  # fmt: skip
    except KeyExposed as error:
        raise AccessError("others may read the witness's key", code="KEY_EXPOSED",
                          hint="begin a new witness in a new folder") from error  # fmt: skip
    except (OSError, ValueError) as error:
        raise OutsideError("the witness's folder cannot be used", code="WITNESS_FOLDER",
                           hint="name a folder that you may write, and that nobody changed"
                           ) from error  # fmt: skip


def _show_verdict(found: dict[str, Any]) -> None:
    typer.echo(f"log          {plain(found['origin'])}, {found['size']:,} events, "
               f"root {found['root']}")  # fmt: skip
    if found["since"] is not None:
        typer.echo(f"continues    your checkpoint of {found['since']:,} events")
    for text, seconds in found["witnesses"].items():
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
        typer.echo(f"cosigned     {when} UTC, {plain(text)}")
    if found["proves"] == "fork":
        typer.echo(f"FORK         it has signed another root, too: {found['other_root']}")
    elif found["proves"] == "consistency":
        typer.echo(f"proved       it only grew since it had {found['old_size']:,} events")
    else:
        _show_event(found)
    if found["proves"] == "report":
        rows = sum(found["counts"].values())
        typer.echo(f"report       {' to '.join(found['period'])}: {rows:,} rows, and all "
                   f"{found['events']:,} events that they name")  # fmt: skip
    if found["proves"] == "partner":
        typer.echo(f"partner      {plain(found['partner'])}: {len(found['lines'])} lines, all that "
                   "the log states of it")  # fmt: skip


def _show_event(found: dict[str, Any]) -> None:
    typer.echo(f"proved       event {found['event']:,}, {plain(found['kind'])}, is in this log")
    if plan := found["fields"].get("payload.plan"):
        typer.echo(f"plan         {plain(plan)}")
    for name, value in found["fields"].items():
        typer.echo(f"             {plain(name)}: {plain(value)[:200]}")
    for shown in found["lines"]:
        typer.echo(f"line         {plain(shown)[:200]}")
    if found["hidden"]:
        typer.echo(f"hidden       {plain(', '.join(found['hidden']))}")


def _event_of(house: "House", target: str) -> "Event":
    from api.recall import find_plan
    from service.transparency import event_at, event_of_plan

    if target.isdecimal() and len(target) < 16:
        return event_at(house, int(target))
    return event_of_plan(house, find_plan(house, target).plan.digest)


def trusted_keys(given: list[str] | None) -> list[str]:
    """The keys that were given, each as text or a file that holds it; else those of this folder."""
    return [_key_text(one) for one in given] if given else _own_keys()


def _own_keys() -> list[str]:
    """The keys of this data folder's log, as far as there are any."""
    from graph.settings import settings_from_environment
    from graph.transparency.log_verifier import SIGNS
    from graph.transparency.signed_checkpoints import SignedCheckpoints
    from service.house import transparency_folder

    known = SignedCheckpoints(transparency_folder(settings_from_environment())).keys()
    if found := [key.text for key in known if key.kind == SIGNS]:
        return found
    raise InputError("name the public key of the log", code="KEY_NEEDED",
                     hint="give --key, as its operator publishes it: a proof under any key proves "
                     "nothing")  # fmt: skip


def _key_text(given: str) -> str:
    """A key as it was given, or the first line of a file that holds it."""
    if "+" in given:
        return given.strip()
    return (_text_of(Path(given)).splitlines() or [""])[0].strip()


def _text_of(path: Path) -> str:
    try:
        return bytes_of(path).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"`{path}` is not UTF-8 text", code="PROOF_UNREADABLE",
                         hint="give the file as it was written") from error  # fmt: skip


def bytes_of(path: Path) -> bytes:
    """A file that somebody names. Raises InputError `PROOF_UNREADABLE`."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        raise InputError(f"cannot read `{path}`: {(why or 'unreadable').lower()}",
                         code="PROOF_UNREADABLE", hint="name a file") from error  # fmt: skip


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutsideError(f"cannot write `{path}`: {error.strerror}", code="OUTPUT_FAILED",
                           hint="name another file") from error  # fmt: skip


def _give(output: Path | None, data: bytes, *, as_json: bool = False) -> None:
    """Print what was made, or write it into a file and say so."""
    if output is None:
        typer.echo(data, nl=False)
        return
    with _written(output):
        output.write_bytes(data)
    if as_json:
        print_document({"output": str(output), "bytes": len(data)})
    else:
        hint(f"wrote {output}")
