MATCH (h:LogHead {id: 0})
MATCH (e:Event)
WHERE e.chain > '' AND e.kind = 'feed.loaded' AND e.sequence <= h.projected
RETURN e.chain AS chain, count(*) AS feeds, max(e.sequence) AS last_feed
ORDER BY chain
