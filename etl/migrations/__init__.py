"""Alembic migrations of the records: one numbered file a change, named in words."""
