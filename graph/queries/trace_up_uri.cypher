// Lines and shortfalls that rest on any version of a fact, by plan, a page of them. A line names its
// plan, and of plans in order only the first have their lines sorted.
MATCH (h:LogHead {id: 0})
MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)
MATCH (f)<-[d:WAS_DERIVED_FROM]-(l)
WITH h, f, d, l, CASE WHEN l:Shortfall THEN 'shortfall' ELSE 'line' END AS label
WITH h, l.plan AS digest, collect([f, d, l, label]) AS found
MATCH (p:Plan {digest: digest})
WHERE p.event_sequence <= h.projected AND p.event_sequence >= $after_sequence
WITH p, found
ORDER BY p.event_sequence
UNWIND found AS each
WITH p, each[0] AS f, each[1] AS d, each[2] AS l, each[3] AS label
WHERE p.event_sequence > $after_sequence
  OR label > $after_label
  OR (label = $after_label AND l.number > $after_number)
WITH f, d, l, p, label
ORDER BY p.event_sequence, label, l.number
LIMIT $limit
RETURN f {.*} AS fact, d.role AS role, label, l {.*} AS line, p {.*} AS plan
ORDER BY plan.event_sequence, label, line.number
