"""API volume: the share of trading that came through the API."""
