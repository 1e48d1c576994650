"""Halts: suspensions of trading, deposits and withdrawals, and their steps."""
