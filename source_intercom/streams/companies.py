"""Companies and what hangs on them. All of them share one scroll a sync."""

from collections.abc import Iterator

from source_intercom.api.client import Client
from source_intercom.api.errors import RecordGone
from source_intercom.api.paging import Page, records_in
from source_intercom.streams.base import CONTACTS_PERMISSION, ListStream, Reading, Sync, WalkedStream
from source_intercom.streams.coercion import Record
from source_intercom.sync.windows import Window


class Companies(WalkedStream):
    """Companies, read through the scroll: the list stops at 10,000 and asks for a permission to write (notes §0)."""

    endpoint = "/companies/scroll"
    permission = CONTACTS_PERMISSION

    def _make_client(self, sync: Sync) -> Client:
        return sync.companies.client

    def _listed(self) -> Iterator[Page]:
        return self.sync.companies.pages()

    def probe(self) -> None:
        """Asks for segments, which need the same permission: a probe must not leave a scroll open behind it."""
        self.client.get("/segments")


class CompanySegments(WalkedStream):
    """The segments of each company, one row a membership.

    Intercom does not say when a company joined a segment: ``updated_at`` is the last edit of the segment
    itself. So every sync brings all memberships; choosing by ``updated_at`` would lose each company that joins
    a segment which nobody edits.
    """

    endpoint = "/companies/{company_id}/segments"
    key = ("company_id", "id")
    permission = CONTACTS_PERMISSION

    # Enough to keep every worker busy, few enough to keep in memory.
    _BATCH = 500

    def _make_client(self, sync: Sync) -> Client:
        # Without the companies stream this one walks, and the walk's calls are its own.
        return super()._make_client(sync) if "companies" in sync.selected else sync.companies.client

    def probe(self) -> None:
        self.client.get("/segments")

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        ids = self.sync.companies.ids(walked_by_another="companies" in self.sync.selected)
        for start in range(0, len(ids), self._BATCH):
            yield from self.client.each(self._segments_of, ids[start : start + self._BATCH])

    def _segments_of(self, company_id: str) -> list[Record]:
        try:
            answer = self.client.get(self.endpoint.format(company_id=company_id))
        except RecordGone:
            # The scroll lists companies that are archived or deleted; their children answer 404 (peers #25).
            self.client.tally.add(gone=1)
            return []
        return [{**segment, "company_id": company_id} for segment in records_in(answer, "data")]


class CompanyAttributes(ListStream):
    """Attributes of companies, archived ones too, keyed by full name as contact attributes are."""

    endpoint = "/data_attributes"
    params = (
        ("model", "company"),
        ("include_archived", "true"),
    )
    key = ("full_name",)
    permission = CONTACTS_PERMISSION
