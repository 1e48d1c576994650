"""The server around the screens: security headers and hourly tasks."""
