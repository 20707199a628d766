// Grants as far as readers see the log, of one person or of all: an end not yet seen is none.
MATCH (h:LogHead {id: 0})
MATCH (a:Agent)-[:HOLDS]->(g:Grant)
WHERE ($person IS NULL OR a.id = $person) AND g.sequence <= h.projected
RETURN g {.*,
  ended: CASE WHEN g.ended_sequence <= h.projected THEN g.ended END,
  ended_recorded: CASE WHEN g.ended_sequence <= h.projected THEN g.ended_recorded END
} AS grant
ORDER BY g.sequence
