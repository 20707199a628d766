// Rows that were set aside before there was a way to settle them are open.
MATCH (q:QuarantinedRow)-[:QUARANTINED_IN]->(e:Event)
WHERE q.state IS NULL
SET q.state = 'open', q.settled_in = 0, q.chain = e.chain, q.class_name = '', q.fact_key = '',
  q.source = split(split(e.payload, '"source":"')[1], '"')[0],
  q.place = q.event_sequence * 4294967296 + q.event_row;
