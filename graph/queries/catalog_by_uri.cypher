MATCH (h:LogHead {id: 0})
WITH CASE WHEN $at < h.projected THEN $at ELSE h.projected END AS at
UNWIND $uris AS uri
MATCH (e:Entity {uri: uri})<-[:STATES]-(f:Fact)
WHERE f.from_sequence <= at AND f.until_sequence > at
RETURN f {.*} AS fact
