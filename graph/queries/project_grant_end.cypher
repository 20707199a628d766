// The first end of a grant counts; one more changes nothing.
MATCH (event:Event {sequence: $sequence})
MATCH (g:Grant {id: $grant})
WHERE g.ended IS NULL OR g.ended_sequence = $sequence
SET g.ended = $ended, g.ended_recorded = event.recorded_at, g.ended_sequence = $sequence
MERGE (g)-[:ENDED_IN]->(event)
