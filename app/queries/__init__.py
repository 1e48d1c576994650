"""Every question that a screen asks, named after the question and scoped to who asks.

Each takes the store, then the scope of whoever asks, then what it is about, and answers with a small frame or a frozen
record; amounts are exact decimals that are added up here, because SQLite keeps them as text. Figures count
while their submission is accepted.
"""
