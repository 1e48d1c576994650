"""Compares the samples with what is written and read today, or, with --regenerate, writes them anew."""

import sys

from tests.golden.samples import differences, regenerate

if __name__ == "__main__":
    if sys.argv[1:] == ["--regenerate"]:
        regenerate()
    elif sys.argv[1:]:
        sys.exit("python -m tests.golden [--regenerate]")
    elif changed := differences():
        sys.exit("\n".join([*changed, "different; if that is meant: python -m tests.golden --regenerate"]))
