"""EPCIS 2.0 events (JSON and JSON-LD) as stock movements, counts, lots, serials and pallets."""
