// What came in force at an event, each as the version that its own event stated, with all its
// links. A row that was projected already is left alone, so the statement may be repeated.
MATCH (said:Event {sequence: $said_by})
UNWIND $rows AS row
MATCH (e:Entity {uri: row.uri})
WHERE NOT EXISTS {
  MATCH (:Fact {event_sequence: $said_by, class: $class_name, event_row: row.row})
}
CREATE (fact:Fact)
SET fact = row.fields, fact.uri = row.uri, fact.class = $class_name,
  fact.content = row.content, fact.event_sequence = $said_by, fact.event_row = row.row,
  fact.from_sequence = $sequence, fact.until_sequence = $open_end,
  fact.source_file = row.source_file, fact.source_row = row.source_row
CREATE (fact)-[:STATES]->(e)
CREATE (fact)-[:RECORDED_IN]->(said)
WITH fact, row
UNWIND row.links AS link
MATCH (target:Entity {uri: link.uri})
CREATE (fact)-[:$(link.type)]->(target)
