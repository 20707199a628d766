"""Feed and snapshot manifests: small canonical documents that name the Arrow files of a whole."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from graph.artifacts import ArtifactStore, is_name
from graph.identity_links import Linked, linked_document, linked_entry, linked_of, ranks_of
from graph.mending import Mending, mending_document, mending_of
from ontology.columns import Snapshot, Table, empty_table
from ontology.errors import InputError, OutsideError
from ontology.key_lengths import LONGEST_KEY, rows_too_long
from ontology.keys import are_ascending
from ontology.versions import check_version, vocabulary_version
from ontology.vocabulary import FACTS

IntMatrix = npt.NDArray[np.int64]
IntArray = npt.NDArray[np.int64]
BoolColumn = npt.NDArray[np.bool_]
FEED_FORMAT = "evenkeel-feed/1"
SNAPSHOT_FORMAT = "evenkeel-snapshot/1"
CLOCKS = ("since", "standing", "order")
OMITS = "omits_as_event"
"""How the log marks what is ended anew by an earlier full file, with that file's event."""
_NAMED_BY = ("artifact", "addresses", "clocks", "closes", "origins", "since")


@dataclass(frozen=True)
class FeedFile:
    """A file that a feed was read from: its name, the digest of its bytes, its rows and columns."""

    name: str
    digest: str
    rows: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FullAt:
    """The clocks of a full file, which are those of all that it leaves out.

    Since when (microseconds since 1970), the standing of its source, its place in the order.
    """

    since: int
    standing: int
    order: int

    @property
    def clocks(self) -> IntMatrix:
        """The three, in the order of `graph.fold.Statements`."""
        return np.array([self.since, self.standing, self.order], np.int64)

    @property
    def rank(self) -> tuple[int, int, int]:
        """The greater is later."""
        return self.standing, self.since, self.order


@dataclass(frozen=True)
class FeedContents:
    """What one delivery states, ready to be kept: facts, where they stood, what was refused.

    `origins` holds, per class, an int64 array of shape (rows, 2): index in `files` (-1 for a
    constant of the mapping) and row in that file (1 is the first line). `counts` are whole
    numbers that a person wants to see, such as loaded and duplicate rows. `standing` is that of the
    source (higher wins), `source_sequence` the delivery's place in the source's own order. `since`
    holds, per class, from when each row is true (microseconds since 1970; left out: since the
    event is), `closes` whether a row says that its key is no more.
    `delivery` is the digest of all that was said under the feed's name; `number` is the
    source's own, where it counts its deliveries. `mending` is what rows that were set aside need,
    `linked` what was read by links of identity. `mapping_version` is the number that the mapping
    gives itself (0: not told), `originals` the files as they came, compressed
    (zlib), to be kept with it: whoever reads it finds them by its manifest. Where a person
    `decides` which of two statements of equal clocks counts, it is these. `full_at` names the
    classes of which it holds all that its source has.
    """

    chain: str
    source: str
    feed: str
    mapping: str
    mapping_digest: str
    files: tuple[FeedFile, ...]
    tables: Mapping[str, Table]
    origins: Mapping[str, IntMatrix] = field(default_factory=dict)
    quarantine: Table = field(default_factory=lambda: empty_table("QuarantinedRow"))
    counts: Mapping[str, int] = field(default_factory=dict)
    standing: int = 0
    source_sequence: int = 0
    since: Mapping[str, IntArray] = field(default_factory=dict)
    closes: Mapping[str, BoolColumn] = field(default_factory=dict)
    delivery: str = ""
    number: int | None = None
    mending: Mending = field(default_factory=Mending)
    linked: Linked = field(default_factory=Linked)
    mapping_version: int = 0
    originals: Mapping[str, bytes] = field(default_factory=dict)
    decides: bool = False
    full_at: Mapping[str, FullAt] = field(default_factory=dict)

    @property
    def fact_count(self) -> int:
        """How many facts all tables hold."""
        return sum(map(len, self.tables.values()))


def write_feed(store: ArtifactStore, feed: FeedContents) -> str:
    """Keep a feed as `as_kept` gives it; gives the digest of its manifest. Raises as that does.

    The row part of a fact's address is its row in the table as kept here.
    """
    kept = as_kept(feed)
    with store.together() as bundle:
        return bundle.put_document(_feed_document(bundle, kept))


def as_kept(feed: FeedContents) -> FeedContents:
    """The feed with rows sorted by key and classes without rows left out: what `read_feed` gives.

    Raises InputError `UNKNOWN_CLASS`, `DUPLICATE_KEY`, `KEY_TOO_LONG` or `BAD_CHAIN`.
    """
    check_chain(feed.chain)
    orders = {name: _order(name, table) for name, table in sorted(feed.tables.items())}
    rows = {name: order for name, order in orders.items() if len(feed.tables[name])}
    return replace(
        feed,
        tables={name: _in_order(feed.tables[name], order) for name, order in rows.items()},
        origins={name: _origins(feed, name)[order] for name, order in rows.items()},
        since={name: feed.since[name][rows[name]] for name in rows.keys() & feed.since.keys()},
        closes={name: feed.closes[name][rows[name]] for name in rows.keys() & feed.closes.keys()},
        linked=feed.linked.in_order(rows),
    )  # fmt: skip


def _feed_document(store: ArtifactStore, feed: FeedContents) -> dict[str, Any]:
    return {
        "format": FEED_FORMAT,
        "chain": feed.chain,
        "source": feed.source,
        "feed": feed.feed,
        "mapping": {"name": feed.mapping, "digest": feed.mapping_digest}
        | ({"version": feed.mapping_version} if feed.mapping_version else {}),
        "files": [_file_document(file) for file in feed.files],
        "tables": {name: _feed_table(store, feed, name) for name in feed.tables},
        "quarantine": _entry(store, feed.quarantine),
        "counts": dict(feed.counts),
        "standing": feed.standing, "source_sequence": feed.source_sequence,
        **mending_document(store, feed.mending), **linked_document(store, feed.linked),
        **_version_told(), **_originals_document(store, feed.originals),
        **({"decides": True} if feed.decides else {}),
    }  # fmt: skip


def read_feed(store: ArtifactStore, name: str) -> FeedContents:
    """The feed of a manifest, each table in the order that addresses count in."""
    manifest = _document(store, name, FEED_FORMAT)
    return replace(
        read_rows(store, name),
        quarantine=store.get_table(manifest["quarantine"]["artifact"]),
        counts=manifest["counts"],
        mending=mending_of(store, manifest),
        mapping_version=manifest["mapping"].get("version", 0),
    )


def read_rows(
    store: ArtifactStore, name: str, only: Collection[str] | None = None
) -> FeedContents:  # fmt: skip
    """What a feed states with files, origins and links, of all classes or of `only` some.

    Nothing of what was set aside.
    """
    manifest = _document(store, name, FEED_FORMAT)
    entries = {
        key: entry for key, entry in manifest["tables"].items() if only is None or key in only
    }
    return replace(
        read_statements(store, name, only),
        files=tuple(
            FeedFile(f["name"], f["digest"], f["rows"], tuple(f.get("columns", ())))
            for f in manifest["files"]
        ),
        origins={key: store.get_matrix(entry["origins"]) for key, entry in entries.items()},
        linked=linked_of(store, {**manifest, "tables": entries}),
    )


def read_statements(
    store: ArtifactStore, name: str, only: Collection[str] | None = None
) -> FeedContents:
    """What a feed states, of all classes or of `only` some: no origins, nothing set aside."""
    manifest = _document(store, name, FEED_FORMAT)
    entries = {
        key: entry for key, entry in manifest["tables"].items() if only is None or key in only
    }
    more = {
        what: {key: store.get_matrix(entry[what])[:, 0]
               for key, entry in entries.items() if what in entry}
        for what in ("since", "closes")
    }  # fmt: skip
    return FeedContents(
        manifest["chain"], manifest["source"], manifest["feed"],
        manifest["mapping"]["name"], manifest["mapping"]["digest"], (),
        {key: store.get_table(entry["artifact"]) for key, entry in entries.items()},
        standing=manifest.get("standing", 0), source_sequence=manifest.get("source_sequence", 0),
        since=more["since"], closes={key: ended == 1 for key, ended in more["closes"].items()},
        linked=Linked(ranks=ranks_of(store, entries)), decides=manifest.get("decides", False),
    )  # fmt: skip


def since_of_rows(store: ArtifactStore, name: str, class_name: str) -> IntArray | None:
    """Since when each row of a class is true, by a feed's manifest; None: since its event is."""
    entry = _document(store, name, FEED_FORMAT)["tables"][class_name]
    return store.get_matrix(entry["since"])[:, 0] if "since" in entry else None


def write_snapshot(store: ArtifactStore, chain: str, snapshot: Snapshot) -> str:
    """Keep a snapshot of a chain with its addresses; gives the digest of its manifest."""
    tables = {}
    for name in sorted(snapshot.tables):
        entry = _entry(store, snapshot.tables[name])
        addresses = snapshot.addresses.get(name)
        if addresses is not None:
            entry["addresses"] = store.put_matrix(addresses, ("event", "row"))
        if name in snapshot.clocks:
            entry["clocks"] = store.put_matrix(snapshot.clocks[name], CLOCKS)
        tables[name] = entry
    return store.put_document({
        "format": SNAPSHOT_FORMAT, "chain": chain, "sequence": snapshot.sequence,
        "digest": snapshot.digest, "tables": tables, **_version_told(),
    })  # fmt: skip


def read_snapshot(place: ArtifactStore | Path | str, manifest: str) -> Snapshot:
    """The snapshot of a manifest, from a store or an exported folder, without any database.

    `manifest` is its digest, or the path of a manifest file whose tables `place` holds. Raises
    OutsideError `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT`, `ARTIFACT_UNREADABLE`, or
    `SNAPSHOT_CORRUPT` where the tables do not have the digest that the manifest states: one in
    today's words, since what an older version said has another digest in them.
    """
    store = place if isinstance(place, ArtifactStore) else ArtifactStore(place)
    document = _manifest_of(store, manifest, SNAPSHOT_FORMAT)
    tables, addresses, clocks = {}, {}, {}
    for name, entry in document["tables"].items():
        tables[name] = store.get_table(entry["artifact"])
        if "addresses" in entry:
            addresses[name] = store.get_matrix(entry["addresses"])
        if "clocks" in entry:
            clocks[name] = store.get_matrix(entry["clocks"])
    snapshot = Snapshot(document["sequence"], tables, addresses, clocks)
    is_of_today = document.get("vocabulary", 1) == vocabulary_version()
    if is_of_today and snapshot.digest != document["digest"]:  # INVARIANT: it is of these tables
        raise OutsideError(
            f"snapshot `{manifest}` states the digest `{document['digest']}`, its tables have "
            f"`{snapshot.digest}`", code="SNAPSHOT_CORRUPT",
            hint="export it again from the log that it came from",
        )  # fmt: skip
    return snapshot


def chain_of(place: ArtifactStore | Path | str, manifest: str) -> str:
    """The chain that a snapshot manifest speaks of."""
    store = place if isinstance(place, ArtifactStore) else ArtifactStore(place)
    return str(_manifest_of(store, manifest, SNAPSHOT_FORMAT)["chain"])


def closure(store: ArtifactStore, name: str) -> set[str]:
    """The digests of a manifest and of every artifact that it names, for `export`."""
    return {name, *named_by(store.get_document(name))}


def check_chain(chain: str) -> None:
    """Raises InputError `BAD_CHAIN` unless the name can begin a fact's URI."""
    if not chain or len(chain) > 100 or not all(c.isascii() and (c.isalnum() or c in "_-.")
                                                for c in chain):  # fmt: skip
        raise InputError(
            f"`{chain[:100]}` cannot name a supply chain", code="BAD_CHAIN",
            hint="use at most 100 letters, digits, `_`, `-` and `.`",
        )  # fmt: skip


def named_by(document: Any) -> Iterator[str]:
    """The artifacts that a document names: by those keys, and by a SHA-256.

    Reports and back-tests have a `since`, too, which is a day.
    """
    if isinstance(document, dict):
        for key, value in document.items():
            if key in _NAMED_BY and isinstance(value, str) and is_name(value):
                yield value
            else:
                yield from named_by(value)


def _file_document(file: FeedFile) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": file.name, "digest": file.digest, "rows": file.rows}
    return plain | ({"columns": list(file.columns)} if file.columns else {})


def _originals_document(store: ArtifactStore, originals: Mapping[str, bytes]) -> dict[str, Any]:
    kept = {name: {"artifact": store.put(data)} for name, data in originals.items()}
    return {"originals": kept} if kept else {}


def _feed_table(store: ArtifactStore, feed: FeedContents, name: str) -> dict[str, Any]:
    """What the manifest of a feed says of a class; its rows are in the order of their keys."""
    entry = _entry(store, feed.tables[name])
    entry["origins"] = store.put_matrix(feed.origins[name], ("file", "row"))
    for what, columns in (("since", feed.since), ("closes", feed.closes)):
        if name in columns:
            entry[what] = store.put_matrix(columns[name].astype(np.int64)[:, None], (what,))
    return entry | linked_entry(store, feed.linked, name)


def _order(name: str, table: Table) -> npt.NDArray[np.intp] | slice:
    """The rows in the order of their keys, a slice where they are in it. Raises as `as_kept`."""
    if name not in FACTS or table.name != name:
        raise InputError(f"`{name}` is not a class of facts", code="UNKNOWN_CLASS",
                         hint="name a class of the vocabulary in the mapping")  # fmt: skip
    keys, order = table.keys, None
    if not are_ascending(keys):
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
    twice = np.flatnonzero(keys[1:] == keys[:-1])
    if len(twice):
        raise InputError(f"{table.name} `{keys[twice[0]]}` stands twice in one feed",
                         code="DUPLICATE_KEY",
                         hint="merge or quarantine one of them")  # fmt: skip
    if rows_too_long(table).any():  # INVARIANT: what the graph cannot show is in no log
        raise InputError(
            f"{table.name} has a key, or names one, of more than {LONGEST_KEY} characters",
            code="KEY_TOO_LONG", hint="shorten the identifiers",
        )  # fmt: skip
    return slice(None) if order is None else order


def _in_order(table: Table, order: npt.NDArray[np.intp] | slice) -> Table:
    return table if isinstance(order, slice) else table.take(order)


def _origins(feed: FeedContents, name: str) -> IntMatrix:
    """Where each row of a class came from: of no file where nobody said it."""
    shape = len(feed.tables[name]), 2
    origins = feed.origins.get(name, np.full(shape, -1, np.int64))
    if origins.shape != shape:
        raise ValueError(f"origins of {name} have shape {origins.shape}")
    return origins


def _entry(store: ArtifactStore, table: Table) -> dict[str, Any]:
    return {"artifact": store.put_table(table), "rows": len(table), "digest": table.digest}


def _manifest_of(store: ArtifactStore, manifest: str, form: str) -> dict[str, Any]:
    path = Path(manifest)
    if len(manifest) == 64 and not path.exists():
        return _document(store, manifest, form)
    try:
        return _checked(orjson.loads(path.read_bytes()), manifest, form)
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(
            f"`{manifest}` is not a readable manifest", code="BAD_MANIFEST",
            hint="give a digest or the path of a manifest file",
        ) from error  # fmt: skip


def _document(store: ArtifactStore, name: str, form: str) -> dict[str, Any]:
    return _checked(store.get_document(name), name, form)


def _version_told() -> dict[str, int]:
    """What a manifest says of the vocabulary: the first version says nothing."""
    version = vocabulary_version()
    return {"vocabulary": version} if version > 1 else {}


def _checked(document: Any, name: str, form: str) -> dict[str, Any]:
    if not isinstance(document, dict) or document.get("format") != form:
        raise InputError(f"`{name}` is not a manifest of the format {form}", code="BAD_MANIFEST",
                         hint="check which digest or file was meant")  # fmt: skip
    check_version(document.get("vocabulary", 1))
    return document
