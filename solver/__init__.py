"""Columns to network to flow to certificate to lines; knows no rule and no database."""
