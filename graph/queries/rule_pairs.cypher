MATCH (h:LogHead {id: 0})
MATCH (p:Plan {digest: $plan})<-[:COSTS_IN]-(one:PolicyRule)
MATCH (one)-[i:INTERACTS_WITH {plan: $plan}]->(other:PolicyRule)
WHERE i.event <= h.projected
RETURN one.rule AS one, other.rule AS other, i {.*} AS pair
ORDER BY one, other
