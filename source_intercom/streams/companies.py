"""Companies and what hangs on them. All of them share one scroll a sync."""

from collections.abc import Iterator

from source_intercom.api import permissions
from source_intercom.api.client import Client
from source_intercom.api.pages import Page
from source_intercom.shapes.base import IntercomStream, Reading, Sync
from source_intercom.shapes.lists import Child, ListStream, Projection, WalkedStream
from source_intercom.sync.windows import Window


class Companies(WalkedStream):
    """Companies, read through the scroll: the list stops at 10,000 and asks for a permission to write (notes §0)."""

    endpoint = "/companies/scroll"
    permission = permissions.CONTACTS
    walk = "companies"

    def _make_client(self, sync: Sync) -> Client:
        return sync.companies.client

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        try:
            yield from super().pages(window, reading)
        finally:
            # Whatever broke here, those who wait for the ids must not wait for ever.
            self.sync.companies.give_up()

    def listed(self, since: int = 0) -> Iterator[Page]:
        return self.sync.companies.pages()

    def probe(self) -> None:
        """Asks for segments, which need the same permission: a probe must not leave a scroll open behind it."""
        self.client.get("/segments")


class CompanyTags(Projection, Companies):
    """Which company has which tag."""

    key = ("company_id", "id")
    nested = ("tags", "tags")

    def _make_client(self, sync: Sync) -> Client:
        # The walk's calls are those of the companies; alone, this stream makes them.
        return IntercomStream._make_client(self, sync) if "companies" in sync.selected else sync.companies.client

    parent_key = "company_id"
    parent_time = "company_updated_at"
    cursor_time = "company_updated_at"


class _OfEveryCompany(Child):
    """Rows that take a call for each company. The calls begin when the scroll is over, or it would expire."""

    permission = permissions.CONTACTS
    walk = "every company"
    parent_key = "company_id"

    # Enough to keep every worker busy, few enough to keep in memory.
    _BATCH = 500

    def _make_client(self, sync: Sync) -> Client:
        # Without a stream that walks, this one does, and the walk's calls are its own.
        return super()._make_client(sync) if self._walked_by_another(sync) else sync.companies.client

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        ids = self.sync.companies.ids(walked_by_another=self._walked_by_another(self.sync))
        for start in range(0, len(ids), self._BATCH):
            yield [{"id": company_id} for company_id in ids[start : start + self._BATCH]]

    def probe(self) -> None:
        self.client.get("/segments")

    def _walked_by_another(self, sync: Sync) -> bool:
        return not sync.selected.isdisjoint({"companies", "company_tags"})


class CompanySegments(_OfEveryCompany):
    """The segments of each company, one row a membership.

    Intercom does not say when a company joined a segment: ``updated_at`` is the last edit of the segment
    itself. So every sync brings all memberships; choosing by ``updated_at`` would lose each company that joins
    a segment which nobody edits.
    """

    child = "/companies/{id}/segments"
    key = ("company_id", "id")
    cursor_time = "updated_at"


class CompanyContacts(_OfEveryCompany):
    """The contacts of each company, one row a membership with the whole contact."""

    child = "/companies/{id}/contacts"
    key = ("company_id", "id")


class CompanyNotes(_OfEveryCompany):
    """Notes on companies."""

    child = "/companies/{id}/notes"


class CompanyAttributes(ListStream):
    """Attributes of companies, archived ones too, keyed by full name as contact attributes are."""

    endpoint = "/data_attributes"
    params = (("model", "company"), ("include_archived", "true"))
    key = ("full_name",)
    permission = permissions.CONTACTS
