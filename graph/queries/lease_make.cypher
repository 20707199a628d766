// Under the lock of the log's head, so that there is one.
MERGE (l:Lease {name: $name})
ON CREATE SET l.owner = '', l.number = 0, l.until = 0
