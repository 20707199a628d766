"""A delivery once more, from the files that were kept of it, through a corrected mapping."""

from pathlib import Path
from tempfile import TemporaryDirectory

from feeds.limits import Limits
from feeds.mapping_text import read_mapping
from graph.disk import writing_temporarily
from ontology.errors import InputError
from service.house import House
from service.intake.deliveries import Delivery
from service.intake.originals import unpacked
from service.intake.sync import Synced, sync


def resync(
    house: House, feed: str, mapping: Path, agent: str, *, name: str = "", dry_run: bool = False
) -> Synced:
    """Read the kept files of the delivery `feed` through a mapping of the same chain and source.

    What comes of it supersedes the delivery: it is true since when that one is, and comes later in
    the source's order. Its own name is `name`, else the old one and the start of the mapping's
    digest, so that the same again changes nothing. Raises InputError `FEED_UNKNOWN`,
    `FILES_NOT_KEPT`, and what `sync` raises.
    """
    text = read_mapping(mapping)
    chosen = text.mapping
    event = house.projection.log.find(f"feed/{chosen.chain}/{chosen.source}/{feed}")
    if event is None:
        raise InputError(
            f"source `{chosen.source}` made no delivery `{feed[:80]}` to `{chosen.chain}`",
            code="FEED_UNKNOWN", hint="give the name that `evenkeel sync` told",
        )  # fmt: skip
    kept = house.store.get_document(event.artifact).get("originals", {})
    if not kept:
        raise InputError(
            f"the files of `{feed[:80]}` were not kept", code="FILES_NOT_KEPT",
            hint="they name persons, or were larger than EVENKEEL_KEEP_FILE_BYTES: send them "
            f"again, with `--supersedes {feed[:80]}`",
        )  # fmt: skip
    delivery = Delivery(agent, name or f"{feed}~{chosen.digest[:8]}", supersedes=feed)
    with writing_temporarily(), TemporaryDirectory(prefix="evenkeel-") as folder:
        for file, entry in kept.items():
            path = Path(folder, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(unpacked(house, entry["artifact"], Limits().file_bytes))
        return sync(house, [Path(folder)], text, delivery, dry_run=dry_run)
