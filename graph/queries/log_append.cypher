MATCH (h:LogHead {id: 0})
SET h += $head
CREATE (e:Event)
SET e = $event
MERGE (a:Agent {id: $event.agent})
CREATE (e)-[:WAS_ATTRIBUTED_TO]->(a)
