"""Pieces of screen that are used twice or more: the view, filters, header, tables, charts, rows behind a mark."""
