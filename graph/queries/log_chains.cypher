MATCH (e:Event)
WHERE e.chain > '' AND e.kind = 'feed.loaded'
RETURN DISTINCT e.chain AS chain
ORDER BY chain
