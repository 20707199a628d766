MATCH (h:LogHead {id: 0})
SET h.projected = $sequence
