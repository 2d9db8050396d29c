"""Quirks of the headers of an answer. Each is given the headers that stand, and changes them."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from ..settings import Settings

HeaderQuirk = Callable[[dict[str, str], str, Settings], None]
YEAR = 365 * 86_400
STUCK = 1_700_000_000
DIGITS = 400


def other_version_served(headers: dict[str, str], value: str, _settings: Settings) -> None:
    headers["Intercom-Version"] = value or "2.14"


def odd_date(headers: dict[str, str], value: str, settings: Settings) -> None:
    shift = {"": -YEAR, "past": -YEAR, "future": YEAR}.get(value)
    headers["Date"] = formatdate(settings.clock() + (int(value) if shift is None else shift), usegmt=True)


def odd_rate_headers(headers: dict[str, str], value: str, settings: Settings) -> None:
    if "X-RateLimit-Limit" not in headers:
        return
    if value in ("", "zero"):
        headers["X-RateLimit-Limit"] = headers["X-RateLimit-Remaining"] = "0"
    else:
        headers["X-RateLimit-Reset"] = {
            "past": str(int(settings.clock()) - 3_600),
            "same": str(STUCK),
            "ms": headers["X-RateLimit-Reset"] + "000",
            "endless": "9" * DIGITS,
        }[value]


HEADER_QUIRKS: dict[str, HeaderQuirk] = {
    "other-version-served": other_version_served,
    "odd-date": odd_date,
    "odd-rate-headers": odd_rate_headers,
}
