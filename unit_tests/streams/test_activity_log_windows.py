"""Activity logs: exact bounds, no more calls than pages, and ranges that make Intercom fail are cut."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, make_sync, rows_of

from source_intercom.api.errors import AccessDenied, RequestRefused, Unavailable
from source_intercom.shapes.base import INTERCOM_BIRTH, Sync
from source_intercom.streams.activity_logs import ActivityLogs
from source_intercom.sync.windows import DAY, HOUR, Window

NewSync = Callable[..., Sync]
PATH = "/admins/activity_logs"
T = 1_400_000_000


class Logs:
    """Gives the logs between its bounds, and fails on ranges longer than it can bear, or on a moment.

    It tells of pages, each with so many logs, but gives them all at once.
    """

    def __init__(
        self, moments: list[int | None], *, longest: int = 10**12, heavy: int | None = None, per_page: int = 250
    ) -> None:
        self._moments = moments
        self._per_page = per_page
        self._longest = longest
        self._heavy = heavy

    def __call__(self, params: Json) -> Json:
        after, before = params["created_at_after"], params.get("created_at_before", NOW)
        if before - after > self._longest or (self._heavy is not None and after < self._heavy < before):
            raise Unavailable("range too long")
        found = [m for m in self._moments if m is None or after <= m <= before]
        pages = {"next": None, "total_pages": -(-len(found) // self._per_page)}
        return {"activity_logs": [{"id": str(m), "created_at": m} for m in found], "pages": pages}


def made(sync: Sync, logs: Logs) -> tuple[ActivityLogs, FakeIntercom]:
    intercom = FakeIntercom().on("GET", PATH, logs)
    stream = ActivityLogs(sync)
    intercom.attach(stream.client)
    return stream, intercom


def moments(stream: ActivityLogs, window: Window) -> list[int | None]:
    """The times of all logs of a window and of what is handed out of it, in its order."""
    found: list[int | None] = []
    todo = [window]
    while todo:
        reading = FakeReading()
        found += [record["created_at"] for record in rows_of(stream, todo.pop(0), reading)]
        todo = [*sorted(reading.handed), *todo]
    return found


def length(asked: Json) -> int:
    """Seconds of the window that a request was made for."""
    return int(asked["created_at_before"]) - int(asked["created_at_after"]) - 1


def test_a_window_is_kept_exactly_and_asked_one_second_wider(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([T - 2, T - 1, T, T + 500, T + 1_000, T + 1_001, T + 1_002, None]))
    assert moments(stream, Window(T, T + 1_000)) == [T, T + 500, T + 1_000, None]
    (params,) = intercom.asked(PATH)
    assert (params["created_at_after"], params["created_at_before"]) == (T - 1, T + 1_001)


@pytest.mark.parametrize("end", [10, INTERCOM_BIRTH - 1, INTERCOM_BIRTH, NOW])
def test_nothing_is_asked_of_the_years_before_intercom(end: int, new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([]))
    assert moments(stream, Window(0, end)) == []
    assert intercom.asked(PATH)[0]["created_at_after"] == min(end, INTERCOM_BIRTH) - 1


def test_the_next_page_is_followed(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([]))
    following = f"{PATH}?page=2&created_at_after=999"
    first = {
        "activity_logs": [{"id": "1", "created_at": T}],
        "pages": {"next": f"https://api.intercom.io{following}"},
    }
    intercom.on("GET", PATH, first)
    intercom.on("GET", following, {"activity_logs": [{"id": "2", "created_at": T + 1}], "pages": {"next": None}})
    assert moments(stream, Window(T, T + 1_000)) == [T, T + 1]


@pytest.mark.complaint(10)
@pytest.mark.parametrize("step", [1, 5, 30, 91])
def test_windows_are_as_long_as_the_option_says(step: int, new_sync: NewSync) -> None:
    sync = new_sync(activity_logs_time_step=step, birth=0)
    windows = list(ActivityLogs(sync).planner(Window(0, 4 * step * DAY - 1)))
    # The request of a window asks a second wider, and some workspaces refuse a second too many.
    assert {window.end - window.start + 2 for window in windows[:-1]} == {step * DAY}


def test_without_the_option_the_whole_range_is_one_window(new_sync: NewSync) -> None:
    gap = Window(0, NOW)
    assert list(ActivityLogs(new_sync()).planner(gap)) == [gap]


class TestTheWholeRange:
    BIRTH = NOW - 300 * DAY
    EVERYTHING = Window(0, NOW)

    def test_costs_one_call_where_it_works(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [self.BIRTH + day * DAY for day in range(300)]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs))
        assert moments(stream, self.EVERYTHING) == logs
        assert len(intercom.calls) == 1

    def test_is_handed_out_whole(self, new_sync: NewSync) -> None:
        """The years before Intercom too: a hole at the beginning would hold the state at 0 for ever."""
        reading = FakeReading()
        stream, _ = made(new_sync(birth=self.BIRTH), Logs([], longest=31 * DAY))
        assert list(rows_of(stream, self.EVERYTHING, reading)) == []
        handed = sorted(reading.handed)
        assert (handed[0].start, handed[-1].end) == self.EVERYTHING
        assert all(one.end + 1 == two.start for one, two in pairwise(handed))

    @pytest.mark.complaint(87)
    def test_is_tried_once_and_then_read_in_months(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [T, *(self.BIRTH + day * DAY for day in range(300))]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs, longest=31 * DAY))
        assert moments(stream, self.EVERYTHING) == logs
        first, *months = intercom.asked(PATH)
        assert length(first) == NOW - INTERCOM_BIRTH + 1
        # A workspace that came from elsewhere may hold logs from before it was made.
        assert months[0]["created_at_after"] == INTERCOM_BIRTH - 1
        asked_for = {asked["created_at_before"] - asked["created_at_after"] for asked in months[:-1]}
        assert asked_for == {30 * DAY}
        assert sum(map(length, months)) == length(first)
        assert intercom.retried == [False] + [True] * len(months)

    def test_with_the_option_is_read_in_steps_of_it(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [T, *(self.BIRTH + day * DAY for day in range(300))]
        sync = new_sync(birth=self.BIRTH, activity_logs_time_step=5)
        stream, intercom = made(sync, Logs(logs, longest=6 * DAY))
        assert [log for window in stream.planner(self.EVERYTHING) for log in moments(stream, window)] == logs
        # The first window reaches back over all the years before the workspace: it is tried once.
        assert max(map(length, intercom.asked(PATH)[1:])) == 5 * DAY - 1
        assert intercom.retried.count(False) == 1

    def test_is_cut_for_many_hands_when_it_is_heavy(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [self.BIRTH + 25_000 * number for number in range(1_000)]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs, per_page=2))
        reading = FakeReading()
        list(rows_of(stream, self.EVERYTHING, reading))
        # 500 pages are work for ten windows; the first of them has all that lies before the workspace too.
        assert len(reading.handed) == 10
        assert all(window.end > self.BIRTH for window in reading.handed)
        intercom.calls.clear()
        assert moments(stream, self.EVERYTHING) == logs
        assert len(intercom.calls) == 1 + 10

    def test_is_cut_again_where_all_lies_in_one_week(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [self.BIRTH + 600 * number for number in range(1_000)] + [NOW - 5]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs, per_page=2))
        assert moments(stream, self.EVERYTHING) == logs
        assert len(intercom.calls) < 50

    def test_is_not_cut_for_little(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [self.BIRTH + number for number in range(99)]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs, per_page=1))
        assert moments(stream, self.EVERYTHING) == logs
        assert len(intercom.calls) == 1

    def test_of_one_second_cannot_be_cut(self, new_sync: NewSync) -> None:
        begin = NOW - 9
        stream, intercom = made(new_sync(), Logs([begin] * 200, per_page=1))
        assert moments(stream, Window(begin, begin)) == [begin] * 200
        assert len(intercom.calls) == 1

    def test_before_the_workspace_was_made_is_read_as_it_is(self, new_sync: NewSync) -> None:
        logs: list[int | None] = [*range(T, T + 200)]
        stream, intercom = made(new_sync(birth=self.BIRTH), Logs(logs, per_page=1))
        assert moments(stream, Window(0, T + 5_000)) == logs
        assert len(intercom.calls) == 1


def test_a_log_that_shows_a_time_before_intercom_was_founded_is_not_lost(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([T]))
    logs = [{"id": "1", "created_at": 7}, {"id": "2", "created_at": T}]
    intercom.on("GET", PATH, {"activity_logs": logs, "pages": {}})
    assert moments(stream, Window(0, NOW)) == [7, T]


class TestHalving:
    @pytest.mark.complaint(10)
    def test_reads_everything_in_ranges_that_intercom_can_bear(self, new_sync: NewSync) -> None:
        window = Window(T, T + 30 * DAY - 2)
        every_day: list[int | None] = [T + day * DAY for day in range(30)]
        stream, intercom = made(new_sync(), Logs(every_day, longest=5 * DAY))
        assert moments(stream, window) == every_day
        good = [p for p in intercom.asked(PATH) if p["created_at_before"] - p["created_at_after"] <= 5 * DAY]
        assert len(good) == 8

    @given(
        start=st.integers(T, 2 * T),
        length=st.integers(0, 40 * DAY),
        longest=st.integers(HOUR + 10, 50 * DAY),
        at=st.lists(st.integers(-2, 40 * DAY + 2), max_size=20),
    )
    def test_loses_nothing_and_repeats_nothing(self, start: int, length: int, longest: int, at: list[int]) -> None:
        window = Window(start, start + length)
        # The edges of the halves are where a second could be lost or come twice.
        middle = (window.start + window.end) // 2
        logs = sorted({start + offset for offset in at} | {middle, middle + 1, window.start, window.end})
        sync = make_sync(begin=3 * T)
        try:
            stream, intercom = made(sync, Logs([*logs], longest=longest))
            read = moments(stream, window)
        finally:
            sync.transport.close()
        assert read == [moment for moment in logs if window.holds(moment)]
        good = [
            Window(p["created_at_after"] + 1, p["created_at_before"] - 1)
            for p in intercom.asked(PATH)
            if p["created_at_before"] - p["created_at_after"] <= longest
        ]
        assert (good[0].start, good[-1].end) == window
        assert all(before.end + 1 == after.start for before, after in pairwise(good))

    def test_ends_at_an_hour_and_fails_there(self, new_sync: NewSync) -> None:
        heavy = T + 12 * DAY + 7
        stream, intercom = made(new_sync(), Logs([], heavy=heavy))
        with pytest.raises(Unavailable):
            moments(stream, Window(T, T + 30 * DAY - 1))
        lengths = [p["created_at_before"] - p["created_at_after"] - 1 for p in intercom.asked(PATH)]
        assert HOUR / 2 <= min(lengths) <= HOUR
        assert len(lengths) < 40

    def test_gives_no_half_of_a_range_that_failed_twice(self, new_sync: NewSync) -> None:
        """A page that was read before the failure must not come again with the halves."""
        stream, intercom = made(new_sync(), Logs([]))
        following = f"{PATH}?page=2"
        whole = {"activity_logs": [{"id": "1", "created_at": T + 10}], "pages": {"next": following}}
        half = {"activity_logs": [{"id": "1", "created_at": T + 10}], "pages": {}}
        rest = {"activity_logs": [{"id": "2", "created_at": T + 2 * DAY - 5}], "pages": {}}
        intercom.on("GET", PATH, whole, half, rest)
        intercom.on("GET", following, Unavailable("x"))
        assert [record["id"] for record in rows_of(stream, Window(T, T + 2 * DAY - 1))] == ["1", "2"]

    def test_is_for_want_of_an_answer_only(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync(), Logs([]))
        intercom.on("GET", PATH, AccessDenied("no"))
        with pytest.raises(AccessDenied):
            moments(stream, Window(T, T + 30 * DAY))
        assert len(intercom.calls) == 1


def test_the_probe_asks_for_one_log_of_the_last_day(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([]))
    stream.probe()
    ((_, _, params),) = intercom.calls
    assert params == {"created_at_after": NOW - DAY, "per_page": 1}


class TestPagesThatAreTooLarge:
    """Intercom may refuse the size of a page, and only where the range is short can it be nothing else."""

    SHORT = Window(NOW - 5 * DAY, NOW)

    @staticmethod
    def refusing(largest: int) -> Callable[[Json], Json]:
        logs = Logs([NOW - 2 * DAY, NOW - DAY])

        def answer(params: Json) -> Json:
            if params["per_page"] > largest:
                raise RequestRefused("per_page too large")
            return logs(params)

        return answer

    def test_are_asked_for_smaller(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", PATH, self.refusing(50))
        stream = ActivityLogs(new_sync())
        intercom.attach(stream.client)
        assert moments(stream, self.SHORT) == [NOW - 2 * DAY, NOW - DAY]
        first, second = intercom.asked(PATH)
        assert (first["per_page"], second["per_page"]) == (250, 50)
        assert length(first) == length(second)

    def test_what_is_refused_smaller_too_is_an_error_at_once(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """Halves of a short range would be refused one after the other."""
        intercom.on("GET", PATH, self.refusing(49))
        stream = ActivityLogs(new_sync())
        intercom.attach(stream.client)
        with pytest.raises(RequestRefused):
            moments(stream, self.SHORT)
        assert len(intercom.calls) == 2

    def test_a_long_range_is_cut_first(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", PATH, self.refusing(50))
        stream = ActivityLogs(new_sync())
        intercom.attach(stream.client)
        assert moments(stream, Window(NOW - 60 * DAY, NOW)) == [NOW - 2 * DAY, NOW - DAY]
        assert intercom.asked(PATH)[0]["per_page"] == 250
        assert length(intercom.asked(PATH)[1]) <= 30 * DAY
