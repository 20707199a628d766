UNWIND $rows AS row
MATCH (q:QuarantinedRow {event_sequence: row.event, event_row: row.row})
WHERE q.state <> 'open'
RETURN q.event_sequence AS event, q.event_row AS row, q.state AS state, q.settled_in AS settled_in
ORDER BY event, row
LIMIT 1
