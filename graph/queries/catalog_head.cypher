MATCH (h:LogHead {id: 0})
OPTIONAL MATCH (e:Event {sequence: h.projected})
RETURN h.projected AS projected, h.sequence AS sequence, h.root AS root,
  e.recorded_at AS recorded_at
