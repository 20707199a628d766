"""What access is decided with: verbs, rows, labels, grants; `service.access` decides."""
