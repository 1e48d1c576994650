"""Obligations: which report was due when, and what became of it."""
