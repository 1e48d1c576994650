"""Rules: the rule book, its thresholds, and the findings it gave."""
