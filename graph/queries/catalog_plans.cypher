// Newest first.
MATCH (h:LogHead {id: 0})
MATCH (p:Plan)
WHERE p.chain = $chain AND p.event_sequence < $before AND p.event_sequence <= h.projected
MATCH (p)-[:RECORDED_IN]->(e:Event)
RETURN p {.*} AS plan, e.agent AS agent, e.effective_at AS made_at
ORDER BY p.event_sequence DESC
LIMIT $limit
