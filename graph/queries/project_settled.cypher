// Rows that were open and that an event settles; a settled row stays as it is.
UNWIND $rows AS row
MATCH (q:QuarantinedRow {event_sequence: row.event, event_row: row.row})
WHERE q.state = 'open'
SET q.state = $state, q.settled_in = $sequence
