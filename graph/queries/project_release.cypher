MATCH (event:Event {sequence: $sequence})
MERGE (r:PolicyRelease {digest: $release.digest})
  SET r += $release, r.artifact = event.artifact,
      r.event_sequence = coalesce(r.event_sequence, $sequence)
MERGE (r)-[:RECORDED_IN]->(event)
