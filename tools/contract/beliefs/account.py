"""What Intercom says of the workspace itself, and in which version."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from source_intercom.api.client import API_VERSION
from source_intercom.api.errors import RecordGone, RequestRefused, VersionRefused
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.workspace import NEWER, NEWEST, Refused, Workspace

_MILLISECONDS = 100_000_000_000
_REGIONS = {"us": "us", "eu": "eu", "europe": "eu", "au": "au", "australia": "au"}


def app_of(ws: Workspace) -> dict[str, Any]:
    """What ``/me`` says of the workspace. Raises ``Refused``."""
    app = ws.get("/me").get("app")
    return app if isinstance(app, dict) else {}


def zone_of(ws: Workspace) -> ZoneInfo | None:
    """The time zone of the workspace, None where it is not told or not known here."""
    try:
        return ZoneInfo(str(app_of(ws).get("timezone") or ""))
    except (Refused, ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _me(ws: Workspace) -> Answer:
    try:
        ws.get("/me")
    except Refused as refusal:
        return no(refusal.words)
    return yes()


def _zone(ws: Workspace) -> Answer:
    return told(bool(app_of(ws)) and zone_of(ws) is not None, unless="no zone, or one that this machine does not know")


def _birth(ws: Workspace) -> Answer:
    created = app_of(ws).get("created_at")
    return told(type(created) is int and created < _MILLISECONDS, unless="not in Unix seconds")


def _region(ws: Workspace) -> Answer:
    said = app_of(ws).get("region")
    region = _REGIONS.get(said.lower()) if isinstance(said, str) else None
    if region is None:
        return not_seen("/me names no region that is known")
    return told(region == ws.config.region, unless=f"/me says {region}, the options say {ws.config.region}")


def _version_215(ws: Workspace) -> Answer:
    return _version(ws, API_VERSION)


def _version_216(ws: Workspace) -> Answer:
    return _version(ws, NEWER)


def _version_217(ws: Workspace) -> Answer:
    return _version(ws, NEWEST)


def _version(ws: Workspace, version: str) -> Answer:
    for path in ("/me", "/admins"):
        try:
            ws.get(path, version=version)
        except Refused as refusal:
            if isinstance(refusal.cause, VersionRefused):
                return no(refusal.words)
        else:
            return yes()
    return not_seen("the token may read neither /me nor /admins")


def _lacking_endpoint(ws: Workspace) -> Answer:
    try:
        ws.get("/macros", {"per_page": 1}, version=API_VERSION)
    except Refused as refusal:
        if isinstance(refusal.cause, VersionRefused):
            return yes()
        if isinstance(refusal.cause, (RecordGone, RequestRefused)):
            return no(refusal.words)
        return not_seen(refusal.words)
    return no(f"{API_VERSION} has /macros")


def _gone(ws: Workspace) -> Answer:
    try:
        ws.get("/contacts/000000000000000000000000")
    except Refused as refusal:
        if isinstance(refusal.cause, RecordGone):
            return yes()
        return no(refusal.words)
    return no("it answers")


BELIEFS = (
    Belief(
        "me-answers",
        "Does `/me` answer this token?",
        "yes",
        "It takes time zone, region and age of the workspace from there.",
        "It reads on with a warning, and takes UTC for the zone.",
        "error-me-refused",
        _me,
    ),
    Belief(
        "me-zone",
        "Does `/me` name a time zone that can be looked up?",
        "yes",
        "Contacts are read in days of this zone.",
        "Contacts are read in days of UTC, which costs pages and loses nothing.",
        "search-day-zone",
        _zone,
    ),
    Belief(
        "me-created-at",
        "Does `/me` say when the workspace was made, in Unix seconds?",
        "yes",
        "It divides the time since then into periods; the first one reaches back further.",
        "It divides the time since 2011 into periods.",
        "search-day-zone",
        _birth,
    ),
    Belief(
        "me-region",
        "Is the workspace in the region that the options name?",
        "yes",
        "Nothing.",
        "It warns that the data passes through another region.",
        "region-hosts",
        _region,
    ),
    Belief(
        "version-215",
        f"Is version {API_VERSION} served?",
        "yes",
        "Most streams ask for it.",
        "The streams that need it end incomplete, and say so.",
        "version-215",
        _version_215,
    ),
    Belief(
        "version-216",
        f"Is version {NEWER} served?",
        "yes",
        "The streams that exist only there ask for it.",
        "These streams end incomplete, and say so. No other is held up.",
        "version-216",
        _version_216,
    ),
    Belief(
        "version-217",
        f"Is version {NEWEST} served?",
        "yes",
        "The streams that exist only there ask for it.",
        "These streams end incomplete, and say so. No other is held up.",
        "version-217",
        _version_217,
    ),
    Belief(
        "version-invalid",
        "Is an endpoint that a version lacks refused with `intercom_version_invalid`?",
        "yes",
        "The stream is called unavailable in this version.",
        "The stream ends incomplete with Intercom's own words.",
        "version-invalid",
        _lacking_endpoint,
    ),
    Belief(
        "record-gone",
        "Is a record that is not there answered with 404 or 410?",
        "yes",
        "It is skipped and counted.",
        "It is named, and the stream ends incomplete.",
        "error-gone",
        _gone,
    ),
)
