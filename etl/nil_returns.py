"""Nil returns: the file in which an exchange says, in its own format, that there was nothing to report of a period."""

from __future__ import annotations

from etl.exchanges import exchange
from etl.intake import Declared
from etl.normalise import arrow_schema
from etl.simulate.writers import write_native
from expectations.catalogue import report


def nil_return(declared: Declared) -> tuple[str, bytes]:
    """The name and the bytes of the exchange's own file without rows, as it would send it."""
    shape = report(declared.report)
    own = exchange(declared.exchange)
    data = write_native(arrow_schema(shape).empty_table(), own, shape, declared.period)
    ending = own.layouts[declared.report].container
    return f"{declared.exchange}_{declared.report}_{declared.period.text}.{ending}", data
