"""What the headers of an answer say, as far as anybody can read them."""

from email.utils import parsedate_to_datetime

import requests

_DIGITS = 15  # more than a moment in milliseconds has
_MILLISECONDS = 10**11  # as seconds, this would be in the year 5138
RESET = "X-RateLimit-Reset"


def whole_number(text: str | None) -> int | None:
    """A header as a whole number; None where it is absent or none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else None


def reset_of(response: requests.Response) -> int | None:
    """When the rate-limit window of an answer ends, on Intercom's clock in Unix seconds; None if it does not say."""
    reset = whole_number(response.headers.get(RESET))
    return reset if reset is None or reset < _MILLISECONDS else reset // 1000


def date_of(response: requests.Response) -> float | None:
    """The moment of an answer on Intercom's clock in Unix seconds, without a fraction; None if it does not say."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None


def is_web_page(response: requests.Response) -> bool:
    """Whether an answer says that it is for people, as gateways' answers are and none of Intercom's."""
    return "html" in response.headers.get("Content-Type", "").lower()
