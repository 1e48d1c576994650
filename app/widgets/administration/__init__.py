"""The sections of the administration page: thresholds, people, machine tokens, the audit log, unfinished work."""
