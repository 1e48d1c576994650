"""API keys: counts of keys, suspicion cases and the steps taken in them."""
