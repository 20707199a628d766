// What was reserved for a plan is free again since an event.
MATCH (event:Event {sequence: $sequence})
MATCH (:Plan {digest: $plan})<-[:RESERVED_FOR]-(r:PlanReservation)
WHERE r.released_sequence IS NULL OR r.released_sequence = $sequence
SET r.released_at = event.recorded_at, r.released_sequence = $sequence
