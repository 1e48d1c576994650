"""THE STANDARD: what a report looks like and what it must satisfy; imports nothing of ours."""
