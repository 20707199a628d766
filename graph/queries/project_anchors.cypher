UNWIND $anchors AS anchor
MERGE (e:Entity {uri: anchor.uri})
  ON CREATE SET e.chain = $chain, e.class = anchor.class, e.key = anchor.key, e:$(anchor.class)
