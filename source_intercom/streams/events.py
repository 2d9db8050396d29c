"""What contacts did: events, asked for contact by contact, as Intercom lists them no other way."""

from collections.abc import Iterator

from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.errors import RecordGone
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.options.filters import Filters
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import Reading, Whole
from source_intercom.streams.contacts import Contacts
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY, FAR_AHEAD, Window


class _EveryContact(Contacts):
    """All contacts whose events are wanted, whenever they changed."""

    reads_whole = True

    @property
    def roles(self) -> list[str]:
        filters = self.sync.config.filters
        return list(filters.events.contact_roles or filters.contacts.roles)

    @property
    def sweeps(self) -> bool:
        return False

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # The window is one of the events' time, which the contacts' own times must not cut: not in pieces, and not
        # at its end, or the events of a contact that changes meanwhile would be lost.
        return super().pages(Window(self.sync.config.start, self.sync.begin + FAR_AHEAD), Whole(reading))


class _OfEveryContact(Child):
    parent = _EveryContact
    every_parent = True
    permission = permissions.EVENTS
    also_needs = (permissions.CONTACTS,)
    parent_key = "intercom_user_id"
    child = "/events"
    child_key = "events"

    @property
    def filters(self) -> BaseModel:
        chosen = self.sync.config.filters
        return Filters(contacts=chosen.contacts, events=chosen.events)

    def probe(self) -> None:
        try:
            self.client.get(self.child, {"type": "user", "intercom_user_id": "0", "summary": "true"})
        except RecordGone:
            # Nobody has this id; that Intercom looked for it is the permission.
            return


class ContactEvents(_OfEveryContact):
    """What contacts did, newest first: Intercom keeps ninety days."""

    key = ("intercom_user_id", "event_name", "created_at", "id")
    cursor_time = "created_at"

    def children(self, parent: Record, window: Window) -> Page:
        rows: Page = []
        # An event can arrive late, with the older time at which it happened: newer states do not wait for it.
        late = self.sync.config.events_lookback_days * DAY
        window = Window(max(self.sync.config.start, window.start - late), window.end)
        asked = {"type": "user", "intercom_user_id": parent["id"], "per_page": 50}
        for page in list_pages(self.client, self.child, self.child_key, asked):
            moments = [(event, seconds_of(event.get("created_at"))) for event in self.objects(page)]
            rows += [event for event, moment in moments if moment is None or window.holds(moment)]
            if moments and all(moment is not None and moment < window.start for _, moment in moments):
                break
        return rows


class ContactEventSummaries(_OfEveryContact):
    """How often and when each contact did something, older events included."""

    key = ("intercom_user_id", "name")

    def children(self, parent: Record, window: Window) -> Page:
        asked = {"type": "user", "intercom_user_id": parent["id"], "summary": "true"}
        return [row for page in list_pages(self.client, self.child, self.child_key, asked) for row in page]
