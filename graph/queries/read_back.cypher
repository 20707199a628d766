MATCH (e:Entity)
WHERE e.uri > $low AND e.uri < $high
MATCH (f:Fact)-[:STATES]->(e)
WHERE f.from_sequence <= $at AND f.until_sequence > $at
RETURN f {.*} AS fact
