// What ended at an event: replaced by a later statement, or closed. It may be repeated.
UNWIND $ended AS one
MATCH (fact:Fact {event_sequence: one.event, class: $class_name, event_row: one.row})
WHERE fact.until_sequence = $open_end
SET fact.until_sequence = $sequence
