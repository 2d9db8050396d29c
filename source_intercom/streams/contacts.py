"""Contacts, the segments they fall into, and the attributes that describe them."""

from source_intercom.api.search import Query, whole_days_query
from source_intercom.streams.base import (
    CONTACTS_PERMISSION,
    ListStream,
    SearchStream,
    WalkedStream,
)
from source_intercom.sync.windows import Window, cut_at_midnights


class Contacts(SearchStream):
    """Users and leads.

    Up to version 2.16 their search sees whole days of the workspace's own zone only (notes §4.5).
    """

    endpoint = "/contacts/search"
    permission = CONTACTS_PERMISSION

    def cut(self, window: Window, parts: int) -> list[Window]:
        return cut_at_midnights(window, parts, self.sync.zone)

    def query(self, window: Window) -> Query:
        return whole_days_query(self.cursor_field, window.start, window.end)


class Segments(WalkedStream):
    """Segments of users and leads with their sizes, which Intercom counts only when asked."""

    endpoint = "/segments"
    records_key = "segments"
    params = (("include_count", "true"),)
    permission = CONTACTS_PERMISSION


class ContactAttributes(ListStream):
    """Attributes of contacts, archived ones too; standard attributes have no id, so the full name is the key."""

    endpoint = "/data_attributes"
    params = (
        ("model", "contact"),
        ("include_archived", "true"),
    )
    key = ("full_name",)
    permission = CONTACTS_PERMISSION
