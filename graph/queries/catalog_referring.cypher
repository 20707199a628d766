// Facts of a class whose field names one of the given entities, a bounded page for each.
MATCH (h:LogHead {id: 0})
WITH CASE WHEN $at < h.projected THEN $at ELSE h.projected END AS at
UNWIND $uris AS uri
MATCH (e:Entity {uri: uri})
CALL (e, at) {
  MATCH (e)<-[:$($relation)]-(f:Fact {class: $class_name})
  WHERE f.uri > $after
    AND f.from_sequence <= at AND f.until_sequence > at
  RETURN f
  ORDER BY f.uri
  LIMIT $limit
}
RETURN uri, f {.*} AS fact
ORDER BY uri, f.uri
