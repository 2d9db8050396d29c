"""Lists that hang on one record: whether they answer, and where their records stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from source_intercom.api.figures import none_in, whole_list_in
from source_intercom.api.paths import path_of
from source_intercom.streams import IntercomStream
from source_intercom.streams.companies import CompanyContacts, CompanyNotes, CompanySegments
from source_intercom.streams.contacts import (
    ContactCompanies,
    ContactNotes,
    ContactSegments,
    ContactSubscriptions,
    ContactTags,
)
from source_intercom.streams.conversations import ConversationHandlingEvents, SideConversations
from source_intercom.streams.help_center import HelpCenterRedirects, HelpCenters, NewsfeedItems, Newsfeeds
from source_intercom.streams.workspace import (
    DataConnectorExecutionResults,
    DataConnectors,
    OfficeHoursExceptions,
    OfficeHoursSchedules,
)
from source_intercom.sync.windows import DAY
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.beliefs import scroll
from tools.contract.lists import list_of
from tools.contract.searches import CONTACTS, CONVERSATIONS, Kind, newest, objects
from tools.contract.workspace import Refused, Workspace

_OF_CONTACTS: tuple[type[IntercomStream], ...] = (
    ContactTags,
    ContactCompanies,
    ContactSubscriptions,
    ContactNotes,
    ContactSegments,
)
# Companies that show the fewest segments, and such that show the most: what is stale lacks some, what is cut has many.
_FEWEST, _MOST = 8, 8
# Each takes two calls.
_NOTED = 6
_OF_CONVERSATIONS: tuple[type[IntercomStream], ...] = (ConversationHandlingEvents, SideConversations)
_OF_COMPANIES: tuple[type[IntercomStream], ...] = (CompanySegments, CompanyContacts, CompanyNotes)


@dataclass(frozen=True)
class _Hanging:
    """A list, and where the id of a record is found on which one hangs. Raises ``Refused``."""

    stream: type[IntercomStream]
    parent: Callable[[Workspace], str | None]
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Of a child, or of the list that completes a nested one."""
        path: str = getattr(self.stream, "child", "") or getattr(self.stream, "complete", "")
        return path

    @property
    def keys(self) -> list[str]:
        keys: str = getattr(self.stream, "child_key", "") or getattr(self.stream, "complete_key", "")
        return keys.split("|")

    @property
    def asked(self) -> Mapping[str, object]:
        return {**dict(getattr(self.stream, "child_params", ())), **self.params}


def _listed(kind: type[IntercomStream]) -> Callable[[Workspace], str | None]:
    def first(ws: Workspace) -> str | None:
        return next((str(one["id"]) for one in list_of(ws, kind).objects if one.get("id") is not None), None)

    return first


def _found(kind: Kind) -> Callable[[Workspace], str | None]:
    def first(ws: Workspace) -> str | None:
        return next((str(one["id"]) for one in newest(ws, kind).records), None)

    return first


def _hanging() -> Iterator[_Hanging]:
    now = int(time.time())
    results = {"start_ts": now - 30 * DAY, "end_ts": now, "per_page": 30}
    yield _Hanging(HelpCenterRedirects, _listed(HelpCenters))
    yield _Hanging(NewsfeedItems, _listed(Newsfeeds))
    yield _Hanging(OfficeHoursExceptions, _listed(OfficeHoursSchedules))
    yield _Hanging(DataConnectorExecutionResults, _listed(DataConnectors), results)
    for stream in _OF_CONTACTS:
        yield _Hanging(stream, _found(CONTACTS))
    for stream in _OF_CONVERSATIONS:
        yield _Hanging(stream, _found(CONVERSATIONS))
    for stream in _OF_COMPANIES:
        yield _Hanging(stream, scroll.a_company)


def _places(ws: Workspace) -> Answer:
    seen = 0
    elsewhere, refused = [], []
    for one in _hanging():
        try:
            parent = one.parent(ws)
            if parent is None:
                continue
            answer = ws.get(path_of(one.path, id=parent), one.asked, version=one.stream.version)
        except Refused as refusal:
            refused.append(f"{one.path} ({refusal.words})")
            continue
        seen += 1
        if not any(isinstance(answer.get(key), list) for key in one.keys):
            elsewhere.append(one.path)
    if not seen:
        return not_seen(", ".join(refused) or "there are no records that such a list could hang on")
    return told(not elsewhere, f"{seen} lists", unless=", ".join(elsewhere))


def _shown_segments(ws: Workspace) -> Answer:
    """Whether a few companies show all segments that are listed for them."""
    known = [one for one in scroll.companies(ws) if one.get("id") is not None]
    known.sort(key=lambda company: len(whole_list_in(company, "segments") or ()))
    shown = known if len(known) <= _FEWEST + _MOST else [*known[:_FEWEST], *known[-_MOST:]]
    differing, seen = [], 0
    for company in shown:
        listed = ws.get(path_of(CompanySegments.child, id=company["id"]))
        items = whole_list_in(company, "segments")
        held = {str(one["id"]): one.keys() for one in objects(listed.get("data") or [])}
        seen += bool(held)
        own = {str(one["id"]): one.keys() for one in items or ()}
        if items is None or own.keys() != held.keys() or any(not held[one] <= own[one] for one in held):
            differing.append(str(company["id"]))
    if not seen:
        return not_seen("no company of those asked for is in a segment")
    return told(not differing, f"{len(shown)} companies", unless=f"{len(differing)} of {len(shown)}")


def _told_notes(ws: Workspace) -> Answer:
    """Whether a few companies say in version 2.16 that they have no notes just where none are listed for them."""
    seen = [one for one in scroll.companies(ws) if one.get("id") is not None][:_NOTED]
    if not seen:
        return not_seen("no company is known")
    differing = []
    for company in seen:
        told_none = none_in(ws.get(path_of("/companies/{id}", id=company["id"]), version="2.16"), "notes") is not None
        listed = objects(ws.get(path_of(CompanyNotes.child, id=company["id"])).get("data") or [])
        if told_none == bool(listed):
            differing.append(company)
    return told(not differing, f"{len(seen)} companies", unless=f"{len(differing)} of {len(seen)}")


BELIEFS = (
    Belief("child-places",
           "Do the lists of one record (such as the tags of a contact) have their items where the connector looks?",
           "yes", "Nothing.", "The stream ends incomplete: an answer of another shape never passes as an empty list.",
           "list-keys", _places),
    Belief("company-segments", "Does a company show in its record all segments that are listed for it?",
           "either", "`company_segments` takes them from there.",
           "Every company is asked for its segments.", "company-segments-shown", _shown_segments),
    Belief("company-notes", "Does a company of version 2.16 say whether it has notes?", "either",
           "Those that have none are not asked.", "Every company is asked for its notes.", "company-notes-told",
           _told_notes),
)  # fmt: skip
