"""The knowledge graph: Neo4j, the log with its artifacts, the snapshot, provenance."""

from graph.no_frames import keep_from_driver

keep_from_driver()
