"""A moment as Intercom and other connectors write it, in whole Unix seconds."""

import math
from datetime import datetime, timezone

from source_intercom.options.dates import moment_of

# Seconds would be of the year 5138 from here on, milliseconds are of 1973: no record is from either year.
_MILLISECONDS = 100_000_000_000
# More digits than any moment has; without a bound, text of a million digits takes minutes to become a number.
_DIGITS = 20


def shown(moment: int) -> str:
    """Unix seconds as people read them; the number itself where no calendar has it."""
    try:
        return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return str(moment)


def seconds_of(value: object) -> int | None:
    """A moment in Unix seconds, None for what is none.

    Seconds and milliseconds, whole or with a fraction, as number or as text, and ISO 8601 text, which is UTC where it
    names no zone. Intercom's description allows numbers and text for one field (calls, 2.15), and old taps met all of
    these in live data.
    """
    # Each record of a search passes here, nearly all with a whole number.
    if type(value) is int:
        return value if -_MILLISECONDS < value < _MILLISECONDS else value // 1000
    if isinstance(value, str):
        return _of_text(value.strip())
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return seconds_of(int(value))


def _of_text(text: str) -> int | None:
    try:
        if text.isascii() and len(text) < _DIGITS and text.removeprefix("-").replace(".", "", 1).isdigit():
            return seconds_of(float(text) if "." in text else int(text))
        return math.floor(moment_of(text).timestamp())
    except (ValueError, OverflowError):
        return None
