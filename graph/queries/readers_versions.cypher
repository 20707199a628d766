// The versions of a fact that were ever in force, the latest first, with the event that stated each.
MATCH (h:LogHead {id: 0})
MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)-[:RECORDED_IN]->(said:Event)
WHERE f.from_sequence <= h.projected
  AND ($event = 0 OR said.sequence = $event)
  AND said.recorded_at >= $since AND said.recorded_at < $until
RETURN f {.event_sequence, .event_row, .from_sequence, .until_sequence, .source_file, .source_row}
    AS version,
  said.recorded_at AS recorded_at, said.agent AS agent
ORDER BY f.from_sequence DESC, f.event_sequence DESC
LIMIT $limit
