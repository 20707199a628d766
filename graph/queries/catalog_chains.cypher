// Chains of which anything was loaded, or waits; what a payload holds of text has its quotes escaped.
MATCH (h:LogHead {id: 0})
MATCH (e:Event)
WHERE e.chain > '' AND e.kind = 'feed.loaded' AND e.sequence <= h.projected
WITH h, e.chain AS chain, count(*) AS feeds, max(e.sequence) AS last_feed
WITH chain, feeds, last_feed, EXISTS {
    MATCH (f:Event {chain: chain})
    WHERE f.kind = 'feed.loaded' AND f.sequence <= h.projected
      AND NOT f.payload CONTAINS '"facts":0,'
  } AS has_facts
WHERE has_facts OR EXISTS { MATCH (:QuarantinedRow {chain: chain, state: 'open'}) }
RETURN chain, feeds, last_feed, has_facts
ORDER BY chain
