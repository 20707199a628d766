MATCH (event:Event {sequence: $sequence})
UNWIND $rows AS row
MERGE (q:QuarantinedRow {event_sequence: $sequence, event_row: row.row})
  ON CREATE SET q += row.fields
MERGE (q)-[:QUARANTINED_IN]->(event)
