"""Reconciliation: checks of ledger against wallets, shortfalls and episodes."""
