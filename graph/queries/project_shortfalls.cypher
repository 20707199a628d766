MATCH (p:Plan {digest: $plan})
UNWIND $lines AS line
WITH p, line
WHERE NOT EXISTS { MATCH (:Shortfall {plan: $plan, number: line.number}) }
CREATE (s:Shortfall)
SET s = line
CREATE (p)-[:HAS_SHORTFALL]->(s)
RETURN s.number AS number
