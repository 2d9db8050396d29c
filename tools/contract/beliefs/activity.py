"""What admins did."""

from __future__ import annotations

import time

from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.api.figures import records_in
from source_intercom.shapes.base import INTERCOM_BIRTH
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.searches import objects
from tools.contract.workspace import Refused, Workspace

PATH = "/admins/activity_logs"
_SMALL = 50


def _now(ws: Workspace) -> int:
    return ws.keep("now", lambda: int(time.time()))


def _whole(ws: Workspace) -> list[Record]:
    """The first page of everything. Raises ``Refused``."""
    asked = {"created_at_after": INTERCOM_BIRTH, "created_at_before": _now(ws) + DAY, "per_page": 250}
    return _objects(ws.get(PATH, asked))


def first_page(ws: Workspace) -> list[Record]:
    """The first page of everything, or of thirty days where that is too much."""
    try:
        return _whole(ws)
    except Refused as refusal:
        if not isinstance(refusal.cause, (Unavailable, RequestRefused)):
            raise
    now = _now(ws)
    return _objects(ws.get(PATH, {"created_at_after": now - 29 * DAY, "created_at_before": now, "per_page": _SMALL}))


def _objects(answer: Record) -> list[Record]:
    return objects(records_in(answer, "activity_logs"))


def _range(ws: Workspace) -> Answer:
    try:
        _whole(ws)
    except Refused as refusal:
        if isinstance(refusal.cause, (Unavailable, RequestRefused)):
            return no(refusal.words)
        raise
    return yes()


def _inclusive(ws: Workspace) -> Answer:
    for log in first_page(ws):
        moment = seconds_of(log.get("created_at"))
        if moment is not None:
            # Asked with the log on the lower edge, and with it on the upper one.
            lower = _has(ws, log, moment, moment + 5)
            upper = _has(ws, log, moment - 5, moment)
            if lower == upper:
                return told(lower)
            return no(f"only the {'lower' if lower else 'upper'} one is")
    return not_seen("there are no activity logs")


def _has(ws: Workspace, log: Record, after: int, before: int) -> bool:
    asked = {"created_at_after": after, "created_at_before": before, "per_page": _SMALL}
    return any(one.get("id") == log.get("id") for one in _objects(ws.get(PATH, asked)))


def _text(ws: Workspace) -> Answer:
    values = [
        log["metadata"][name]
        for log in first_page(ws)
        for name in ("before", "after")
        if isinstance(log.get("metadata"), dict) and log["metadata"].get(name) is not None
    ]
    if not values:
        return not_seen("no activity log says what it changed")
    objects = sum(isinstance(value, (dict, list)) for value in values)
    return told(not objects, unless=f"{objects} of {len(values)} are objects")


BELIEFS = (
    Belief("activity-range", "Do activity logs take a range of years, and 250 a page?", "yes",
           "It asks for the whole range at once.",
           "It asks for 30 days at a time, then for half of that, down to an hour, and for 50 a page.",
           "activity-logs", _range),
    Belief("activity-bounds", "Are both bounds of activity logs inclusive?", "either",
           "It asks one second wider, and filters here.", "It asks one second wider, and filters here.",
           "unknown-bounds", _inclusive),
    Belief("activity-metadata", "Are `before` and `after` of activity logs text?", "either",
           "Nothing.", "The schema leaves them open, so objects are delivered as they are.", "activity-metadata",
           _text),
)  # fmt: skip
