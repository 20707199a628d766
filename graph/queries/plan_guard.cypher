// What must hold in the transaction that saves a plan.
OPTIONAL MATCH (later:Event {chain: $chain})
WHERE later.sequence > $snapshot_sequence AND later.kind IN ['feed.loaded', 'facts.due']
WITH min(later.sequence) AS later_feed
UNWIND $releases AS digest
OPTIONAL MATCH (r:PolicyRelease {digest: digest})
WITH later_feed, digest, r
ORDER BY digest
RETURN later_feed, [each IN collect({digest: digest, known: r.event_sequence IS NOT NULL})
                    WHERE NOT each.known | each.digest] AS unknown
