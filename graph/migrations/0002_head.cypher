// The empty log: size 0, the root of no leaves (RFC 6962), nothing projected.
MERGE (h:LogHead {id: 0})
  ON CREATE SET h.sequence = 0, h.size = 0, h.projected = 0, h.peaks = [], h.recorded_at = '',
    h.root = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

MERGE (:Projector {id: 0});
