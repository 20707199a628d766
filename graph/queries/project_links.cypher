UNWIND $links AS link
MATCH (fact:Fact {event_sequence: $said_by, class: $class_name, event_row: link.row})
MATCH (target:Entity {uri: link.uri})
CREATE (fact)-[:$(link.type)]->(target)
