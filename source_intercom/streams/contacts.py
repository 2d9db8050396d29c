"""Contacts, what hangs on each of them, the segments they fall into, and the attributes that describe them."""

from collections.abc import Iterator

from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.errors import RecordGone
from source_intercom.api.pages import Page, list_pages
from source_intercom.api.queries import Choices, Query, whole_days_query
from source_intercom.shapes.base import Reading, Sync, Uncut, moment_of
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import Child, ListStream, Projection, WalkedStream
from source_intercom.shapes.search import SearchStream
from source_intercom.streams.choices import belongs_to_company, contact_choices, is_chosen
from source_intercom.sync.windows import DAY, FAR_AHEAD, Window, cut_at_midnights, midnight_after

# A day more than a window of so many is no more than one page in fifty.
_A_DAY_IS_LITTLE = 50 * DAY


class _ContactPages(SearchStream):
    """Pages of contacts. Up to version 2.16 their search sees whole days of the workspace's own zone (notes §4.5)."""

    endpoint = "/contacts/search"
    permission = permissions.CONTACTS
    walk = "contacts"
    single = "/contacts/{id}"

    @property
    def filters(self) -> BaseModel:
        return self.sync.config.filters.contacts

    @property
    def choices(self) -> Choices:
        return contact_choices(self.sync.config, list(self.sync.config.filters.contacts.roles))

    @property
    def chosen_ids(self) -> list[str]:
        # Only a search knows who is in a segment or has a tag; then it looks for the ids as well.
        filters = self.sync.config.filters.contacts
        return [] if filters.segment_ids or filters.tag_ids else filters.ids

    def keeps(self, record: Record) -> bool:
        """The search knows no companies; a contact shows ten, and more on demand."""
        filters = self.sync.config.filters.contacts
        if filters.ids and not is_chosen(filters, record):
            return False
        companies = record.get("companies") or {}
        if belongs_to_company(self.sync.config, companies.get("data") or []):
            return True
        if not companies.get("has_more"):
            return False
        pages = list_pages(self.client, f"/contacts/{record['id']}/companies", "data|companies")
        try:
            return any(belongs_to_company(self.sync.config, page) for page in pages)
        except RecordGone:
            return False

    def query(self, window: Window) -> Query:
        return whole_days_query(self.walk_field, window.start, window.end)

    def cut(self, window: Window, parts: int) -> list[Window]:
        return cut_at_midnights(window, parts, self.sync.zone)

    def late_part(self, window: Window) -> Window | None:
        # An hourly sync in the evening would otherwise read all contacts that changed since midnight, every hour.
        midnight = midnight_after(window.start - 1, self.sync.zone)
        cheap = window.start <= self.sync.birth or window.end - window.start > _A_DAY_IS_LITTLE
        return None if cheap or midnight == window.start else Window(window.start, min(midnight - 1, window.end))


class Contacts(_ContactPages):
    """Users and leads."""

    cursor_time = "updated_at"

    @property
    def is_one_to_one(self) -> bool:
        return True

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        wanted = self.sync.config.expand
        if wanted:
            short = [contact for contact in page if any(_list(contact, name).get("has_more") for name in wanted)]
            list(self.client.each(self._expand, short))
        yield page

    def _expand(self, contact: Record) -> None:
        """Complete the lists that the option names, in place."""
        for name in self.sync.config.expand:
            nested = _list(contact, name)
            if nested.get("has_more"):
                path = f"/contacts/{contact['id']}/{name}"
                try:
                    items = [item for page in list_pages(self.client, path, "data|companies") for item in page]
                except RecordGone:
                    return
                nested.update(data=items, has_more=False, total_count=len(items))


def _list(contact: Record, name: str) -> Record:
    nested = contact.get("opted_out_subscription_types" if name == "subscriptions" else name)
    return nested if isinstance(nested, dict) else {}


class _OfContact(Projection, _ContactPages):
    key = ("contact_id", "id")
    parent_key = "contact_id"
    parent_time = "contact_updated_at"
    cursor_time = "contact_updated_at"


class ContactTags(_OfContact):
    """Which contact has which tag."""

    nested = ("tags", "data")
    complete = "/contacts/{id}/tags"


class ContactCompanies(_OfContact):
    """Which contact belongs to which company: the link alone, the company is in its own stream."""

    nested = ("companies", "data")
    complete = "/contacts/{id}/companies"
    complete_key = "data|companies"

    def project(self, item: Record) -> Record:
        return {name: item[name] for name in ("id", "type", "url") if name in item}


class ContactSubscriptions(_OfContact):
    """The subscription types that a contact chose or refused; what was left at its default is not listed."""

    key = ("contact_id", "id")
    complete = "/contacts/{id}/subscriptions"
    nested = ("opted_in_subscription_types", "data")

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        for contact in page:
            lists = {opted: contact.get(f"opted_{opted}_subscription_types") or {} for opted in ("in", "out")}
            if any(chosen.get("has_more") for chosen in lists.values()):
                _, chosen_types = self._completed(contact)
                # A type whose default is to send is in this list because it was refused, and the other way about.
                rows = [{**item, "opted": _opted(item)} for item in chosen_types]
            else:
                rows = [
                    {**item, "opted": opted} for opted, chosen in lists.items() for item in chosen.get("data") or ()
                ]
            yield [self._row(row, contact) for row in rows]


def _opted(item: Record) -> str:
    return "in" if item.get("consent_type") == "opt_in" else "out"


class ContactNotes(Child, _ContactPages):
    """Notes on contacts, for contacts that have any."""

    child = "/contacts/{id}/notes"
    parent_key = "contact_id"
    parent_time = "contact_updated_at"
    cursor_time = "contact_updated_at"

    def __init__(self, sync: Sync | None = None, *, full: bool = False, order_by: str = "updated_at") -> None:
        super().__init__(sync, full=full, order_by=order_by)
        if sync is not None and sync.config.filters.notes.ids:
            self.walk = "notes"

    @property
    def sweeps(self) -> bool:
        # Chosen notes are asked for whatever the window; a sweep would bring them again.
        return super().sweeps and not self.sync.config.filters.notes.ids

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        if ids := self.sync.config.filters.notes.ids:
            yield [{"id": note_id} for note_id in ids]
        else:
            yield from super().pages(window, reading)

    def children(self, parent: Record, window: Window) -> Page:
        if not self.sync.config.filters.notes.ids:
            return super().children(parent, window)
        note = self.client.get(f"/notes/{parent['id']}")
        # The note names its contact; its time of change is not known here.
        parent["id"] = (note.get("contact") or {}).get("id")
        return [note]

    def has_children(self, parent: Record) -> bool:
        notes = parent.get("notes")
        return not isinstance(notes, dict) or bool(notes.get("data") or notes.get("total_count"))


class ContactSegments(Child, _ContactPages):
    """Which contact is in which segment, asked for every contact: Intercom keeps no time of a membership."""

    child = "/contacts/{id}/segments"
    key = ("contact_id", "id")
    parent_key = "contact_id"


class ContactMergeHistory(_OfContact):
    """Which contact was merged into which: the ids of merged leads live on in conversations."""

    version = "2.16"
    walk = "contacts, merged"
    endpoint = "/contacts/search?include_merge_history=true"
    key = ("contact_id", "source_contact_id")
    nested = ("merge_history", "data")
    complete = "/contacts/{id}/merge_history"


class _EveryContact(Child, _ContactPages):
    """A walk over every contact, for what changes without changing the contact."""

    walk = "every contact"
    permission = permissions.EVENTS
    also_needs = (permissions.CONTACTS,)
    parent_key = "intercom_user_id"
    child = "/events"
    child_key = "events"

    @property
    def choices(self) -> Choices:
        filters = self.sync.config.filters
        return contact_choices(self.sync.config, list(filters.events.contact_roles or filters.contacts.roles))

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # The window is one of the children's time, which the contacts' own times must not cut: not in pieces, and
        # not at its end, or the events of a contact that changes meanwhile would be lost.
        return super().pages(Window(self.sync.config.start, self.sync.begin + FAR_AHEAD), Uncut(is_costly=True))

    @property
    def sweeps(self) -> bool:
        return False

    def probe(self) -> None:
        try:
            self.client.get("/events", {"type": "user", "intercom_user_id": "0", "summary": "true"})
        except RecordGone:
            # Nobody has this id; that Intercom looked for it is the permission.
            return


class ContactEvents(_EveryContact):
    """What contacts did, newest first: Intercom keeps ninety days, and is asked contact by contact."""

    key = ("intercom_user_id", "event_name", "created_at", "id")
    cursor_time = "created_at"

    def children(self, parent: Record, window: Window) -> Page:
        rows: Page = []
        asked = {"type": "user", "intercom_user_id": parent["id"], "per_page": 50}
        for page in list_pages(self.client, self.child, self.child_key, asked):
            moments = [(event, moment_of(event, "created_at")) for event in page]
            rows += [event for event, moment in moments if moment is None or window.holds(moment)]
            if moments and all(moment is not None and moment < window.start for _, moment in moments):
                break
        return rows


class ContactEventSummaries(_EveryContact):
    """How often and when each contact did something, older events included."""

    key = ("intercom_user_id", "name")

    def children(self, parent: Record, window: Window) -> Page:
        asked = {"type": "user", "intercom_user_id": parent["id"], "summary": "true"}
        return [row for page in list_pages(self.client, self.child, self.child_key, asked) for row in page]


class Segments(WalkedStream):
    """Segments of users and leads with their sizes, which Intercom counts only when asked."""

    endpoint = "/segments"
    records_key = "segments"
    params = (("include_count", "true"),)
    permission = permissions.CONTACTS


class ContactAttributes(ListStream):
    """Attributes of contacts, archived ones too; standard attributes have no id, so the full name is the key."""

    endpoint = "/data_attributes"
    params = (("model", "contact"), ("include_archived", "true"))
    key = ("full_name",)
    permission = permissions.CONTACTS


class SubscriptionTypes(ListStream):
    """What contacts can subscribe to, archived ones too."""

    endpoint = "/subscription_types"
    permission = permissions.CONTACTS
