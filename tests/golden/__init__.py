"""Small samples: every report of every exchange as it is filed, and beside each the canonical rows that it means.

`EXCHANGE_REPORT_PERIOD.EXT` is the file, `EXCHANGE_REPORT_PERIOD.golden.csv` its meaning, both to be read by people.
The rows are written down in `rows.py`. After a deliberate change of a format or of the rows:

    python -m tests.golden --regenerate

and look at what changed with `git diff` before it is kept; without the option the command says which files differ.
"""
