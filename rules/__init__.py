"""Governance: SHACL shapes, validation, and movement rules compiled to masks."""
