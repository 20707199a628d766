MATCH (h:LogHead {id: 0})
MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)
MATCH (f)<-[d:WAS_DERIVED_FROM]-(l)<-[:HAS_LINE|HAS_SHORTFALL]-(p:Plan)
WITH h, f, d, l, p, CASE WHEN l:Shortfall THEN 'shortfall' ELSE 'line' END AS label
WHERE p.event_sequence <= h.projected
  AND (p.event_sequence > $after_sequence
    OR (p.event_sequence = $after_sequence AND label > $after_label)
    OR (p.event_sequence = $after_sequence AND label = $after_label AND l.number > $after_number))
RETURN f {.*} AS fact, d.role AS role, label, l {.*} AS line, p {.*} AS plan
ORDER BY p.event_sequence, label, l.number
LIMIT $limit
