// Events of some kinds after a sequence, in order; those that readers do not see yet, too. And when the log's last event, of any kind, was recorded.
MATCH (h:LogHead {id: 0})
RETURN h.recorded_at AS recorded_at, COLLECT {
  MATCH (e:Event)
  WHERE e.kind IN $kinds AND e.sequence > $after
  RETURN e {.*} AS event
  ORDER BY e.sequence
} AS events
