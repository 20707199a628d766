MATCH (e:Event)
WHERE e.sequence > $after AND e.sequence <= $upto
RETURN e {.*} AS event
ORDER BY e.sequence
LIMIT $limit
