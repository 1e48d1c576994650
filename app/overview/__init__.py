"""Overview and trends: the state of every exchange, by lane and by month."""
