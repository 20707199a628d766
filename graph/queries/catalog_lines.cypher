MATCH (h:LogHead {id: 0})
UNWIND $plans AS plan
MATCH (p:Plan {digest: plan})
WHERE p.event_sequence <= h.projected
CALL (plan) {
  MATCH (l:PlanLine)
  WHERE l.plan = plan AND l.number > $after
  RETURN l
  ORDER BY l.number
  LIMIT $limit
}
RETURN plan, l {.*} AS line
ORDER BY plan, l.number
