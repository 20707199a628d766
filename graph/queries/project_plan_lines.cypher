// A line, its links and its facts are written in one transaction: where it stands, they do.
MATCH (p:Plan {digest: $plan})
UNWIND $lines AS line
WITH p, line
WHERE NOT EXISTS { MATCH (:PlanLine {plan: $plan, number: line.number}) }
CREATE (l:PlanLine)
SET l = line
CREATE (p)-[:HAS_LINE]->(l)
RETURN l.number AS number
