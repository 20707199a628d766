"""The log as others can check it: signed checkpoints, proofs as files, keys, witnesses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from graph.transparency import log_verifier, log_witness, report_verifier, signing_key
from graph.transparency.log_verifier import (
    COSIGNS,
    Checkpoint,
    PublicKey,
    Refused,
    read_checkpoint,
    read_key,
)
from graph.transparency.partner_lines import PARTNERS_ROOT, partner_part, views_of
from graph.transparency.proof_documents import (
    Provable,
    consistency_file,
    event_proof,
    line_proofs,
)
from graph.transparency.signed_checkpoints import forked
from graph.transparency.signer import Signer
from ontology.errors import InputError, StateError
from ontology.events import PLAN_MADE, Event
from service.house import SERVICE_AGENT, House, transparency_folder

LINES_ROOT = "payload.lines_root"
SHOWN_TO_PARTNERS = frozenset({"payload.plan", f"payload.{PARTNERS_ROOT}", "recorded_at"})
TOOLS = (log_verifier, signing_key, log_witness, report_verifier)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an event stands in the log of a size: hashes from its leaf up to the root."""

    event: int
    leaf: str
    size: int
    root: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log of one size begins the log of another."""

    old_size: int
    old_root: str
    size: int
    root: str
    hashes: tuple[str, ...]


def signer_of(house: House) -> Signer:
    """Who signs the log of a data folder; a key that it logs answers nobody's request."""
    projection = house.projection
    return Signer(transparency_folder(house.settings),
                  projection.on(projection.log.plainly()))  # fmt: skip


def checkpoint(house: House, agent: str, size: int = 0) -> Checkpoint:
    """The signed checkpoint of the log, or of a size that it had. Raises as `Signer` does."""
    return signer_of(house).checkpoint(agent, size)


def unsigned(house: House, size: int = 0) -> tuple[int, str]:
    """What a checkpoint would say, unsigned: the size and the root. Raises InputError `LOG_SIZE`"""
    proofs = signer_of(house).proofs
    tree = proofs.tree(size or proofs.head().size)
    return tree.size, tree.root.hex()


def present_checkpoint(house: House) -> Checkpoint | None:
    """The newest signed checkpoint; None where there is none yet. It signs nothing.

    Raises StateError `LOG_FORKED` where the log does not continue it.
    """
    return signer_of(house).newest()


def prove(
    house: House, event: Event, agent: str, *, size: int = 0, since: str = "",
    only: Collection[str] | None = None, lines: Sequence[int] = (),
) -> bytes:  # fmt: skip
    """The file that proves an event to stand in the log, of a size where one is named.

    `since` is the text of an older checkpoint that the file is to continue. `only` are the fields
    that are shown, by default all; `lines` are numbers of lines of a plan, shown each with its
    proof. Raises InputError `LOG_SIZE`, `FIELD_UNKNOWN`, `LINE_UNKNOWN`, `CHECKPOINT_STRANGE`;
    StateError `LOG_FORKED`.
    """
    signer = signer_of(house)
    under = signer.store.provable(signer.checkpoint(agent, size))
    head = under[0]
    path = signer.proofs.inclusion(event.sequence, bytes.fromhex(event.leaf), head.size)
    shown = set(only) | ({LINES_ROOT} if lines else set()) if only is not None else None
    older = None
    if since:
        old = _older(signer, since, head.size)
        older = old, signer.proofs.consistency(old[0].size, head.size)
    parts = line_proofs(event, _lines_of(house, event), lines) if lines else []
    return event_proof(event, under, path, only=shown, since=older, lines=parts)


def proof_under(
    house: House, event: Event, *, only: Collection[str] | None = None, lines: Sequence[int] = ()
) -> str:  # fmt: skip
    """As `prove`, under the newest checkpoint that is signed already; it signs nothing.

    Raises StateError `NOT_YET_SIGNED` where there is none, or none since the event.
    """
    size = _signed_since(signer_of(house), event).size
    return prove(house, event, SERVICE_AGENT, size=size, only=only, lines=lines).decode()


def named_keys_of(house: House) -> list[tuple[int, datetime, str]]:
    """All public keys of the log, each with its event and time; none is made."""
    return [(one.event, one.since, one.key.text) for one in signer_of(house).named_keys()]


def partner_bundle(
    house: House, event: Event, partner: str, agent: str, *, size: int = 0, since: str = ""
) -> bytes:  # fmt: skip
    """The file that proves to a partner (`Supplier/acme`) which lines of a plan are its own.

    It holds those lines as far as the partner may see them, all that the log states of it, and
    commitments for the rest. `size` and `since` as of `prove`. Raises what `prove` does, InputError
    `PARTNER_UNKNOWN`, StateError `PARTNERS_NOT_COMMITTED`.
    """
    part = partner_part(event, _lines_of(house, event), partner)
    signer = signer_of(house)
    under = signer.store.provable(signer.checkpoint(agent, size))
    return _bundle(signer, event, under, part, since)


def signed_bundle(house: House, event: Event, partner: str) -> bytes:
    """The same under the newest checkpoint that was signed; it signs nothing.

    Raises StateError `NOT_YET_SIGNED` where no checkpoint holds the plan, and as `partner_bundle`.
    """
    part = partner_part(event, _lines_of(house, event), partner)
    signer = signer_of(house)
    newest = _signed_since(signer, event)
    return _bundle(signer, event, signer.store.provable(newest), part, "")


def _signed_since(signer: Signer, event: Event) -> Checkpoint:
    newest = signer.newest()
    if newest is None or newest.size < event.sequence:
        raise StateError(f"no checkpoint has been signed since event {event.sequence}",
                         code="NOT_YET_SIGNED",
                         hint="the operator signs one: `evenkeel log checkpoint`")  # fmt: skip
    return newest


def partners_of(house: House, event: Event) -> list[str]:
    """The partners that the lines of a plan name, as `Supplier/acme`, in order."""
    return sorted(views_of(_lines_of(house, event)))


def _bundle(
    signer: Signer, event: Event, under: Provable, part: dict[str, object], since: str
) -> bytes:  # fmt: skip
    head, older = under[0], None
    path = signer.proofs.inclusion(event.sequence, bytes.fromhex(event.leaf), head.size)
    if since:
        old = _older(signer, since, head.size)
        older = old, signer.proofs.consistency(old[0].size, head.size)
    return event_proof(event, under, path, only=SHOWN_TO_PARTNERS, since=older, partner=part)


def consistency_proof(house: House, agent: str, old: str | int, new: str | int = 0) -> bytes:
    """The file that proves one checkpoint to continue another; each a size, or its text.

    Raises InputError `LOG_SIZE`, `CHECKPOINT_STRANGE`; StateError `LOG_FORKED`.
    """
    signer = signer_of(house)
    later = _named(signer, agent, new)
    before = _named(signer, agent, old)
    if before[0].size > later[0].size:
        raise InputError("the older checkpoint is larger than the newer one", code="LOG_SIZE",
                         hint="name the smaller one first")  # fmt: skip
    proof = signer.proofs.consistency(before[0].size, later[0].size)
    return consistency_file(before, later, proof)


def inclusion(house: House, sequence: int, size: int = 0) -> Inclusion:
    """The proof that an event stands in the log, without a signature.

    Raises InputError `EVENT_UNKNOWN`, `LOG_SIZE`.
    """
    proofs = signer_of(house).proofs
    tree = proofs.tree(size or proofs.head().size)
    leaf = event_at(house, sequence).leaf
    path = proofs.inclusion(sequence, bytes.fromhex(leaf), tree.size)
    return Inclusion(sequence, leaf, tree.size, tree.root.hex(), _texts(path))


def consistency(house: House, old: int, new: int = 0) -> Consistency:
    """The proof that the log only grew, without a signature. Raises InputError `LOG_SIZE`."""
    proofs = signer_of(house).proofs
    tree = proofs.tree(new or proofs.head().size)
    path = proofs.consistency(old, tree.size)
    before = proofs.tree(old)
    return Consistency(old, before.root.hex(), tree.size, tree.root.hex(), _texts(path))


def event_at(house: House, sequence: int) -> Event:
    """An event by its place in the log. Raises InputError `EVENT_UNKNOWN`."""
    log = house.projection.log
    found = log.read(after=sequence - 1, limit=1) if sequence > 0 else []
    if not found or found[0].sequence != sequence:
        raise InputError(f"the log has no event {sequence}", code="EVENT_UNKNOWN",
                         hint=f"its last is {log.head().sequence}")  # fmt: skip
    return found[0]


def event_of_plan(house: House, digest: str) -> Event:
    """The event that logged a plan. Raises InputError `PLAN_UNKNOWN`."""
    found = house.projection.log.find(f"plan/{digest}")
    if found is None or found.kind != PLAN_MADE:
        raise InputError(f"the log has no plan `{digest}`", code="PLAN_UNKNOWN",
                         hint="`evenkeel events --kind plan.made` lists them")  # fmt: skip
    return found


def add_cosignature(house: House, text: str, witness: str) -> Checkpoint:
    """Keep what a witness wrote with the checkpoint that it is of.

    Raises InputError `COSIGNATURE_REFUSED`, `CHECKPOINT_STRANGE`.
    """
    try:
        found, key = read_checkpoint(text), read_key(witness)
    except Refused as error:
        raise strange(str(error)) from error
    if key.kind != COSIGNS:
        raise strange("the key is not one of a witness")
    return signer_of(house).add_cosignature(found, key)


def copy_tools(folder: Path) -> list[Path]:
    """Copy verifier and witness into a folder, to be run there with `cryptography` alone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for module in TOOLS:
        source = Path(str(module.__file__))
        made.append(folder / source.name)
        made[-1].write_text(source.read_text("utf-8"), "utf-8")
    return made


def strange(why: str) -> InputError:
    """The error for a checkpoint that cannot be used here."""
    return InputError(f"the checkpoint cannot be used: {why}", code="CHECKPOINT_STRANGE",
                      hint="give what `evenkeel log checkpoint` of this log printed")  # fmt: skip


def _named(signer: Signer, agent: str, asked: str | int) -> Provable:
    if isinstance(asked, int):
        return signer.store.provable(signer.checkpoint(agent, asked))
    return _older(signer, asked, signer.proofs.head().size)


def _older(signer: Signer, text: str, size: int) -> Provable:
    """A checkpoint that somebody holds, as far as known keys signed it; of this log."""
    try:
        found = read_checkpoint(text)
        kept, signers = signer.store.provable(found)
    except Refused as error:
        raise strange(str(error)) from error
    if found.origin != signer.origin or not any(key.name == found.origin for key in signers):
        raise strange("it is of another log, or signed by no key of this one")
    if found.size > size:
        raise StateError(
            f"the checkpoint is of {found.size} events, the log that is proved of {size}",
            code="LOG_SIZE", hint="name a larger size; where the log itself is smaller, it has "
            "lost events that it signed",
        )  # fmt: skip
    if signer.proofs.tree(found.size).root != found.root:
        raise forked(found.size)
    return kept, signers


def _lines_of(house: House, event: Event) -> list[dict[str, object]]:
    if event.kind != PLAN_MADE:
        raise InputError(f"event {event.sequence} is no plan", code="LINE_UNKNOWN",
                         hint="lines are those of a plan")  # fmt: skip
    found: list[dict[str, object]] = house.store.get_document(event.artifact)["decision"]["lines"]
    return found


def _texts(hashes: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in hashes)


def keys_of(house: House, agent: str) -> tuple[PublicKey, list[tuple[int, str, str]]]:
    """The public key in force, and all of the log's keys: event, time, text."""
    signer = signer_of(house)
    present = signer.public_key(agent)
    return present, [(one.event, one.since.isoformat(), one.key.text)
                     for one in signer.named_keys()]  # fmt: skip
