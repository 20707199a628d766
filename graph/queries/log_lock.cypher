// A write to the head takes its lock until the transaction ends; nothing is read here, because
// what is read in the statement that takes a lock may be older than the lock.
MATCH (h:LogHead {id: 0})
SET h.locked = true
