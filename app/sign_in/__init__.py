"""Signing in and out: pages of our own in front of the screens, and the gate that asks everybody for a session."""
