// When some events were recorded.
UNWIND $sequences AS sequence
MATCH (e:Event {sequence: sequence})
RETURN e.sequence AS sequence, e.recorded_at AS recorded_at
