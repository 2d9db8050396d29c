"""Companies and what hangs on them. All of them share one scroll a sync."""

from collections.abc import Container, Iterator, Mapping
from functools import cached_property, partial

from source_intercom.api import permissions
from source_intercom.api.client import Client, Tally
from source_intercom.api.errors import RecordGone, RequestRefused, ScrollTaken, Unavailable
from source_intercom.api.figures import Page, none_in
from source_intercom.api.scroll import SharedScroll
from source_intercom.shapes.base import IntercomStream, Sync
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import ClientFilteredStream, ListStream
from source_intercom.shapes.nested import Nested
from source_intercom.shapes.reading import Reading
from source_intercom.streams.shown import ShownLists
from source_intercom.sync.windows import Window

# Enough to keep every worker busy, few enough to keep in memory.
_BATCH = 500


class Companies(ClientFilteredStream):
    """Companies. The connector reads them by Intercom's scroll, 100 a page: the list of companies stops at 10,000."""

    endpoint = "/companies/scroll"
    permission = permissions.CONTACTS

    def _make_client(self, tally: Tally | None) -> Client:
        return self.sync.companies.client

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        try:
            yield from super().pages(window, reading)
        finally:
            # Whatever has failed, streams that wait for the ids must not wait for ever.
            self.sync.companies.give_up()

    def listed(self, since: int = 0) -> Iterator[Page]:
        return self.sync.companies.pages()

    def skipped(self) -> None:
        self.sync.companies.leave()

    def probe(self) -> None:
        """Asks for segments, which need the same permission: a probe must not leave a scroll open behind it."""
        self.client.get("/segments")


class CompanyTags(Nested):
    """Which company has which tag."""

    parent = Companies
    key = ("company_id", "id")
    nested = ("tags", "tags")
    parent_key = "company_id"
    parent_time = "company_updated_at"
    cursor_time = "company_updated_at"

    def _make_client(self, tally: Tally | None) -> Client:
        # The requests of the scroll are counted for companies where that stream is read, else for this one.
        companies = self.sync.companies
        return super()._make_client(tally) if "companies" in self.sync.selected else companies.client

    def probe(self) -> None:
        self.client.get("/segments")


class _EveryCompany(IntercomStream):
    """The ids of all companies, given out when the scroll is over: requests in between would let it expire."""

    called = "companies"
    endpoint = "/companies/scroll"
    permission = permissions.CONTACTS
    reads_whole = True

    def _make_client(self, tally: Tally | None) -> Client:
        return self.sync.companies.client

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # Sorted, so that the next sync can continue if this one breaks off.
        ids = sorted(self.sync.companies.ids(read_by_another=_is_scrolled_by_another(self.sync)))
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            yield [{"id": company_id} for company_id in batch]
            reading.asked(batch[-1])

    def lies_within(self, record: Record, through: int | str) -> bool:
        return isinstance(through, str) and str(record["id"]) <= through


class _OfEveryCompany(Child):
    parent = _EveryCompany
    every_parent = True
    parent_key = "company_id"

    def _make_client(self, tally: Tally | None) -> Client:
        # Where no other stream reads the scroll, this one does, and its requests are counted here.
        return super()._make_client(tally) if _is_scrolled_by_another(self.sync) else self.sync.companies.client

    def probe(self) -> None:
        self.client.get("/segments")


def _is_scrolled_by_another(sync: Sync) -> bool:
    return not sync.selected.isdisjoint({"companies", "company_tags"})


class CompanySegments(_OfEveryCompany):
    """The segments of each company, one row for each membership.

    Intercom does not say when a company joined a segment: ``updated_at`` is the last edit of the segment
    itself. So every sync brings all memberships; choosing by ``updated_at`` would lose each company that joins
    a segment which nobody edits.

    A company shows its segments in its own record. A sample of companies is asked for theirs; where the two agree,
    only those are asked whose records do not show all.
    """

    child = "/companies/{id}/segments"
    key = ("company_id", "id")
    cursor_time = "updated_at"

    @cached_property
    def _shown(self) -> Mapping[str, Page]:
        shown = self.sync.companies.shown
        # If no company shows any item, the lists may not be filled at all.
        return ShownLists(self, shown).trusted() if any(shown.values()) else {}

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        companies = self.identified(page)
        for company in companies:
            if str(company["id"]) in self._shown:
                yield [self.named(segment, company) for segment in self._shown[str(company["id"])]]
        yield from super().rows([one for one in companies if str(one["id"]) not in self._shown], window)


class CompanyContacts(_OfEveryCompany):
    """The contacts of each company, one row for each membership, with the whole contact."""

    child = "/companies/{id}/contacts"
    key = ("company_id", "id")


class CompanyNotes(_OfEveryCompany):
    """Notes on companies.

    From version 2.16 on a company says how many notes it has. So companies are scrolled once more in that version, and
    those that have none are not asked, where a sample agrees.
    """

    child = "/companies/{id}/notes"

    @cached_property
    def _without_notes(self) -> Container[str]:
        client = self.client_for(self.permission, version="2.16")
        scroll = SharedScroll(client, self.logger, kept=partial(none_in, name="notes"))
        try:
            scroll.ids(read_by_another=False)
            return ShownLists(self, scroll.shown).trusted()
        except (RecordGone, RequestRefused, ScrollTaken, Unavailable) as error:
            self.logger.info(f"{self.name}: asks for the rows of every company: {error.internal_message}")
            return ()

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        companies = self.identified(page)
        yield from super().rows([one for one in companies if str(one["id"]) not in self._without_notes], window)


class CompanyAttributes(ListStream):
    """Attributes of companies, archived ones too."""

    endpoint = "/data_attributes"
    params = (("model", "company"), ("include_archived", "true"))
    key = ("full_name",)
    permission = permissions.CONTACTS
