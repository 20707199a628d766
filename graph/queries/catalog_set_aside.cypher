// Rows of a chain in one state, in the order of their deliveries.
MATCH (h:LogHead {id: 0})
MATCH (q:QuarantinedRow)
WHERE q.chain = $chain AND q.state = $state AND q.place > $after
  AND q.event_sequence <= h.projected
  AND ($source = '' OR q.source = $source)
  AND ($class_name = '' OR q.class_name = $class_name)
  AND ($code = '' OR q.code = $code)
WITH q ORDER BY q.place LIMIT $limit
OPTIONAL MATCH (by:Event {sequence: q.settled_in})
RETURN q {.*} AS row, by.agent AS agent, by.recorded_at AS at, by.payload AS payload
ORDER BY q.place
