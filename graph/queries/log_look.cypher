MATCH (h:LogHead {id: 0})
OPTIONAL MATCH (e:Event {idempotency_key: $key})
RETURN h {.*} AS head, e {.*} AS event
