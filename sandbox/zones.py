"""Calendar days of a workspace's own time zone, by which contact search filters up to 2.16.

That it is the workspace's zone and not UTC say Intercom's OpenAPI issues 576 and 625.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def day_bounds(second: int, zone: str) -> tuple[int, int]:
    """First second of the local day that holds `second`, and first second of the next local day.

    The day may have 23 or 25 hours. Where midnight itself is skipped by a clock change, the wall time that
    does not exist is read with the offset before the change, which is the very moment the day begins.
    """
    tz = ZoneInfo(zone)
    local = datetime.fromtimestamp(second, tz)
    start = datetime(local.year, local.month, local.day, tzinfo=tz)
    following = local.date() + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=tz)
    return int(start.timestamp()), int(end.timestamp())
