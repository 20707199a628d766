// Feeds of a chain that hold all that their source has of a class; quotes within texts are escaped.
MATCH (e:Event {chain: $chain})
WHERE e.kind = 'feed.loaded' AND e.payload CONTAINS '"full_at":{'
RETURN e {.*} AS event
ORDER BY e.sequence
