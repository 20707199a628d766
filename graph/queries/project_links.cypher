UNWIND $links AS link
MATCH (fact:Fact {event_sequence: $sequence, class: $class_name, event_row: link.row})
MATCH (target:Entity {uri: link.uri})
CREATE (fact)-[:$(link.type)]->(target)
