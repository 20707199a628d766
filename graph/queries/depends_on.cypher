// What a supplier, contract, lane, location or region stands behind: tiers and bills of material
// up to 8 steps, lanes all the way. Goods follow links between tiers only as themselves or as parts.
// Stock and demand add their items, not their facts.
MATCH (h:LogHead {id: 0})
WITH h.projected AS at
CALL (at) {
  MATCH (:Component {chain: $chain})<-[:STATES]-(first:Fact)-[:COMPONENT]->(part:Entity)
  WHERE first.from_sequence <= at AND first.until_sequence > at
  WITH DISTINCT at, part
  MATCH (part)((:Entity)<-[:COMPONENT]-(b:Fact WHERE b.from_sequence <= at
    AND b.until_sequence > at)-[:ITEM]->(:Entity)){1,8}(:Entity)
  RETURN collect(DISTINCT [b[0].component, b[-1].item]) AS made
}
CALL (at) {
  MATCH (:Entity {uri: $uri})<-[:STATES]-(f:Fact)-[:ORIGIN]->(place:Entity)
  WHERE $kind = 'lane' AND f.from_sequence <= at AND f.until_sequence > at
  RETURN collect(DISTINCT place) AS places
  UNION
  MATCH (whole:Location {chain: $chain})<-[:STATES]-(f:Fact)
  WHERE $kind IN ['location', 'region'] AND f.from_sequence <= at AND f.until_sequence > at
    AND (whole.uri = $uri OR ($kind = 'region' AND f.region = $key))
  MATCH (whole)((:Entity)<-[:PART_OF]-(c:Fact WHERE c.from_sequence <= at
    AND c.until_sequence > at)-[:STATES]->(:Entity)){0,8}(place:Entity)
  RETURN collect(DISTINCT place) AS places
}
WITH at, made, collect(places) AS found
WITH at, made, reduce(all = [], some IN found | all + some) AS places
CALL (at, places) {
  UNWIND places AS place
  MATCH SHORTEST 1 (place)((:Entity)<-[:DESTINATION]-(l:Fact WHERE l.from_sequence <= at
    AND l.until_sequence > at AND l.class = 'Lane')-[:ORIGIN]->(:Entity))*(origin:Location)
  RETURN collect(DISTINCT origin) AS origins
}
CALL (at, made, places, origins) {
  MATCH (start:Entity {uri: $uri})
  WHERE $kind = 'supplier'
  MATCH (start)((:Entity)<-[:UPSTREAM]-(link:Fact WHERE link.from_sequence <= at
    AND link.until_sequence > at)-[:SUPPLIER]->(:Entity)){0,8}(seller:Entity)
  WHERE all(i IN range(1, size(link) - 1) WHERE link[i].item = link[i - 1].item
    OR [link[i - 1].item, link[i].item] IN made)
  OPTIONAL MATCH (seller)<-[:SUPPLIER]-(o:Fact)
  WHERE o.class IN ['Offer', 'PurchaseOrder']
    AND o.from_sequence <= at AND o.until_sequence > at
    AND (size(link) = 0 OR o.item = link[-1].item OR [link[-1].item, o.item] IN made)
  UNWIND link + [o] AS fact
  RETURN collect(DISTINCT fact) AS some
  UNION
  MATCH (:Entity {uri: $uri})<-[:CONTRACT]-(fact:Fact)
  WHERE $kind = 'contract' AND fact.from_sequence <= at AND fact.until_sequence > at
  RETURN collect(DISTINCT fact) AS some
  UNION
  MATCH (:Entity {uri: $uri})<-[:LANE]-(fact:Fact {class: 'Shipment'})
  WHERE $kind = 'lane' AND fact.from_sequence <= at AND fact.until_sequence > at
  RETURN collect(DISTINCT fact) AS some
  UNION
  UNWIND CASE WHEN $kind = 'lane' THEN [] ELSE places END AS place
  MATCH (place)<-[:ORIGIN]-(fact:Fact {class: 'TransferOrder'})
  WHERE fact.from_sequence <= at AND fact.until_sequence > at
  RETURN collect(DISTINCT fact) AS some
  UNION
  UNWIND origins AS origin
  MATCH (origin)<-[:LOCATION]-(fact:Fact)
  WHERE fact.class IN ['Offer', 'Production'] AND fact.from_sequence <= at
    AND fact.until_sequence > at
  RETURN collect(DISTINCT fact) AS some
}
WITH at, made, places, origins, collect(some) AS found
WITH at, made, places, origins, reduce(all = [], some IN found | all + some) AS goods
CALL (at, places, origins, goods) {
  UNWIND origins AS origin
  MATCH (origin)<-[:LOCATION]-(stock:Fact {class: 'StockPosition'})
  WHERE stock.from_sequence <= at AND stock.until_sequence > at
  RETURN DISTINCT stock.item AS item
  UNION
  UNWIND CASE WHEN $kind = 'lane' THEN [] ELSE places END AS place
  MATCH (place)<-[:LOCATION]-(asked:Fact)
  WHERE asked.class IN ['DemandForecast', 'DemandOutcome']
    AND asked.from_sequence <= at AND asked.until_sequence > at
  RETURN DISTINCT asked.item AS item
  UNION
  UNWIND goods AS fact
  RETURN DISTINCT fact.item AS item
  UNION
  RETURN null AS item
}
WITH at, made, places, goods, collect(item) AS own
WITH at, places, goods,
  own + [pair IN made WHERE pair[0] IN own AND NOT pair[1] IN own | pair[1]] AS items
CALL (places, goods) {
  UNWIND goods AS offer
  MATCH (offer)-[:LOCATION]->(place:Entity)
  WHERE size(places) = 0
  RETURN collect(DISTINCT place) AS sold_at
}
WITH at, goods, items, places + sold_at AS places
CALL (at, places) {
  UNWIND places AS place
  MATCH SHORTEST 1 (place)((:Entity)<-[:ORIGIN]-(l:Fact WHERE l.from_sequence <= at
    AND l.until_sequence > at AND l.class = 'Lane')-[:DESTINATION]->(:Entity))*(end:Location)
  RETURN collect(DISTINCT end) AS ends
}
CALL (at, goods, items, ends) {
  UNWIND goods AS fact
  RETURN fact
  UNION
  UNWIND ends AS end
  MATCH (end)<-[:ORIGIN]-(fact:Fact {class: 'Lane'})
  WHERE fact.from_sequence <= at AND fact.until_sequence > at
  RETURN fact
  UNION
  MATCH (:Component {chain: $chain})<-[:STATES]-(fact:Fact)
  WHERE fact.from_sequence <= at AND fact.until_sequence > at AND fact.component IN items
  RETURN fact
  UNION
  RETURN null AS fact
}
WITH items, [end IN ends | end.uri] AS locations, fact
ORDER BY fact.class, fact.uri
RETURN items, locations, collect(fact {.*}) AS facts
