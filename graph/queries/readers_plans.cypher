// Plans of a chain, the latest first, with their snapshots, and whether lines rest on a fact.
MATCH (h:LogHead {id: 0})
CALL () {
  OPTIONAL MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)-[:RECORDED_IN]->(said:Event)
  WHERE ($event = 0 OR said.sequence = $event)
    AND said.recorded_at >= $since AND said.recorded_at < $until
  OPTIONAL MATCH (f)<-[:WAS_DERIVED_FROM]-()<-[:HAS_LINE|HAS_SHORTFALL]-(rests:Plan)
  RETURN collect(DISTINCT rests.digest) AS decisive
}
MATCH (p:Plan {chain: $chain})
WHERE p.event_sequence <= h.projected AND p.event_sequence < $before
WITH p, p.digest IN decisive AS is_decisive
ORDER BY p.event_sequence DESC
LIMIT $limit
MATCH (made:Event {sequence: p.event_sequence})
MATCH (p)-[:WAS_GENERATED_BY]->(:Activity)-[:USED]->(s:Snapshot)
RETURN p {.*} AS plan, made.recorded_at AS made_at, made.agent AS agent, s.artifact AS snapshot,
  is_decisive
ORDER BY p.event_sequence DESC
