MATCH (p:Projector {id: 0})
SET p.busy_with = $sequence
