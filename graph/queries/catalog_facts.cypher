// A page by key, read in the order of the index on the URI: a late page costs what the first does.
MATCH (h:LogHead {id: 0})
WITH CASE WHEN $at < h.projected THEN $at ELSE h.projected END AS at
CALL (at) {
  MATCH (e:Entity)
  USING INDEX e:Entity(uri)
  WHERE e.uri > $after AND e.uri < $high
  WITH at, e
  ORDER BY e.uri
  MATCH (f:Fact)-[:STATES]->(e)
  WHERE f.from_sequence <= at AND f.until_sequence > at
  RETURN f, e.uri AS uri
  ORDER BY uri
  LIMIT $limit
}
RETURN f {.*} AS fact
ORDER BY uri
