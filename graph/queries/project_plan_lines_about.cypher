UNWIND $about AS a
MATCH (l:PlanLine {plan: $plan, number: a.number})
MATCH (e:Entity {uri: a.uri})
CREATE (l)-[:ABOUT {role: a.role}]->(e)
