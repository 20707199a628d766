// Only the starter that creates the node runs the migration; the other waits for its lock.
MERGE (m:Migration {number: $number})
  ON CREATE SET m.name = $name, m.checksum = $checksum, m.applied_at = $applied_at, m.fresh = true
WITH m, coalesce(m.fresh, false) AS is_ours
REMOVE m.fresh
RETURN m.checksum AS checksum, is_ours
