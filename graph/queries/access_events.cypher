// Events of some kinds, in order, as far as readers see the log.
MATCH (h:LogHead {id: 0})
MATCH (e:Event)
WHERE e.kind IN $kinds AND e.sequence > $after AND e.sequence <= h.projected
  AND e.recorded_at >= $since
RETURN e {.*} AS event
ORDER BY e.sequence
LIMIT $limit
