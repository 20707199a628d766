// Several releases together as one, under which a plan was made; known since the first such plan.
MATCH (event:Event {sequence: $sequence})
MERGE (r:PolicyRelease {digest: $release.digest})
  SET r += $release, r.event_sequence = coalesce(r.event_sequence, $sequence)
MERGE (r)-[:RECORDED_IN]->(event)
WITH r
UNWIND $parts AS digest
MATCH (part:PolicyRelease {digest: digest})
MERGE (r)-[:HAS_PART]->(part)
