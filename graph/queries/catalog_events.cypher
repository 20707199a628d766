MATCH (h:LogHead {id: 0})
MATCH (e:Event)
WHERE e.sequence > $after AND e.sequence <= h.projected
RETURN e {.*} AS event
ORDER BY e.sequence
LIMIT $limit
