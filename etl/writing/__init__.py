"""Writing reports: canonical rows to the bytes of a file, the inverse of reading (`etl.formats`, `etl.normalise`)."""
