"""What describes the workspace itself: people, teams, tags, and what its admins did."""

from collections.abc import Iterator

from source_intercom.api.errors import Unavailable
from source_intercom.api.paging import Page, linked_pages
from source_intercom.streams.base import (
    ACTIVITY_LOGS_PERMISSION,
    ADMINS_PERMISSION,
    TAGS_PERMISSION,
    IntercomStream,
    ListStream,
    Reading,
)
from source_intercom.sync.windows import DAY, HOUR, Planner, Window, of_days


class Admins(ListStream):
    """Teammates. A deleted one disappears from here while its id lives on in conversations."""

    endpoint = "/admins"
    records_key = "admins"
    params = (("display_avatar", "true"),)
    permission = ADMINS_PERMISSION


class Teams(ListStream):
    """Teams with the ids of their members."""

    endpoint = "/teams"
    records_key = "teams"
    permission = ADMINS_PERMISSION


class Tags(ListStream):
    """Tags, keyed by id: a renamed tag is the same tag."""

    endpoint = "/tags"
    permission = TAGS_PERMISSION


class ActivityLogs(IntercomStream):
    """What admins did in the workspace, by the second of the deed.

    Long ranges make Intercom fail (notes §1b), so windows are as long as the option says, and one that still
    fails is halved down to an hour.
    """

    endpoint = "/admins/activity_logs"
    records_key = "activity_logs"
    cursor_field = "created_at"
    permission = ACTIVITY_LOGS_PERMISSION

    _PAGE = 250

    @property
    def planner(self) -> Planner:
        return of_days(self.sync.config.activity_logs_time_step, since=self.sync.birth)

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        try:
            pages = list(self._read(window))
        except Unavailable:
            if window.end - window.start < HOUR:
                raise
            middle = (window.start + window.end) // 2
            yield from self.pages(Window(window.start, middle), reading)
            yield from self.pages(Window(middle + 1, window.end), reading)
        else:
            yield from pages

    def probe(self) -> None:
        self.client.get(self.endpoint, {"created_at_after": self.sync.begin - DAY, "per_page": 1})

    def _read(self, window: Window) -> Iterator[Page]:
        # Whether Intercom's bounds are inclusive is not documented: ask one second wider, keep what fits.
        bounds = {
            "created_at_after": max(0, window.start - 1),
            "created_at_before": window.end + 1,
            "per_page": self._PAGE,
        }
        for page in linked_pages(self.client, self.endpoint, self.records_key, bounds):
            moments = ((record, record.get(self.cursor_field)) for record in page)
            yield [record for record, moment in moments if moment is None or window.holds(moment)]
