MATCH (h:LogHead {id: 0})
WITH CASE WHEN $at < h.projected THEN $at ELSE h.projected END AS at
MATCH (e:Entity)
WHERE e.uri > $low AND e.uri < $high
MATCH (f:Fact)-[:STATES]->(e)
WHERE f.from_sequence <= at AND f.until_sequence > at
RETURN f.class AS class, count(*) AS facts
ORDER BY class
