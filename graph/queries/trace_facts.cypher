// Facts by their addresses, each with the event that recorded it.
UNWIND $addresses AS address
MATCH (f:Fact {event_sequence: address.event, class: address.class, event_row: address.row})
  -[:RECORDED_IN]->(e:Event)
RETURN f {.*} AS fact, e {.sequence, .recorded_at, .agent, .artifact, .leaf, .payload} AS event
