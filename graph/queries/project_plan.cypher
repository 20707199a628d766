MATCH (event:Event {sequence: $sequence})
MATCH (r:PolicyRelease {digest: $plan.release})
MERGE (agent:Agent {id: event.agent})
MERGE (s:Snapshot {artifact: $snapshot.artifact})
  ON CREATE SET s = $snapshot
MERGE (activity:Activity {id: 'solve/' + $plan.digest})
  ON CREATE SET activity.kind = 'solve', activity.ended_at = event.effective_at,
    activity.versions = $versions
MERGE (p:Plan {digest: $plan.digest})
  ON CREATE SET p = $plan, p.artifact = event.artifact, p.event_sequence = $sequence
MERGE (p)-[:RECORDED_IN]->(event)
MERGE (p)-[:WAS_GENERATED_BY]->(activity)
MERGE (p)-[:WAS_ATTRIBUTED_TO]->(agent)
MERGE (activity)-[:WAS_ASSOCIATED_WITH]->(agent)
MERGE (activity)-[:USED]->(s)
MERGE (activity)-[:USED]->(r)
