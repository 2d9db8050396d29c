"""Dates and date-times as text, as people type them into options and as Intercom writes some of them."""

import re
from datetime import datetime, timezone

# A whole date, or a date-time whose seconds may carry a fraction: people type both.
DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$")


def moment_of(text: str) -> datetime:
    """The moment that a date or a date-time names; without a zone in UTC. Raises ``ValueError``."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        # Python 3.10 knows fractions of three or six digits only; a fraction of a second never matters here.
        moment = datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text).replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
