"""Surveillance: suspected abnormal trading by pattern and market."""
