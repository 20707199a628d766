// Rows of one delivery with what became of them, in their order.
MATCH (h:LogHead {id: 0})
MATCH (q:QuarantinedRow)
WHERE q.event_sequence = $event AND q.event_row > $after AND q.event_sequence <= h.projected
  AND ($state = '' OR q.state = $state)
WITH q ORDER BY q.event_row LIMIT $limit
OPTIONAL MATCH (by:Event {sequence: q.settled_in})
RETURN q {.*} AS row, by.agent AS agent, by.recorded_at AS at, by.payload AS payload
ORDER BY q.event_row
