MATCH (e:Event {idempotency_key: $key})
RETURN e {.*} AS event
