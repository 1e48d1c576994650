"""What reading and judging one file may take, beyond which the file is refused (SUB-008), with unit and reason.

What is counted while a file is read (rows, cells, findings, length of a value, unpacked bytes) are the parameters of
SUB-008 themselves, and are looked at where each is counted. What a process may take in all is here: it is held by the
system and ends the process, whatever the file makes it do (`etl.bounded`).
"""

from __future__ import annotations

from dataclasses import dataclass

from expectations.catalogue import parameter


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process that reads and judges a file may take; each is a parameter of SUB-008, which gives the reason.

    `cpu_seconds` of a processor, `wall_seconds` on the clock, `memory_bytes` of its own beside what it begins with.
    """

    cpu_seconds: int
    wall_seconds: int
    memory_bytes: int


def bounds() -> Bounds:
    """The bounds in force."""
    return Bounds(
        int(parameter("maximum_cpu_seconds")),
        int(parameter("maximum_wall_seconds")),
        int(parameter("maximum_memory_bytes")),
    )
