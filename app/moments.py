"""The present moment, and how moments, days and lengths of time are written: always KST, never the server's zone."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

from app.words import say
from expectations.vocabulary import KST as KST

NOW_VARIABLE = "DAXA_NOW"
"""An instant as ISO 8601 with offset that stands for the present, for tests, screenshots and replays."""


def now(stands_at: datetime | None = None) -> datetime:
    """The present moment in UTC: the one that DAXA_NOW names, else `stands_at`, else the clock's."""
    given = os.environ.get(NOW_VARIABLE)
    if given:
        return datetime.fromisoformat(given).astimezone(UTC)
    return datetime.now(UTC) if stands_at is None else stands_at.astimezone(UTC)


def kst_day(instant: datetime) -> date:
    """The KST calendar day that an instant lies in."""
    return instant.astimezone(KST).date()


def last_whole_day(moment: datetime) -> date:
    """The last KST day that is over: every default period, preset and month ends with it, whatever was filed.

    The day that runs is shown where somebody asks for it, or for what is open now: only slices can be filed of it. What
    was filed of another day than this moves nobody's view; the head of a page says which day was filed last.
    """
    return kst_day(moment) - timedelta(days=1)


def kst_text(instant: datetime | None) -> str:
    """Day and time of day in KST, to the second, or to the millisecond where it has them; empty for none.

    >>> kst_text(datetime(2026, 11, 1, 15, 5, tzinfo=UTC))
    '2026-11-02 00:05:00'
    """
    if instant is None or instant != instant:  # a missing instant of a frame is unequal to itself
        return ""
    local = instant.astimezone(KST)
    milliseconds = local.microsecond // 1000
    return f"{local:%Y-%m-%d %H:%M:%S}" + (f".{milliseconds:03d}" if milliseconds else "")


def kst_minute(instant: datetime) -> str:
    """Day and time of day in KST, to the minute."""
    return f"{instant.astimezone(KST):%Y-%m-%d %H:%M}"


def as_told(length: timedelta, units: int = 2) -> timedelta:
    """A length of time without what `duration` leaves out when it tells it.

    >>> as_told(timedelta(hours=26, minutes=5)), as_told(-timedelta(seconds=3661))
    (datetime.timedelta(days=1, seconds=7200), datetime.timedelta(days=-1, seconds=82740))
    """
    if length < timedelta():
        return -as_told(-length, units)
    seconds = int(length.total_seconds())
    kept, told = 0, 0
    for size in (86_400, 3_600, 60, 1):
        count, seconds = divmod(seconds, size)
        if told == units or (told and not count):
            break
        kept, told = kept + count * size, told + bool(count)
    return timedelta(seconds=kept)


def duration(length: timedelta, language: str, units: int = 2) -> str:
    """A length of time in its largest units, what is less cut off.

    >>> duration(timedelta(hours=26, minutes=5), "ko"), duration(timedelta(seconds=90), "en")
    ('1일 2시간', '1 min 30 s')
    """
    seconds = max(0, int(length.total_seconds()))
    sizes = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    parts = []
    for unit, size in sizes:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(say(f"duration.{unit}", language, count=count))
        elif parts:
            break
    return " ".join(parts[:units]) or say("duration.second", language, count=0)
