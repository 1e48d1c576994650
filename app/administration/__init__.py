"""Administration: people, machine tokens, thresholds, the audit log, unfinished work."""
