MATCH (h:LogHead {id: 0})
UNWIND $plans AS plan
MATCH (p:Plan {digest: plan})
WHERE p.event_sequence <= h.projected
CALL (plan) {
  MATCH (s:Shortfall)
  WHERE s.plan = plan AND s.number > $after
  RETURN s
  ORDER BY s.number
  LIMIT $limit
}
RETURN plan, s {.*} AS line
ORDER BY plan, s.number
