"""The service: identity, queries, charts, parts of pages, API and command. It judges nothing."""
