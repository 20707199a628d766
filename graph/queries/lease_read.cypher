MATCH (l:Lease {name: $name})
RETURN l.owner AS owner, l.number AS number, l.until AS until, l.millis AS millis,
  timestamp() AS now
