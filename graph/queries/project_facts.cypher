// A row whose fact already stands with the same content makes no new version; a row that this
// event has already projected is left alone, so the statement may be repeated.
MATCH (event:Event {sequence: $sequence})
UNWIND $rows AS row
MATCH (e:Entity {uri: row.uri})
OPTIONAL MATCH (e)<-[:STATES]-(former:Fact {until_sequence: $open_end})
WITH event, row, e, former
WHERE former IS NULL OR (former.event_sequence <> $sequence AND former.content <> row.content)
FOREACH (f IN CASE WHEN former IS NULL THEN [] ELSE [former] END |
  SET f.until_sequence = $sequence)
CREATE (fact:Fact)
SET fact = row.fields, fact.uri = row.uri, fact.class = $class_name,
  fact.content = row.content, fact.event_sequence = $sequence, fact.event_row = row.row,
  fact.until_sequence = $open_end, fact.source_file = row.source_file,
  fact.source_row = row.source_row
CREATE (fact)-[:STATES]->(e)
CREATE (fact)-[:RECORDED_IN]->(event)
RETURN row.row AS row
