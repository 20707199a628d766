MATCH (event:Event {sequence: $sequence})
MERGE (r:PolicyRelease {digest: $release.digest})
  SET r += $release, r.artifact = event.artifact, r.governs_micros = $since,
      r.succeeded_by = null, r.succeeded_micros = null,
      r.event_sequence = coalesce(r.event_sequence, $sequence)
MERGE (r)-[:RECORDED_IN]->(event)
