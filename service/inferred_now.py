"""What is inferred of a chain's present facts, followed from one state of them to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from graph.snapshot import SnapshotReader
from ontology.axioms import INFERRED_CLASSES, INFERRED_PROPERTIES
from ontology.columns import Table
from ontology.errors import InputError
from reasoning.inferences import Inferences
from reasoning.proofs import Proof
from service.house import House

PAGE_LIMIT = 200
WORDS = (*INFERRED_CLASSES, *INFERRED_PROPERTIES)


@dataclass(frozen=True, slots=True)
class InferredPage:
    """Inferred statements in order, each with its proof; `next_after` continues, else empty.

    `sequence` is the event of the chain's last feed: what is inferred follows from its facts.
    """

    proofs: tuple[Proof, ...]
    next_after: str
    sequence: int


@dataclass
class _Kept:
    """The inferences of one chain, and the lock of whoever follows them on."""

    found: Inferences = field(default_factory=Inferences)
    lock: Lock = field(default_factory=Lock)


_KEPT: WeakKeyDictionary[SnapshotReader, dict[str, _Kept]] = WeakKeyDictionary()
_LOCK = Lock()


def inferred(
    house: House, chain: str, word: str = "", *, after: str = "", first: int = 50
) -> InferredPage:
    """What is inferred of the facts of a chain that are in force, under one word or all.

    The inferences of a chain are kept and brought on by what changed of its facts since. Raises
    InputError `CHAIN_UNKNOWN`, `WORD_UNKNOWN`, `PAGE_SIZE`.
    """
    if word and word not in WORDS:
        raise InputError(f"nothing is inferred under `{word[:60]}`", code="WORD_UNKNOWN",
                         hint=f"one of: {', '.join(WORDS)}")  # fmt: skip
    if not 1 <= first <= PAGE_LIMIT:
        raise InputError(f"a page of {first} is not between 1 and {PAGE_LIMIT}", code="PAGE_SIZE",
                         hint="ask for a smaller page")  # fmt: skip
    facts = house.facts(chain)  # who names no chain is refused before anything is kept for it
    kept = _kept(house.reader, chain)
    with kept.lock:
        proofs, more = _page(kept.found, facts.tables, word, after, first)
    last = str(proofs[-1].statement) if more else ""
    return InferredPage(proofs, last, facts.sequence)


def _page(
    found: Inferences, tables: Mapping[str, Table], word: str, after: str, first: int
) -> tuple[tuple[Proof, ...], bool]:
    found.follow(tables)
    every = [one for each in ([word] if word else WORDS) for one in found.statements(each)]
    chosen = sorted((one for one in every if str(one) > after), key=str)
    return tuple(found.proof(one) for one in chosen[:first]), len(chosen) > first


def _kept(reader: SnapshotReader, chain: str) -> _Kept:
    with _LOCK:
        return _KEPT.setdefault(reader, {}).setdefault(chain, _Kept())
