MATCH (e:Event {chain: $chain})
WHERE e.sequence > $after AND e.kind IN ['feed.loaded', 'facts.due']
RETURN e.sequence AS sequence
LIMIT 1
