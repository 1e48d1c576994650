"""The screens: each page asks, then draws."""
