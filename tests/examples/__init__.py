"""Tests of the examples that generate their facts."""
