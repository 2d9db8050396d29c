"""How long to wait: for an answer, for the rate limit, between two tries. Tests can have shorter waits."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from source_intercom.api.errors import RETRIES
from source_intercom.api.hosts import is_loopback


@dataclass(frozen=True)
class Patience:
    """Seconds that one request may take.

    ``connect`` for a connection, ``answer`` for an answer (and more for a large one, see ``wire``), ``answers`` for all
    its tries together before the last one, ``rate_limit`` for all waits for the rate limit together, which are counted
    apart: a request that has waited for the limit has lost none of its tries. ``retry_after`` is the longest wait that
    ``Retry-After`` may ask for: each time for the rate limit, in all tries together for other faults.
    """

    connect: float
    answer: float
    answers: float
    rate_limit: float
    retry_after: float


# Heavy searches think for a minute. Three tries without an answer are four and a half minutes.
PATIENT = Patience(connect=10.0, answer=90.0, answers=200.0, rate_limit=900.0, retry_after=120.0)
# A person waits for `check`, so it tries less often, and reports a server that never answers within a minute.
HASTY = Patience(connect=6.0, answer=16.0, answers=38.0, rate_limit=50.0, retry_after=10.0)


def patience_for(retries: int) -> Patience:
    """How long a client waits that has so many retries."""
    return HASTY if 0 < retries < RETRIES else PATIENT


def time_scale(base_url: str) -> float:
    """By how much waits are shorter or longer: ``SOURCE_INTERCOM_TIME_SCALE``, for tests.

    It holds on this machine's own loopback only, where no Intercom is. It scales the waits that we choose: between
    tries, for the rate limit where no header names its end, for a scroll, for memory. What a server's header names
    stays as it is.
    """
    try:
        scale = float(os.environ.get("SOURCE_INTERCOM_TIME_SCALE", "1"))
    except ValueError:
        return 1.0
    host = urlsplit(base_url).hostname or ""
    return scale if is_loopback(host) and 0 < scale < 100 else 1.0
