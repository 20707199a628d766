"""The knowledge graph: Neo4j, the log with its artifacts, the snapshot, provenance."""
