// Open rows of a source about some facts, with their clocks: before all others where unknown.
MATCH (q:QuarantinedRow)
WHERE q.chain = $chain AND q.state = 'open' AND q.place < $before
  AND q.source = $source AND q.class_name IN $classes AND q.fact_key <> ''
  AND ($keys IS NULL OR q.fact_key IN $keys)
RETURN q.event_sequence AS event, q.event_row AS row, q.class_name AS class, q.fact_key AS key,
  coalesce(q.since, $unknown) AS since, coalesce(q.standing, $unknown) AS standing,
  coalesce(q.source_order, $unknown) AS order
