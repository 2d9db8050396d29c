"""Contacts, what hangs on each of them, the segments they fall into, and the attributes that describe them."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.errors import IntercomError, RecordGone, Unavailable
from source_intercom.api.figures import Page, has_id, inside
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.api.queries import Choices
from source_intercom.options.filters import ContactFilters
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import ClientFilteredStream, ListStream
from source_intercom.shapes.nested import Nested
from source_intercom.shapes.reading import Reading, Uncut
from source_intercom.shapes.refusals import incomplete, is_of_one
from source_intercom.shapes.search import SearchStream
from source_intercom.streams.choices import belongs_to_company, contact_choices, is_chosen
from source_intercom.streams.memberships import Memberships
from source_intercom.sync.windows import FAR_AHEAD, Window

# Where the companies of a contact stand: Intercom's example says data, its description companies (2.15).
_COMPANIES_KEY = "data|companies"
# Why a list of a contact could not be completed, as a key of the contact: no text, so no field of Intercom's.
_REFUSED: Any = object()


class Contacts(SearchStream):
    """Users and leads."""

    endpoint = "/contacts/search"
    permission = permissions.CONTACTS
    single = "/contacts/{id}"
    keeps_order = True
    cursor_time = "updated_at"

    @property
    def zone(self) -> tzinfo:
        return self.sync.zone

    @property
    def filters(self) -> BaseModel:
        return self.sync.config.filters.contacts

    @property
    def shaped_by(self) -> Mapping[str, Any]:
        expand = sorted(self.sync.config.expand)
        return {"expand": expand} if expand else {}

    @property
    def roles(self) -> list[str]:
        """The roles that are wanted; empty for all."""
        return list(self.sync.config.filters.contacts.roles)

    @property
    def choices(self) -> Choices:
        return contact_choices(self.sync.config, self.roles)

    @property
    def checks_choices(self) -> bool:
        # The record of a contact does not show its segments, and no more than ten of its tags.
        filters = self.sync.config.filters.contacts
        return not filters.segment_ids and not filters.tag_ids

    @property
    def chosen_ids(self) -> list[str]:
        # Only a search knows who is in a segment or has a tag; then it looks for the ids as well.
        filters = self.sync.config.filters.contacts
        return [] if filters.segment_ids or filters.tag_ids else filters.ids

    def select(self, records: Page) -> Page:
        filters = self.sync.config.filters.contacts
        if self.roles or filters.ids or filters.emails:
            records = [contact for contact in records if is_chosen(filters, self.roles, contact)]
        if not filters.company_ids:
            return records
        # The search cannot filter by company. A contact shows ten of its companies; the others take a request.
        kept = self.client.each(lambda contact: [contact] if self._is_of_company(contact) else [], records)
        return [contact for found in kept for contact in found]

    def prepared(self, page: Page) -> Page:
        # Where no contacts are given, nobody sees their lists: streams that are made from contacts ask for their own.
        if not self.sync.config.expand or type(self) is not Contacts or "contacts" not in self.sync.selected:
            return page
        return list(self.client.each(lambda contact: self._expanded(contact), page))

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        refused = {}
        if self.sync.config.expand:
            refused = {str(contact["id"]): contact[_REFUSED] for contact in page if _REFUSED in contact}
        if not refused:
            yield page
            return
        yield [{name: value for name, value in contact.items() if name is not _REFUSED} for contact in page]
        raise incomplete("lists that the option expand names", refused)

    def _is_of_company(self, contact: Record) -> bool:
        companies = contact.get("companies")
        if not isinstance(companies, dict):
            return False
        if belongs_to_company(self.sync.config, self.objects(companies.get("data"))):
            return True
        if not companies.get("has_more") or not has_id(contact):
            return False
        pages = list_pages(self.client, path_of("/contacts/{id}/companies", id=contact["id"]), _COMPANIES_KEY)
        try:
            return any(belongs_to_company(self.sync.config, self.objects(page)) for page in pages)
        except RecordGone:
            return False

    def _expanded(self, contact: Record) -> Record:
        """The contact with the lists that the option names complete, for those that Intercom has cut at ten."""
        for name in self.sync.config.expand:
            key = "opted_out_subscription_types" if name == "subscriptions" else name
            nested = contact.get(key)
            if isinstance(nested, dict) and nested.get("has_more") and has_id(contact):
                path = path_of("/contacts/{id}/{name}", id=contact["id"], name=name)
                try:
                    items = [item for page in list_pages(self.client, path, _COMPANIES_KEY) for item in page]
                except RecordGone:
                    return contact
                except IntercomError as error:
                    if not is_of_one(error):
                        raise
                    contact = {**contact, _REFUSED: error}
                    continue
                contact = {**contact, key: {**nested, "data": items, "has_more": False, "total_count": len(items)}}
        return contact


class _OfContact(Nested):
    parent = Contacts
    key = ("contact_id", "id")
    parent_key = "contact_id"
    parent_time = "contact_updated_at"
    cursor_time = "contact_updated_at"

    @property
    def filters(self) -> BaseModel:
        return self.sync.config.filters.contacts


class ContactTags(_OfContact):
    """Which contact has which tag."""

    nested = ("tags", "data")
    complete = "/contacts/{id}/tags"


class ContactCompanies(_OfContact):
    """Which contact belongs to which company: only the link. The companies themselves are in `companies`."""

    nested = ("companies", "data")
    complete = "/contacts/{id}/companies"
    complete_key = _COMPANIES_KEY

    def project(self, item: Record) -> Record:
        return {name: item[name] for name in ("id", "type", "url") if name in item}


class ContactSubscriptions(_OfContact):
    """The subscription types that a contact chose or refused. Types that were left at their default are not listed."""

    complete = "/contacts/{id}/subscriptions"
    nested = ("opted_in_subscription_types", "data")

    def is_cut(self, record: Record) -> bool:
        return any(chosen.get("has_more") for chosen in self._lists(record).values())

    def shown(self, record: Record) -> Page:
        return [
            {**item, "opted": opted}
            for opted, chosen in self._lists(record).items()
            for item in self.objects(chosen.get("data"))
        ]

    def completed(self, items: Page) -> Page:
        # A type that is sent by default is in this list if it was refused, another one if it was chosen.
        return [{**item, "opted": _opted(item)} for item in self.objects(items)]

    def _lists(self, contact: Record) -> dict[str, Record]:
        lists = {opted: contact.get(f"opted_{opted}_subscription_types") for opted in ("in", "out")}
        return {opted: chosen for opted, chosen in lists.items() if isinstance(chosen, dict)}


def _opted(item: Record) -> str:
    return "in" if item.get("consent_type") == "opt_in" else "out"


class _ChosenNotes(IntercomStream):
    """Notes that the options name by id: one request for each, and none for contacts."""

    called = "contact_notes"
    permission = permissions.CONTACTS
    endpoint = "/notes"
    reads_whole = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        yield [{"id": note_id} for note_id in self.sync.config.filters.notes.ids]


class ContactNotes(Child):
    """Notes on contacts, for contacts that have any."""

    parent = Contacts
    child = "/contacts/{id}/notes"
    parent_key = "contact_id"
    parent_time = "contact_updated_at"
    cursor_time = "contact_updated_at"

    @property
    def filters(self) -> BaseModel:
        chosen = self.sync.config.filters
        return chosen.notes if chosen.notes.ids else chosen.contacts

    @property
    def made_from(self) -> type[IntercomStream] | None:
        return _ChosenNotes if self._sync and self.sync.config.filters.notes.ids else self.parent

    def answer(self, parent: Record, window: Window) -> Page:
        if self.made_from is not _ChosenNotes:
            listed: Page = super().answer(parent, window)
            return listed
        return [self.client.get(path_of("/notes/{id}", id=parent["id"]))]

    def has_children(self, parent: Record) -> bool:
        notes = parent.get("notes")
        return not isinstance(notes, dict) or bool(notes.get("data") or notes.get("total_count"))

    def named(self, row: Record, parent: Record) -> Record:
        named = super().named(row, parent)
        if self.made_from is _ChosenNotes:
            # The note itself names its contact, whose time of change is not known here.
            named[self.parent_key] = inside(row, "contact").get("id")
        return named


class _SegmentsOfEachContact(Child):
    called = "contact_segments"
    parent = Contacts
    child = "/contacts/{id}/segments"
    key = ("contact_id", "id")
    parent_key = "contact_id"


class ContactSegments(IntercomStream):
    """Which contact is in which segment.

    The members of a segment are searched for; where the search cannot be trusted, every contact is asked.
    """

    endpoint = "/contacts/search"
    permission = permissions.CONTACTS
    key = ("contact_id", "id")

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        chosen = self.sync.config.filters.contacts
        members = Memberships(self, Contacts(self.sync, order_by=self.order_by))
        # With filters of contacts a search finds fewer members than the segment counts.
        segments = members.segments() if chosen == ContactFilters() else None
        yield from self._of_each(reading) if segments is None else members.pages(segments)

    def _of_each(self, reading: Reading) -> Iterator[Page]:
        each = _SegmentsOfEachContact(self.sync, full=self.full, order_by=self.order_by, tally=self.client.tally)
        window = Window(self.sync.config.start, self.sync.begin + FAR_AHEAD)
        unread: list[Unavailable] = []
        for page in each.source.pages(window, Uncut(reading)):
            try:
                yield from each.rows(each.source.prepared(each.objects(page)), window)
            except Unavailable as error:
                # Some contacts of the page could not be asked; those of the other pages can.
                unread.append(error)
        if unread:
            raise unread[0]

    def probe(self) -> None:
        """Asks for segments, which need the same permission."""
        self.client.get("/segments")


class _ContactsWithMerges(Contacts):
    """Contacts as version 2.16 gives them, each with what was merged into it."""

    called = "contacts"
    version = "2.16"
    endpoint = "/contacts/search?include_merge_history=true"


class ContactMergeHistory(_OfContact):
    """Which contact was merged into which. Conversations keep the ids of merged leads."""

    parent = _ContactsWithMerges
    key = ("contact_id", "source_contact_id")
    nested = ("merge_history", "data")
    complete = "/contacts/{id}/merge_history"
    # Where the parameter has no effect the key is absent from every contact, which is not the same as an empty list.
    asks_when_absent = True

    def may_have(self, record: Record) -> bool:
        # A lead answers 404, as a contact that is gone does (docs/intercom-api.md#contact-merge-history).
        return record.get("role") != "lead"


class Segments(ClientFilteredStream):
    """Segments of users and leads, with their sizes."""

    endpoint = "/segments"
    records_key = "segments"
    params = (("include_count", "true"),)
    permission = permissions.CONTACTS


class ContactAttributes(ListStream):
    """Attributes of contacts, archived ones too."""

    endpoint = "/data_attributes"
    params = (("model", "contact"), ("include_archived", "true"))
    key = ("full_name",)
    permission = permissions.CONTACTS


class SubscriptionTypes(ListStream):
    """What contacts can subscribe to, archived ones too."""

    endpoint = "/subscription_types"
    permission = permissions.CONTACTS
