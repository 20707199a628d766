MATCH (e:Event {request: $request})
RETURN e {.*} AS event
