"""A change of regulation, made in a copy of the source, over a store that was filled before."""
