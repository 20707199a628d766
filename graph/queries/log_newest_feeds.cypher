MATCH (e:Event {chain: $chain})
WHERE e.sequence < $before AND e.kind = 'feed.loaded'
RETURN e {.*} AS event
ORDER BY e.sequence DESC
LIMIT $limit
