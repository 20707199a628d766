MATCH (event:Event {sequence: $sequence})
UNWIND $rows AS row
MERGE (q:QuarantinedRow {event_sequence: $sequence, event_row: row.row})
  ON CREATE SET q += row.fields, q.chain = $chain, q.source = $source, q.state = 'open',
    q.settled_in = 0, q.place = $first_place + row.row
MERGE (q)-[:QUARANTINED_IN]->(event)
