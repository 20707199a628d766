"""What a person should know of a delivery beside the one before: its columns, its mapping."""

from collections.abc import Sequence

from feeds.evolution import column_notes, mapping_notes
from feeds.mapping import Mapping as FeedMapping
from feeds.result import FileCounts
from service.house import House


def notes_of_evolution(
    house: House, mapping: FeedMapping, files: Sequence[FileCounts]
) -> tuple[str, ...]:
    """How files and mapping differ from the source's last delivery of one of these files."""
    names = {file.file for file in files}
    for event in house.reader.newest_feeds(mapping.chain):
        told = {file["name"] for file in event.payload["files"]}
        if event.payload["source"] != mapping.source or not names & told:
            continue
        manifest = house.reader.recent.document(event.artifact)
        before = {f["name"]: f["columns"] for f in manifest["files"] if "columns" in f}
        version, digest = manifest["mapping"].get("version", 0), manifest["mapping"]["digest"]
        return (*mapping_notes(version, digest, mapping), *column_notes(before, files))
    return ()
