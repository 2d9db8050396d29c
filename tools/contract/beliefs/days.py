"""How searches understand a moment: by the second or by whole days, and of which zone."""

from __future__ import annotations

from datetime import timezone, tzinfo
from functools import partial

from source_intercom.api.errors import RequestRefused
from source_intercom.api.queries import equals
from source_intercom.shapes.base import INTERCOM_BIRTH
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.question import Question
from source_intercom.sync.windows import DAY, HOUR, Window, midnight_after
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.beliefs.account import zone_of
from tools.contract.searches import (
    CONTACTS,
    CONVERSATIONS,
    KINDS,
    TICKETS,
    Kind,
    compared,
    found,
    resting,
    search,
    settled,
    time_of,
)
from tools.contract.workspace import Refused, Workspace

_NO_RECORD = not_seen("no record to ask about")
_TIME = "updated_at"


def _by_days(ws: Workspace, kind: Kind) -> Answer:
    chosen = settled(ws, kind)
    if chosen is None:
        return _NO_RECORD
    record, moment = chosen
    # Both lie in the day of the record, in every zone.
    by_seconds = found(ws, kind, record, compared(_TIME, ">", moment - 2))
    by_days = found(ws, kind, record, compared(_TIME, "=", moment + 2))
    if by_seconds == by_days:
        return not_seen("`>` and `=` contradict each other, or the record has just changed")
    return told(by_days)


def _day_of(moment: int, zone: tzinfo) -> tuple[int, int]:
    """First and last second of a day."""
    end = midnight_after(moment, zone) - 1
    start = midnight_after(end - DAY - HOUR, zone)
    return (start, end) if start <= moment else (midnight_after(start - DAY, zone), end)


def _zone(ws: Workspace) -> Answer:
    zone, chosen = zone_of(ws), settled(ws, CONTACTS)
    if zone is None:
        return not_seen("the zone of the workspace is not known")
    if chosen is None:
        return _NO_RECORD
    record, moment = chosen
    local, utc = _day_of(moment, zone), _day_of(moment, timezone.utc)
    only_local = [edge for edge in local if not utc[0] <= edge <= utc[1]]
    only_utc = [edge for edge in utc if not local[0] <= edge <= local[1]]
    if not only_local or not only_utc:
        return not_seen("the zone of the workspace has the days of UTC")
    in_local = found(ws, CONTACTS, record, compared(_TIME, "=", only_local[0]))
    in_utc = found(ws, CONTACTS, record, compared(_TIME, "=", only_utc[0]))
    if in_local == in_utc:
        return not_seen("the search goes by the second" if not in_local else "both days were found")
    return yes() if in_local else no("days of UTC")


def _inclusive(ws: Workspace, kind: Kind) -> Answer:
    chosen = settled(ws, kind)
    if chosen is None:
        return _NO_RECORD
    record, moment = chosen
    return told(found(ws, kind, record, compared(_TIME, ">", moment)))


def _window(ws: Workspace, kind: Kind) -> Answer:
    """The connector's own question, with the record on each edge of it, and then with a second time."""
    chosen = settled(ws, kind)
    if chosen is None:
        return _NO_RECORD
    record, moment = chosen
    windows = {
        "at its beginning": (moment, moment + HOUR),
        "at its end": (moment - HOUR, moment),
        "of one second": (moment, moment),
    }
    try:
        lost = [name for name, (start, end) in windows.items() if not _finds(ws, kind, record, start, end)]
    except Refused as refusal:
        return _refused(refusal)
    return told(not lost, unless=f"lost {', '.join(lost)}")


def _question(record: Record, window: Window) -> Question:
    return Question(_TIME, "created_at", window, combinations=((equals("id", record["id"]),),))


def _finds(ws: Workspace, kind: Kind, record: Record, start: int, end: int) -> bool:
    return bool(search(ws, kind, _question(record, Window(start, end)).query).records)


def _sliced(ws: Workspace, kind: Kind) -> Answer:
    """Nine groups of up to five filters, two levels deep."""
    chosen = settled(ws, kind)
    if chosen is None:
        return _NO_RECORD
    record, moment = chosen
    ever = Window(INTERCOM_BIRTH, moment)
    query = _question(record, ever).sliced(ever).query
    try:
        return told(bool(search(ws, kind, query).records), unless="it does not find what is there")
    except Refused as refusal:
        return _refused(refusal)


def _fifteen(ws: Workspace) -> Answer:
    """Fifteen groups, as a filter with five values makes them: the most that the connector sends."""
    records = resting(ws, CONTACTS)[:5]
    if not records:
        return _NO_RECORD
    values = tuple((equals("id", record["id"]),) for record in records)
    ever = Window(INTERCOM_BIRTH, max((time_of(record) or 0) for record in records))
    try:
        came = search(ws, CONTACTS, Question(_TIME, "created_at", ever, combinations=values).query, per_page=150)
    except Refused as refusal:
        return _refused(refusal)
    return told(len(came.records) == len(records), unless=f"{len(came.records)} of {len(records)} are found")


def _refused(refusal: Refused) -> Answer:
    """No, where Intercom refuses the query itself."""
    if isinstance(refusal.cause, RequestRefused):
        return no(refusal.words)
    raise refusal


def _window_belief(kind: Kind) -> Belief:
    return Belief(
        f"search-window-{kind.name}",
        f"Does the connector's search for a period find {kind.name} at its first and at its last second?",
        "yes",
        "It asks for each period once, and filters here by the second.",
        "Records are lost: please report it at once.",
        "search-greater",
        partial(_window, kind=kind),
    )


def _slices_belief(kind: Kind) -> Belief:
    return Belief(
        f"search-slices-{kind.name}",
        f"Does the search of {kind.name} accept nine groups of filters on two time fields?",
        "yes",
        "It reads a day with very many changes in slices by the time of creation.",
        "The total shows when slices miss records; then it reads the whole day at once. Where Intercom refuses the "
        "query, the stream ends incomplete: please report it.",
        "search-grammar",
        partial(_sliced, kind=kind),
    )


_ASKED_BY_DAYS = "It asks for all days that a period touches, and filters here by the second."

BELIEFS = (
    Belief(
        "search-days-contacts",
        "Does the search of contacts go by whole days?",
        "yes",
        _ASKED_BY_DAYS,
        f"{_ASKED_BY_DAYS} Fewer pages come.",
        "search-days",
        partial(_by_days, kind=CONTACTS),
    ),
    *(
        Belief(
            f"search-days-{kind.name}",
            f"Does the search of {kind.name} go by whole days?",
            "either",
            f"{_ASKED_BY_DAYS} It reads a day that had begun before the last sync newest first, so that an hourly "
            "sync costs only the pages of its hour.",
            _ASKED_BY_DAYS,
            "conflict-search-days",
            partial(_by_days, kind=kind),
        )
        for kind in (CONVERSATIONS, TICKETS)
    ),
    Belief(
        "search-day-zone",
        "Are the days of contact search those of the workspace's own zone?",
        "either",
        "Its periods begin at midnight in that zone, so no page is read twice.",
        "A few pages are read twice, and nothing is lost: the records are filtered by the second.",
        "conflict-day-zone",
        _zone,
    ),
    *(
        Belief(
            f"search-greater-{kind.name}",
            f"Does `>` in the search of {kind.name} also find the second that it names?",
            "either",
            "It asks for `>` and `=`, and a record that is found twice counts once.",
            "It asks for `>` and `=`.",
            "search-greater",
            partial(_inclusive, kind=kind),
        )
        for kind in (CONVERSATIONS, TICKETS)
    ),
    *map(_window_belief, KINDS),
    *map(_slices_belief, KINDS),
    Belief(
        "search-groups",
        "Does a search take fifteen groups of filters?",
        "yes",
        "A filter with five values is one search.",
        "A filter with several values ends the stream incomplete: please report it.",
        "search-grammar",
        _fifteen,
    ),
)
