"""Filing: drafts, verdicts, receipts and templates of an exchange, and the list of submissions."""
