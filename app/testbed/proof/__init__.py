"""The proof matrix: every rule fires exactly as specified on every exchange's own format, and is silent otherwise.

`ground` is a few quiet days of all exchanges; `mutations` holds one record a rule, which changes the ground and says
what must be found; `matrix` takes both the whole way, from native bytes to recorded findings, and compares.
"""
