"""What admins did in the workspace, and the kinds of action that there are."""

from collections.abc import Iterator

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.api.figures import Page, pages_told
from source_intercom.api.pages import pages_from
from source_intercom.shapes.base import INTERCOM_BIRTH, IntercomStream
from source_intercom.shapes.lists import ListStream
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import DAY, HOUR, Planner, Window, cut, in_steps, stretched, whole


class ActivityLogs(IntercomStream):
    """What admins did in the workspace, and when.

    Long ranges can make Intercom fail (airbyte issue 38626), so the whole range is tried once: where it fails, it is
    read in windows of thirty days, and one of them that still fails is halved, down to an hour. What works but has
    many pages is cut so that several workers read it. The option makes windows shorter, but for the years before the
    workspace was made, in which hardly anything is expected.
    """

    endpoint = "/admins/activity_logs"
    records_key = "activity_logs"
    cursor_time = "created_at"
    time_field = "created_at"
    permission = permissions.ACTIVITY_LOGS

    _PAGE = 250
    # The page size to try where Intercom refuses that one.
    _SMALL_PAGE = 50
    # A window costs half a page at its end, and the page that told its size: at fifty pages, two calls in a hundred.
    _WINDOW_PAGES = 50
    # The step in days of Airbyte's official connector, which works in most workspaces.
    _USUAL_DAYS = 30
    # A range of so many days has not been seen to be refused.
    _LEAST_DAYS = 7

    @property
    def planner(self) -> Planner:
        is_chosen = self.sync.config.activity_logs_time_step
        return in_steps(self._step, since=self.sync.birth) if is_chosen else whole

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # There are no logs of before Intercom was founded.
        start = max(window.start, min(INTERCOM_BIRTH, window.end))
        return self._read(Window(start, window.end), reading, set(), since=window.start)

    def probe(self) -> None:
        self.client.get(self.endpoint, {"created_at_after": self.sync.begin - DAY, "per_page": 1})

    def _read(self, window: Window, reading: Reading, given: set[str], since: int) -> Iterator[Page]:
        """The pages of a window but for the logs ``given`` already; parts of it may be handed out.

        What is handed out reaches back to ``since``, though nothing lies before the window: a time that nobody hands
        out would stay unread in the state.
        """
        try:
            answer, asked = self._first(window)
            parts = self._parts(window, min(pages_told(answer) // self._WINDOW_PAGES, reading.most_parts))
            if len(parts) < 2:
                for page in pages_from(answer, self.client, self.endpoint, self.records_key, asked):
                    logs = [
                        log for log in self.identified(page) if log["id"] not in given and self.lies_in(window, log)
                    ]
                    given.update(log["id"] for log in logs)
                    yield logs
                return
        except (Unavailable, RequestRefused) as error:
            parts = self._shorter(window)
            # If a short range is refused, each part of it would be refused too.
            is_short = window.end - window.start < self._LEAST_DAYS * DAY
            if len(parts) < 2 or (isinstance(error, RequestRefused) and is_short):
                raise
        if not given and reading.most_parts:
            reading.split(stretched(parts, Window(since, window.end)))
            return
        for part in parts:
            yield from self._read(part, reading, given, since=part.start)

    def _first(self, window: Window) -> tuple[Json, Json]:
        """The first page of a window, and with what it was asked for."""
        # Whether Intercom's bounds are inclusive is not documented: ask one second wider, keep what fits.
        asked = {"created_at_after": window.start - 1, "created_at_before": window.end + 1, "per_page": self._PAGE}
        is_long = self._is_long(window)
        try:
            # A range that is too long fails each time: where it can be made shorter, retries only cost minutes.
            return self.client.get(self.endpoint, asked, retry=not is_long), asked
        except RequestRefused:
            if is_long:
                raise
            # The range is short, so it may be the size of the page that is refused.
            asked = {**asked, "per_page": self._SMALL_PAGE}
            return self.client.get(self.endpoint, asked), asked

    def _parts(self, window: Window, parts: int) -> list[Window]:
        """Cut a window that has work for so many; there is none before the workspace was made."""
        if parts < 2 or window.end <= self.sync.birth:
            return [window]
        return stretched(cut(Window(max(window.start, self.sync.birth), window.end), parts), window)

    def _shorter(self, window: Window) -> list[Window]:
        if self._is_long(window):
            return list(in_steps(self._step, since=window.start)(window))
        return cut(window, 2) if window.end - window.start >= HOUR else [window]

    def _is_long(self, window: Window) -> bool:
        return window.end - window.start >= self._step

    @property
    def _step(self) -> int:
        """Seconds of a window whose request, which asks a second wider, covers no more days than it may."""
        return (self.sync.config.activity_logs_time_step or self._USUAL_DAYS) * DAY - 1


class ActivityLogEventTypes(ListStream):
    """Kinds of action that activity logs report, as Intercom names them."""

    endpoint = "/admins/activity_log_event_types"
    records_key = "event_types"
    key = ("name",)
    permission = permissions.ACTIVITY_LOGS
    version = "2.16"

    def listed(self, since: int = 0) -> Iterator[Page]:
        # The list holds bare names.
        for page in super().listed(since):
            yield [{"name": name} for name in page]
