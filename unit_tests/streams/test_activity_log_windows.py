"""Activity logs: exact bounds, and ranges that make Intercom fail are halved."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_fakes import NOW, FakeIntercom, Json, make_sync, rows_of

from source_intercom.api.errors import AccessDenied, Unavailable
from source_intercom.streams.base import Sync
from source_intercom.streams.workspace import ActivityLogs
from source_intercom.sync.windows import DAY, HOUR, Window

NewSync = Callable[..., Sync]
PATH = "/admins/activity_logs"


class Logs:
    """Gives the logs between its bounds, and fails on ranges longer than it can bear, or on a moment."""

    def __init__(self, moments: list[int | None], *, longest: int = 10**12, heavy: int | None = None) -> None:
        self._moments = moments
        self._longest = longest
        self._heavy = heavy

    def __call__(self, params: Json) -> Json:
        after, before = params["created_at_after"], params.get("created_at_before", NOW)
        if before - after > self._longest or (self._heavy is not None and after < self._heavy < before):
            raise Unavailable("range too long")
        found = [m for m in self._moments if m is None or after <= m <= before]
        return {"activity_logs": [{"id": str(m), "created_at": m} for m in found], "pages": {"next": None}}


def made(sync: Sync, logs: Logs) -> tuple[ActivityLogs, FakeIntercom]:
    intercom = FakeIntercom().on("GET", PATH, logs)
    stream = ActivityLogs(sync)
    intercom.attach(stream.client)
    return stream, intercom


def moments(stream: ActivityLogs, window: Window) -> list[int | None]:
    return [record["created_at"] for record in rows_of(stream, window)]


def test_a_window_is_kept_exactly_and_asked_one_second_wider(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([998, 999, 1_000, 1_500, 2_000, 2_001, 2_002, None]))
    assert moments(stream, Window(1_000, 2_000)) == [1_000, 1_500, 2_000, None]
    (params,) = intercom.asked(PATH)
    assert (params["created_at_after"], params["created_at_before"]) == (999, 2_001)


def test_no_bound_lies_before_all_time(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([0, 1]))
    assert moments(stream, Window(0, 10)) == [0, 1]
    assert intercom.asked(PATH)[0]["created_at_after"] == 0


def test_the_next_page_is_followed(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([]))
    following = f"{PATH}?page=2&created_at_after=999"
    first = {
        "activity_logs": [{"id": "1", "created_at": 1_000}],
        "pages": {"next": f"https://api.intercom.io{following}"},
    }
    intercom.on("GET", PATH, first)
    intercom.on("GET", following, {"activity_logs": [{"id": "2", "created_at": 1_001}], "pages": {"next": None}})
    assert moments(stream, Window(1_000, 2_000)) == [1_000, 1_001]


@pytest.mark.parametrize("step", [1, 5, 30, 91])
def test_windows_are_as_long_as_the_option_says(step: int, new_sync: NewSync) -> None:
    sync = new_sync(activity_logs_time_step=step, birth=0)
    windows = list(ActivityLogs(sync).planner(Window(0, 4 * step * DAY - 1)))
    assert [window.end - window.start + 1 for window in windows] == [step * DAY] * 4


class TestHalving:
    def test_reads_everything_in_ranges_that_intercom_can_bear(self, new_sync: NewSync) -> None:
        window = Window(0, 30 * DAY - 1)
        every_day: list[int | None] = [day * DAY for day in range(30)]
        stream, intercom = made(new_sync(), Logs(every_day, longest=5 * DAY))
        assert moments(stream, window) == every_day
        good = [p for p in intercom.asked(PATH) if p["created_at_before"] - p["created_at_after"] <= 5 * DAY]
        assert len(good) == 8

    @given(
        start=st.integers(1, 10**9),
        length=st.integers(0, 40 * DAY),
        longest=st.integers(HOUR + 10, 50 * DAY),
        at=st.lists(st.integers(-2, 40 * DAY + 2), max_size=20),
    )
    def test_loses_nothing_and_repeats_nothing(self, start: int, length: int, longest: int, at: list[int]) -> None:
        window = Window(start, start + length)
        # The edges of the halves are where a second could be lost or come twice.
        middle = (window.start + window.end) // 2
        logs = sorted({start + offset for offset in at} | {middle, middle + 1, window.start, window.end})
        sync = make_sync()
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
        assert (good[0].start, good[-1].end) == (max(window.start, 1), window.end)
        assert all(before.end + 1 == after.start for before, after in pairwise(good))

    def test_ends_at_an_hour_and_fails_there(self, new_sync: NewSync) -> None:
        heavy = 12 * DAY + 7
        stream, intercom = made(new_sync(), Logs([], heavy=heavy))
        with pytest.raises(Unavailable):
            moments(stream, Window(0, 30 * DAY - 1))
        lengths = [p["created_at_before"] - p["created_at_after"] - 1 for p in intercom.asked(PATH)]
        assert HOUR / 2 <= min(lengths) <= HOUR
        assert len(lengths) < 40

    def test_gives_no_half_of_a_range_that_failed_twice(self, new_sync: NewSync) -> None:
        """A page that was read before the failure must not come again with the halves."""
        stream, intercom = made(new_sync(), Logs([]))
        following = f"{PATH}?page=2"
        whole = {"activity_logs": [{"id": "1", "created_at": 10}], "pages": {"next": following}}
        half = {"activity_logs": [{"id": "1", "created_at": 10}], "pages": {}}
        rest = {"activity_logs": [{"id": "2", "created_at": 2 * DAY - 5}], "pages": {}}
        intercom.on("GET", PATH, whole, half, rest)
        intercom.on("GET", following, Unavailable("x"))
        assert [record["id"] for record in rows_of(stream, Window(0, 2 * DAY - 1))] == ["1", "2"]

    def test_is_for_want_of_an_answer_only(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync(), Logs([]))
        intercom.on("GET", PATH, AccessDenied("no"))
        with pytest.raises(AccessDenied):
            moments(stream, Window(0, 30 * DAY))
        assert len(intercom.calls) == 1


def test_the_probe_asks_for_one_log_of_the_last_day(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync(), Logs([]))
    stream.probe()
    ((_, _, params),) = intercom.calls
    assert params == {"created_at_after": NOW - DAY, "per_page": 1}
