// Plans with lines or shortfalls that rest on a fact, the latest first, each with the first of these.
MATCH (h:LogHead {id: 0})
MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)-[:RECORDED_IN]->(said:Event)
WHERE ($event = 0 OR said.sequence = $event)
  AND said.recorded_at >= $since AND said.recorded_at < $until
MATCH (f)<-[:WAS_DERIVED_FROM]-(l)<-[:HAS_LINE|HAS_SHORTFALL]-(p:Plan)
WHERE p.event_sequence <= h.projected AND p.event_sequence < $before
WITH p, f, l
ORDER BY p.event_sequence DESC, l.number
WITH p, min(f.event_sequence) AS event, min(f.event_row) AS row,
  collect(DISTINCT CASE WHEN l:Shortfall THEN null ELSE l END) AS lines,
  collect(DISTINCT CASE WHEN l:Shortfall THEN l END) AS shorts
ORDER BY p.event_sequence DESC
LIMIT $limit
MATCH (made:Event {sequence: p.event_sequence})
MATCH (p)-[:WAS_GENERATED_BY]->(:Activity)-[:USED]->(s:Snapshot)
RETURN p {.*} AS plan, made.recorded_at AS made_at, made.agent AS agent, s.artifact AS snapshot,
  event, row, size(lines) AS line_count, size(shorts) AS shortfall_count,
  [l IN lines[..$most] | l {.*}] AS lines, [l IN shorts[..$most] | l.number] AS shortfalls
