MATCH (h:LogHead {id: 0})
MATCH (p:Plan {digest: $plan})<-[c:COSTS_IN]-(rule:PolicyRule)
WHERE c.event <= h.projected
RETURN c {.*} AS cost
ORDER BY rule.rule
