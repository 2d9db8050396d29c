"""How lists page, and whether their figures are true."""

from __future__ import annotations

from collections.abc import Callable

from source_intercom.api.errors import AccessDenied, RecordGone, VersionRefused
from source_intercom.api.figures import next_request, number_in
from source_intercom.streams.contacts import Segments
from source_intercom.streams.conversations import Macros
from source_intercom.streams.help_center import Articles, Collections, InternalArticles, NewsItems
from source_intercom.sync.moments import seconds_of
from tools.contract.belief import Answer, Belief, no, not_seen, told
from tools.contract.lists import Listed, list_of, readable
from tools.contract.workspace import Refused, Workspace

_COUNTERS = ("page", "per_page", "total_pages", "total_count")
# Lists whose pages are known to be linked; each is asked for two records, until one has a second page.
_LINKED = (Articles, InternalArticles, Collections, NewsItems)


def _at_fault(ws: Workspace, is_faulty: Callable[[Listed], bool]) -> Answer:
    faulty = sorted({one.path for one in readable(ws) if is_faulty(one)})
    return told(not faulty, unless=", ".join(faulty))


def _places(ws: Workspace) -> Answer:
    return _at_fault(ws, lambda one: one.records is None)


def _sizes(ws: Workspace) -> Answer:
    return _at_fault(ws, lambda one: one.refused_wish)


def _counters(ws: Workspace) -> Answer:
    def has_text(one: Listed) -> bool:
        places = (one.answer, one.counters)
        return any(isinstance(place.get(name), str) for place in places for name in _COUNTERS)

    return _at_fault(ws, has_text)


def _links(ws: Workspace) -> Answer:
    without = []
    seen = 0
    for kind in _LINKED:
        try:
            answer = ws.get(kind.endpoint, {"per_page": 2}, version=kind.version)
        except Refused:
            continue
        pages = answer.get("pages")
        counters = pages if isinstance(pages, dict) else answer
        if (number_in(counters, "total_pages") or 1) > 1:
            seen += 1
            if not counters.get("next"):
                without.append(kind.endpoint)
    if not seen:
        return not_seen("no list paged by number has three records")
    return told(not without, unless=", ".join(without))


def _ends(ws: Workspace) -> Answer:
    """A list that has more behind a page which is not full: whether anything new comes there."""
    endless = []
    for one in readable(ws):
        per_page = number_in(one.asked, "per_page") or number_in(one.counters, "per_page") or 0
        following = next_request(one.answer, one.path, one.asked)
        if following is None or len(one.records or ()) >= per_page:
            continue
        path, params = following
        answer = ws.get(path, params, version=one.kind.version)
        known = {str(record.get("id")) for record in one.objects}
        came = Listed(one.kind, params, answer).objects
        if {str(record.get("id")) for record in came} <= known and next_request(answer, path, params):
            endless.append(one.path)
    return told(not endless, unless=", ".join(endless))


def _totals(ws: Workspace) -> Answer:
    def is_wrong(one: Listed) -> bool:
        return one.total is not None and not one.has_more and one.total != len(one.records or ())

    if not any(one.total is not None and not one.has_more for one in readable(ws)):
        return not_seen("no list on one page tells its total")
    return _at_fault(ws, is_wrong)


def _keys(ws: Workspace) -> Answer:
    def lacks_key(one: Listed) -> bool:
        if one.kind.key == ("name",):
            return False  # a list of bare names
        return any(
            not isinstance(record, dict) or any(record.get(name) is None for name in one.kind.key)
            for record in one.records or ()
        )

    return _at_fault(ws, lacks_key)


def _macros_since(ws: Workspace) -> Answer:
    times = [time for one in list_of(ws, Macros).objects if (time := seconds_of(one.get("updated_at"))) is not None]
    if not times:
        return not_seen("there are no macros")
    middle = sorted(times)[len(times) // 2]
    since = ws.get("/macros", {"per_page": 150, "updated_since": middle}, version=Macros.version)
    older = [
        one
        for one in Listed(Macros, {}, since).objects
        if (time := seconds_of(one.get("updated_at"))) is not None and time < middle
    ]
    return told(not older, unless=f"{len(older)} older ones came")


def _sized_segments(ws: Workspace) -> Answer:
    segments = [one for one in list_of(ws, Segments).objects if one.get("id") is not None]
    if not segments:
        return not_seen("there are no segments")
    return told(all(isinstance(one.get("count"), int) for one in segments))


def _unknown_type(ws: Workspace) -> Answer:
    try:
        ws.get("/custom_object_instances/source_intercom_asks_for_no_such_type", {"per_page": 1}, version="2.16")
    except Refused as refusal:
        if isinstance(refusal.cause, (AccessDenied, VersionRefused)):
            raise
        return told(isinstance(refusal.cause, RecordGone), unless=refusal.words)
    return no("an empty list comes")


BELIEFS = (
    Belief("list-places", "Are the records of each list where the connector looks for them?", "yes",
           "Nothing.", "The stream ends incomplete: an answer of another shape never passes as an empty list.",
           "list-keys", _places),
    Belief("list-page-sizes", "Does each list take the page size that the connector asks for?", "yes",
           "Fewer calls.", "It takes Intercom's own page size.", "list-page-sizes", _sizes),
    Belief("list-counters", "Are page counters numbers?", "yes",
           "Nothing.", "Digits in text are read as numbers; what nobody can read ends the stream incomplete.",
           "list-counters-text", _counters),
    Belief("list-links", "Do lists paged by number link to the next page?", "yes",
           "It follows path and query of the link.", "It counts the pages up to `total_pages`.", "list-shapes", _links),
    Belief("list-ends", "Is a page that is not full always the last one?", "yes",
           "Nothing.",
           "It reads on. If a list gives the same records again and again, it stops, or the stream ends incomplete.",
           "list-page-repeats", _ends),
    Belief("list-totals", "Is the total of a list the number of its records?", "yes",
           "Nothing.", "A warning names both numbers.", "list-nested-total", _totals),
    Belief("list-record-keys", "Does each record of a list have its key?", "yes",
           "Nothing.", "A record without it is left out and counted.", "record-odd-items",
           _keys),
    Belief("macros-since", "Does `updated_since` leave out macros that are older?", "yes",
           "An incremental sync asks for what changed.", "What is older is filtered here.", "macros", _macros_since),
    Belief("segments-count", "Do segments tell their size with `include_count`?", "yes",
           "`segments` and `counts` take it from there.", "The size is null.", "segments", _sized_segments),
    Belief("custom-object-unknown", "Does Intercom answer 404 for a custom object type that does not exist?", "yes",
           "A type of the options that does not exist is named in the log.", "The stream is empty, or incomplete.",
           "custom-objects", _unknown_type),
)  # fmt: skip
