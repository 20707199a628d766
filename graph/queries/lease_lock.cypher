// A write to the lease takes its lock until the transaction ends; it is read in the next statement.
MATCH (l:Lease {name: $name})
SET l.locked = true
