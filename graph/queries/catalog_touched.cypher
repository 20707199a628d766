// Plans of a chain made between two times, and how many of their lines rest on facts of some entities.
MATCH (h:LogHead {id: 0})
MATCH (p:Plan {chain: $chain})
WHERE p.event_sequence <= h.projected
MATCH (made:Event {sequence: p.event_sequence})
WHERE made.recorded_at >= $since AND made.recorded_at < $until
CALL (p) {
  MATCH (p)-[:HAS_LINE|HAS_SHORTFALL]->(l)-[:WAS_DERIVED_FROM]->(f:Fact)
  WHERE f.uri IN $uris
  RETURN count(DISTINCT l) AS lines
}
RETURN p.digest AS plan, made.recorded_at AS made_at, lines
ORDER BY p.event_sequence DESC
LIMIT $limit
