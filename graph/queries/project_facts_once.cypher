// What came in force at an event, with all its links: for a store that one who is alone makes anew.
// A row that is there already is refused by the constraint on addresses, not left alone.
MATCH (said:Event {sequence: $said_by})
UNWIND $rows AS row
MATCH (e:Entity {uri: row.uri})
CREATE (fact:Fact)
SET fact = row.fact
CREATE (fact)-[:STATES]->(e)
CREATE (fact)-[:RECORDED_IN]->(said)
WITH fact, row
UNWIND row.links AS link
MATCH (target:Entity {uri: link.uri})
CREATE (fact)-[:$(link.type)]->(target)
