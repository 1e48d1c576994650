"""How many examples a property is tried with: few in `make test`, five times as many in `make test-slow`."""

import os

_IS_LONG = os.environ.get("DAXA_TEST_LONG") == "1"


def examples(few: int) -> int:
    """So many in `make test`, five times as many in `make test-slow`."""
    return few * 5 if _IS_LONG else few
