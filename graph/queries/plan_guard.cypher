// What must hold in the transaction that saves a plan.
OPTIONAL MATCH (later:Event {chain: $chain})
WHERE later.sequence > $snapshot_sequence AND later.kind IN ['feed.loaded', 'facts.due']
WITH min(later.sequence) AS later_feed
OPTIONAL MATCH (r:PolicyRelease {digest: $release})
RETURN later_feed, r.event_sequence IS NOT NULL AS has_release
