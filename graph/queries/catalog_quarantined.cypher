MATCH (h:LogHead {id: 0})
MATCH (q:QuarantinedRow)
WHERE q.event_sequence = $event AND q.event_row > $after AND q.event_sequence <= h.projected
RETURN q {.*} AS row
ORDER BY q.event_row
LIMIT $limit
