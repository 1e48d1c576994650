"""The worker: a process beside the screens that judges, compares and proves."""
