"""Certificates and their checkers: no solver is imported here."""
