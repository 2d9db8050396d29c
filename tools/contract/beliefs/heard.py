"""What all answers of a run said besides their records."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime

from source_intercom.api.budget import WINDOW_SECONDS
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.workspace import Heard, Refused, Workspace

_HOUR = 3_600
_FAR = 60
_USUAL = 1_667  # calls of a window, of 10,000 calls a minute
_RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def _all(ws: Workspace) -> list[Heard]:
    if not ws.heard:
        with suppress(Refused):
            ws.get("/me")
    return ws.heard


def _date(heard: Heard) -> datetime | None:
    try:
        return parsedate_to_datetime(heard.headers["Date"])
    except (KeyError, ValueError, OverflowError):
        return None


def _served(ws: Workspace) -> Answer:
    heard = [one for one in _all(ws) if one.headers.get("Intercom-Version")]
    others = sorted({(one.version, one.headers["Intercom-Version"][:10]) for one in heard})
    others = [(asked, served) for asked, served in others if asked != served]
    if not heard:
        return not_seen("answers name no version")
    return told(not others, unless=", ".join(f"{served} for {asked}" for asked, served in others))


def _clock(ws: Workspace) -> Answer:
    dates = [date for date in map(_date, _all(ws)) if date]
    if not dates:
        return not_seen("answers have no Date that can be read")
    # The last answer is seconds old at most, however long the run takes.
    apart = abs(dates[-1].timestamp() - time.time())
    return told(apart < _HOUR, unless=f"{apart / _HOUR:.0f} hours apart")


def _rate_headers(ws: Workspace) -> Answer:
    good = [one for one in _all(ws) if one.status == 200]
    if not good:
        return not_seen("no call was answered with 200")
    lacking = sum(any(name not in one.headers for name in _RATE_HEADERS) for one in good)
    if lacking:
        return no(f"absent from {lacking} of {len(good)} answers")
    odd = [one for one in good if not _is_true(one)]
    return told(not odd, unless=f"{len(odd)} of {len(good)} answers have figures that cannot be true")


def _figure(heard: Heard, name: str) -> int | None:
    text = heard.headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else None


def _is_true(heard: Heard) -> bool:
    limit, left, reset = (_figure(heard, name) for name in _RATE_HEADERS)
    if not limit or left is None or reset is None:
        return False
    date = _date(heard)
    return abs(reset - (date.timestamp() if date else time.time())) <= _FAR


def _window(ws: Workspace) -> Answer:
    lengths = []
    for one in _all(ws):
        reset, date = _figure(one, "X-RateLimit-Reset"), _date(one)
        if reset and date and _is_true(one):
            lengths.append(reset - date.timestamp())
    if not lengths:
        return not_seen("no answer says when its window ends")
    longest = max(lengths)
    return told(longest <= WINDOW_SECONDS + 1, unless=f"an answer came {longest:.0f} seconds before the end of its own")


def _limit(ws: Workspace) -> Answer:
    limits = {limit for one in _all(ws) if (limit := _figure(one, "X-RateLimit-Limit"))}
    if not limits:
        return not_seen("no answer names a limit")
    return told(min(limits) >= _USUAL, f"{min(limits)} in ten seconds")


def _strict(ws: Workspace) -> Answer:
    odd = sum(not one.is_strict for one in _all(ws))
    return told(not odd, unless=f"{odd} of {len(ws.heard)} answers are not")


def _envelope(ws: Workspace) -> Answer:
    refusals = [one for one in _all(ws) if one.status >= 400]
    if not refusals:
        return not_seen("nothing was refused")
    pages = sorted({one.status for one in refusals if not one.is_intercoms})
    return told(not pages, unless=f"pages of a gateway with {', '.join(map(str, pages))}")


def _too_many(ws: Workspace) -> Answer:
    limited = [one for one in _all(ws) if one.status == 429]
    return yes() if not limited else no(f"{len(limited)} of {len(ws.heard)} calls got 429")


BELIEFS = (
    Belief(
        "version-served",
        "Do answers come in the version that was asked for?",
        "yes",
        "Nothing.",
        "It says so once: fields can differ from the documentation of the streams.",
        "version-served",
        _served,
    ),
    Belief(
        "clock",
        "Do Intercom's clock and that of this machine agree to the hour?",
        "yes",
        "A sync reads up to the earlier of the two.",
        "It takes the one that can be right, warns, and reads up to there.",
        "clock",
        _clock,
    ),
    Belief(
        "rate-headers",
        "Do answers tell the rate limit, in plausible figures?",
        "yes",
        "It spends what the headers allow.",
        "Such a header is ignored, which is said once; without any, only 429 holds it back.",
        "rate-headers",
        _rate_headers,
    ),
    Belief(
        "rate-window",
        "Is a rate-limit window ten seconds long?",
        "yes",
        "It waits until the end that the header names.",
        "It never waits longer than eleven seconds for a window, then asks again.",
        "rate-windows",
        _window,
    ),
    Belief(
        "rate-limit",
        "Are at least 1,667 calls allowed in a window?",
        "yes",
        "It takes the figure from the header.",
        "It takes the figure from the header, and is slower.",
        "rate-limit",
        _limit,
    ),
    Belief(
        "rate-room",
        "Did the rate limit leave room for a few calls in a row?",
        "yes",
        "Nothing.",
        "It waits, up to fifteen minutes for one call. Other apps may spend the limit of the workspace.",
        "rate-429",
        _too_many,
    ),
    Belief(
        "json-strict",
        "Does a strict parser read every answer?",
        "yes",
        "The fast parser reads it.",
        "The standard parser reads what the fast one refuses: U+FFFD for what is no text, null for what is no number.",
        "record-odd-json",
        _strict,
    ),
    Belief(
        "error-envelope",
        "Does every refusal come in Intercom's own envelope?",
        "yes",
        "It believes the refusal.",
        "A refusal without it comes from a gateway, so it tries the call again.",
        "error-gateway",
        _envelope,
    ),
)
