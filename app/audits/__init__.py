"""Audits: the monthly external audits of ledgers and wallets."""
