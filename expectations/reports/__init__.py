"""One module a report (its shape, `REPORT`) and one Great Expectations suite beside it (its rules)."""
