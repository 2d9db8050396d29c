"""When the records of a fresh workspace were made and last changed."""

from __future__ import annotations

from array import array
from datetime import datetime, timezone
from random import Random

from .settings import Settings

DAY = 86_400
BULK_SECONDS = 3


def iso(second: int, milliseconds: bool = False) -> str:
    """A moment as text, as 2.16's younger endpoints write it."""
    text = datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (".000Z" if milliseconds else "Z")


def spread(kind: str, count: int, settings: Settings, now: int) -> tuple[array[int], array[int]]:
    """Creation times in ascending order, and for each a time of last change, none later than `now`.

    `even`: changes are about even over the history. `burst`: seven in ten old enough records were last
    changed in one week, a third of these within three seconds of a bulk update, so that thousands share one
    second.
    """
    random = Random(f"{settings.seed}|{kind}|times")
    draw = random.random
    length = settings.history_days * DAY
    start = now - length
    created = sorted(start + int(draw() * length) for _ in range(count))
    updated = array("q", bytes(8 * count))
    burst = settings.skew == "burst"
    week = min(7 * DAY, length // 4)
    week_start = now - length // 10 - week
    bulk = week_start + week // 2
    for number, second in enumerate(created):
        if burst and second < week_start and draw() < 0.7:
            updated[number] = bulk + int(draw() * BULK_SECONDS) if draw() < 0.33 else week_start + int(draw() * week)
            continue
        chance = draw()
        later = second + int(chance * chance * chance * 30 * DAY)
        updated[number] = later if later <= now else second + int(chance * (now - second))
    return array("q", created), updated
