MATCH (l:Lease {name: $name})
SET l.owner = $owner, l.number = $number, l.until = $until, l.millis = $millis
