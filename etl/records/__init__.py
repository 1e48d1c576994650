"""Records: the tables of what was filed, decided and derived, and the transactions that change them.

`types` keeps money and instants exact in both databases, `tables` is the schema, `engine` opens it, `submissions` is
the life of a submission.
"""
