"""What contacts did: events, asked for contact by contact, as Intercom lists them no other way."""

from collections.abc import Iterator

from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.errors import RecordGone, RequestRefused
from source_intercom.api.figures import Page, records_in
from source_intercom.api.pages import list_pages
from source_intercom.api.queries import since
from source_intercom.options.filters import Filters
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import AllParents, Reading, Uncut
from source_intercom.streams.contacts import Contacts
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY, FAR_AHEAD, Window

# When a contact was last seen in the app or the Messenger; empty where Intercom does not know.
_SEEN = "last_seen_at"


class _EveryContact(Contacts):
    """All contacts whose events are wanted: those that changed or were seen since the start date."""

    called = "contacts"
    reads_whole = True

    @property
    def roles(self) -> list[str]:
        filters = self.sync.config.filters
        return list(filters.events.contact_roles or filters.contacts.roles)

    @property
    def needs_last_look(self) -> bool:
        return False

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # The window is about the time of events. So contacts are not chosen by their own time in it: the events of a
        # contact that changes meanwhile would be lost.
        start = self.sync.config.start
        if start > self.sync.birth and not self.chosen_ids:
            # First the contacts that did not change: one that changes meanwhile comes at the end of the others.
            try:
                yield from self._seen_since(start, reading)
            except RequestRefused as error:
                self.logger.warning(
                    f"{self.name}: Intercom's search refuses {_SEEN}, so events of contacts that have not changed "
                    f"since the start date are left out: {error.internal_message}"
                )
        since_start = Window(0 if self.chosen_ids else start, self.sync.begin + FAR_AHEAD)
        yield from super().pages(since_start, AllParents(reading))

    def lies_within(self, record: Record, through: int | str) -> bool:
        # The place of a reading is one among the contacts that changed since the start date.
        moment = self.moment_of(record)
        return moment is not None and moment >= self.sync.config.start and super().lies_within(record, through)

    def _seen_since(self, moment: int, reading: Reading) -> Iterator[Page]:
        """Contacts that were seen since a moment and have not changed since."""
        choices = [*self.choices, since(_SEEN, moment)]
        for page in self._searched(Window(0, moment - 1), Uncut(reading), choices):
            yield [contact for contact in page if (seconds_of(contact.get(_SEEN)) or 0) >= moment]


class _ActiveContacts(_EveryContact):
    """Contacts that were seen or changed since the beginning of a window."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        start, begin = max(window.start, self.sync.config.start), self.sync.begin
        if self.chosen_ids:
            # The filters name a few contacts: all of them are asked, active or not.
            yield from super().pages(window, Uncut(reading))
            return
        try:
            yield from self._seen_since(start, reading)
        except RequestRefused as error:
            self.logger.warning(
                f"{self.name}: Intercom's search refuses {_SEEN}, so all contacts are asked for their events: "
                f"{error.internal_message}"
            )
            yield from super().pages(window, Uncut(reading))
            return
        # As the last part, contacts that change meanwhile: they move out of all windows before it.
        for part in (*self.planner(Window(start, begin)), Window(begin + 1, begin + FAR_AHEAD)):
            yield from self._searched(part, Uncut(reading), self.choices)


class _OfEveryContact(Child):
    parent = _EveryContact
    every_parent = True
    permission = permissions.EVENTS
    also_needs = (permissions.CONTACTS,)
    parent_key = "intercom_user_id"
    child = "/events"
    whose = "/contacts/{id}"
    child_key = "events"
    # Whether this sync asks all contacts, where an option has most syncs ask only those that were active.
    asks_all: bool = True

    @property
    def filters(self) -> BaseModel:
        chosen = self.sync.config.filters
        return Filters(contacts=chosen.contacts, events=chosen.events)

    @property
    def made_from(self) -> type[IntercomStream] | None:
        return self.parent if self.asks_all else _ActiveContacts

    @property
    def asks_all_every_days(self) -> int:
        return self.sync.config.events_all_contacts_every_days

    def choose_parents(self, *, all_of_them: bool) -> None:
        self.asks_all = all_of_them
        # All contacts and the active ones come from different sources.
        vars(self).pop("source", None)

    @property
    def needs_every_parent(self) -> bool:
        return self.asks_all

    def wants(self, record: Record, window: Window) -> bool:
        # The source alone decides which contacts are asked, for both streams, though their states can differ.
        return True

    def probe(self) -> None:
        try:
            self.client.get(self.child, {"type": "user", "intercom_user_id": "0", "summary": "true"})
        except RecordGone:
            # No contact has this id. Intercom looked for it, so the token has the permission.
            return


class ContactEvents(_OfEveryContact):
    """What contacts did, newest first: Intercom keeps ninety days."""

    key = ("intercom_user_id", "event_name", "created_at", "id")
    may_lack = ("created_at", "id")
    cursor_time = "created_at"

    def answer(self, parent: Record, window: Window) -> Page:
        rows: Page = []
        # An event can arrive late, with the time at which it happened, which may lie before the saved state.
        late = self.sync.config.events_lookback_days * DAY
        made = seconds_of(parent.get("created_at"))
        # A new contact can have events that are older than itself.
        start = 0 if made is not None and made >= window.start else window.start - late
        window = Window(max(self.sync.config.start, start), window.end)
        asked = {"type": "user", "intercom_user_id": parent["id"], "per_page": 50}
        for page in list_pages(self.client, self.child, self.child_key, asked):
            moments = [(event, self.sync.moment_of(event.get("created_at"))) for event in self.objects(page)]
            rows += [event for event, moment in moments if moment is None or window.holds(moment)]
            # Nothing is older than an empty page, whatever it links to (docs/intercom-api.md#events-links).
            if not page or (moments and all(moment is not None and moment < window.start for _, moment in moments)):
                break
        return rows


class ContactEventSummaries(_OfEveryContact):
    """How often and when each contact did something, older events included.

    An event that comes late counts without moving ``last``. So each sync brings all rows of the contacts that it asks,
    with the moment at which they were counted.
    """

    key = ("intercom_user_id", "name")
    cursor_time = "counted_at"

    def answer(self, parent: Record, window: Window) -> Page:
        asked = {"type": "user", "intercom_user_id": parent["id"], "summary": "true"}
        counted = {"counted_at": self.sync.begin}
        # One answer has them all; its link to a next page leads nowhere (docs/intercom-api.md#events-links).
        summaries = records_in(self.client.get(self.child, asked), self.child_key)
        return [{**row, **counted} for row in self.objects(summaries)]
