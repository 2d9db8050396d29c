"""In which order records come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from source_intercom.shapes.lists import NewestFirstStream
from source_intercom.streams import IntercomStream
from source_intercom.streams.conversations import ConversationsDeleted, Macros
from source_intercom.streams.help_center import Articles, Collections, DynamicContents, InternalArticles, NewsItems
from source_intercom.streams.workspace import DataConnectors
from source_intercom.sync.moments import seconds_of
from tools.contract.belief import Answer, Belief, Expected, not_seen, told
from tools.contract.lists import list_of
from tools.contract.searches import CONTACTS, CONVERSATIONS, TICKETS, Kind, time_of, walk
from tools.contract.workspace import Workspace


def _is_sorted(ws: Workspace, kind: Kind) -> Answer:
    # A page that comes again says nothing of the order.
    once = {record["id"]: record for record in walk(ws, kind).records}.values()
    times = [time for record in once if (time := time_of(record)) is not None]
    if len(set(times)) < 2:
        return not_seen("fewer than two times")
    return told(all(one <= two for one, two in pairwise(times)))


def _newest_first(ws: Workspace, kind: type[IntercomStream]) -> Answer:
    listed = list_of(ws, kind)
    field = kind.time_field
    times = [time for record in listed.objects if (time := seconds_of(record.get(field))) is not None]
    if len(set(times)) < 3:
        return not_seen("fewer than three times")
    return told(all(one >= two for one, two in pairwise(times)))


def _sort(kind: Kind, expected: Expected) -> Belief:
    return Belief(
        f"search-sort-{kind.name}",
        f"Does the search of {kind.name} keep the order that it is asked for?",
        expected,
        "It saves its progress whenever the records reach a later time, and a period can end before its last page.",
        "After the first page that is out of order, it reads the period to its end, and saves its progress only there.",
        "conflict-sort" if expected == "either" else "search-sort",
        partial(_is_sorted, kind=kind),
    )


def _list(kind: type[IntercomStream]) -> Belief:
    relies = issubclass(kind, NewestFirstStream)
    name = kind().name
    return Belief(
        f"list-order-{name.replace('_', '-')}",
        f"Does the list of `{name}` come newest first?",
        "yes" if relies else "either",
        "Reading stops where the last sync began." if relies else "It reads the whole list all the same.",
        "After the first page that is out of order, it reads the list to its end."
        if relies
        else "It reads the whole list.",
        "list-order" if relies else "conflict-list-order",
        partial(_newest_first, kind=kind),
    )


_SORTS: tuple[Callable[[], Belief], ...] = (
    lambda: _sort(CONTACTS, "yes"),
    lambda: _sort(CONVERSATIONS, "either"),
    lambda: _sort(TICKETS, "either"),
)
_LISTS = (
    Articles,
    Macros,
    DataConnectors,
    DynamicContents,
    ConversationsDeleted,
    Collections,
    InternalArticles,
    NewsItems,
)

BELIEFS = (*(make() for make in _SORTS), *map(_list, _LISTS))
