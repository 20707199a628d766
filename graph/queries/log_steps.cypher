MATCH (e:Event {chain: $chain})
WHERE e.sequence > $after AND e.sequence <= $upto AND e.kind IN ['feed.loaded', 'facts.due']
RETURN e {.*} AS event
ORDER BY e.sequence
