// Events of some kinds after a sequence, in order; those that readers do not see yet, too.
MATCH (e:Event)
WHERE e.kind IN $kinds AND e.sequence > $after AND e.sequence <= $upto
RETURN e {.*} AS event
ORDER BY e.sequence
