MATCH (h:LogHead {id: 0})
MATCH (r:PolicyRelease)
WHERE r.event_sequence <= h.projected
RETURN r {.*} AS release
ORDER BY r.event_sequence DESC
LIMIT $limit
