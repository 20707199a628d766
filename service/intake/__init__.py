"""What comes in: a delivery is read, judged, compared with what stands, and logged."""
