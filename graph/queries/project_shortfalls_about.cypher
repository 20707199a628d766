UNWIND $about AS a
MATCH (s:Shortfall {plan: $plan, number: a.number})
MATCH (e:Entity {uri: a.uri})
CREATE (s)-[:ABOUT {role: a.role}]->(e)
