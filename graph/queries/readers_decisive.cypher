// Plans with lines or shortfalls that rest on a fact, the latest first, each with the first of these.
MATCH (h:LogHead {id: 0})
MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)-[:RECORDED_IN]->(said:Event)
WHERE ($event = 0 OR said.sequence = $event)
  AND said.recorded_at >= $since AND said.recorded_at < $until
MATCH (f)<-[:WAS_DERIVED_FROM]-(l)
WITH h, l.plan AS digest, min(f.event_sequence) AS event, min(f.event_row) AS row,
  collect(l) AS found
MATCH (p:Plan {digest: digest})
WHERE p.event_sequence <= h.projected AND p.event_sequence < $before
WITH p, event, row, found
ORDER BY p.event_sequence DESC
LIMIT $limit
CALL (found) {
  UNWIND found AS l
  WITH l WHERE NOT l:Shortfall
  ORDER BY l.number
  RETURN count(*) AS line_count, [one IN collect(l)[..$most] | one {.*}] AS lines
}
CALL (found) {
  UNWIND found AS l
  WITH l WHERE l:Shortfall
  ORDER BY l.number
  RETURN count(*) AS shortfall_count, collect(l.number)[..$most] AS shortfalls
}
MATCH (made:Event {sequence: p.event_sequence})
MATCH (p)-[:WAS_GENERATED_BY]->(:Activity)-[:USED]->(s:Snapshot)
RETURN p {.*} AS plan, made.recorded_at AS made_at, made.agent AS agent, s.artifact AS snapshot,
  event, row, line_count, shortfall_count, lines, shortfalls
ORDER BY plan.event_sequence DESC
