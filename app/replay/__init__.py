"""Replay: a past incident judged by today's rules."""
