// Since when a fact is in force is its own word now: a statement can wait for its time.
MATCH (f:Fact)
WHERE f.from_sequence IS NULL
SET f.from_sequence = f.event_sequence;
