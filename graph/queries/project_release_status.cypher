// What became of a release; of one that was never in force, readers of plans see nothing.
MATCH (event:Event {sequence: $sequence})
MERGE (r:PolicyRelease {digest: $digest})
  SET r.status = $status
MERGE (r)-[:RECORDED_IN]->(event)
