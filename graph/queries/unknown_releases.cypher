// Of some releases, those that no event has activated.
UNWIND $releases AS digest
OPTIONAL MATCH (r:PolicyRelease {digest: digest})
WITH digest, r
WHERE r.event_sequence IS NULL
RETURN digest
ORDER BY digest
