// A grant between a person and what it covers; the properties are all that a decision reads.
MATCH (event:Event {sequence: $sequence})
MERGE (g:Grant {id: $grant.id})
  ON CREATE SET g = $grant, g.recorded = event.recorded_at, g.sequence = $sequence
MERGE (person:Agent {id: $grant.person})
MERGE (person)-[:HOLDS]->(g)
MERGE (g)-[:RECORDED_IN]->(event)
WITH g
UNWIND $covers AS covered
MERGE (s:GrantScope {id: covered.kind + '/' + covered.name})
  ON CREATE SET s.kind = covered.kind, s.name = covered.name
MERGE (g)-[:COVERS]->(s)
