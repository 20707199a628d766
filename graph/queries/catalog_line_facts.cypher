// The decisive facts of lines: the versions that the plan saw, whatever is in force now.
MATCH (h:LogHead {id: 0})
UNWIND $lines AS key
MATCH (p:Plan {digest: key.plan})
WHERE p.event_sequence <= h.projected
MATCH (l:PlanLine {plan: key.plan, number: key.number})-[:WAS_DERIVED_FROM]->(f:Fact)
RETURN key.plan AS plan, key.number AS number, f {.*} AS fact
ORDER BY plan, number, f.uri
