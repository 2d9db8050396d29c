"""Windows: gaps and planners leave nothing out, add nothing, and repeat nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_intercom.sync.windows import DAY, HOUR, Window, cut, cut_at_midnights, gaps, in_steps, stretched, whole

ZONES = (
    "UTC",
    "Pacific/Pago_Pago",  # UTC-11
    "Pacific/Kiritimati",  # UTC+14
    "Asia/Kolkata",  # UTC+5:30
    "Asia/Kathmandu",  # UTC+5:45
    "America/St_Johns",  # UTC-3:30, with clock changes
    "Australia/Lord_Howe",  # changes its clock by half an hour
    "America/New_York",
    "Europe/Berlin",
    "America/Havana",  # midnight comes twice in autumn
    "America/Sao_Paulo",  # midnight did not come in spring
    "Pacific/Apia",  # left out the whole 30 December 2011
    "Africa/Monrovia",  # minutes and seconds beside UTC until 1972
)
CENTURY_START, CENTURY_END = 0, 4_102_444_800


@st.composite
def windows(draw: st.DrawFn, low: int = 0, high: int = 300) -> Window:
    start = draw(st.integers(low, high))
    return Window(start, draw(st.integers(start, high)))


@st.composite
def spans(draw: st.DrawFn, longest: int = 400 * DAY) -> Window:
    start = draw(st.integers(CENTURY_START, CENTURY_END))
    return Window(start, start + draw(st.integers(0, longest)))


def seconds(parts: Iterable[Window]) -> list[int]:
    return [second for part in parts for second in range(part.start, part.end + 1)]


def assert_cut(parts: list[Window], gap: Window) -> None:
    """The parts are the gap: ascending, none empty, each begins where the one before ended."""
    assert parts[0].start == gap.start
    assert parts[-1].end == gap.end
    assert all(part.start <= part.end for part in parts)
    assert all(after.start == before.end + 1 for before, after in pairwise(parts))


class TestWindow:
    @pytest.mark.complaint(20)
    def test_holds_both_of_its_ends_and_nothing_beyond(self) -> None:
        window = Window(10, 20)
        assert [moment for moment in range(5, 25) if window.holds(moment)] == list(range(10, 21))

    def test_of_one_second_holds_that_second(self) -> None:
        assert Window(7, 7).holds(7)
        assert not Window(7, 7).holds(6)
        assert not Window(7, 7).holds(8)


class TestGaps:
    @given(
        done=st.lists(windows(), max_size=6),
        bounds=windows(),
        overlap=st.integers(0, 120),
    )
    @example(done=[Window(0, 10), Window(11, 20)], bounds=Window(0, 20), overlap=0)
    @example(done=[Window(50, 60)], bounds=Window(0, 49), overlap=0)
    @example(done=[Window(50, 60)], bounds=Window(0, 50), overlap=0)
    @example(done=[Window(50, 60)], bounds=Window(60, 60), overlap=0)
    def test_are_exactly_what_no_trusted_window_covers(self, done: list[Window], bounds: Window, overlap: int) -> None:
        found = list(gaps(done, bounds.start, bounds.end, overlap))
        trusted = set(seconds(Window(window.start, window.end - overlap) for window in done))
        # A list, not a set: a second that stands in two gaps would be read twice.
        assert seconds(found) == [second for second in range(bounds.start, bounds.end + 1) if second not in trusted]
        assert all(gap.start <= gap.end for gap in found)
        assert all(before.end + 1 < after.start for before, after in pairwise(found))

    def test_nothing_read_is_one_gap(self) -> None:
        assert list(gaps([], 5, 9, 3600)) == [Window(5, 9)]

    def test_everything_read_is_none(self) -> None:
        assert list(gaps([Window(0, 100)], 0, 100, 0)) == []

    def test_the_overlap_is_read_again(self) -> None:
        assert list(gaps([Window(0, 10_000)], 0, 12_000, HOUR)) == [Window(6_401, 12_000)]

    def test_a_window_shorter_than_the_overlap_is_not_trusted_at_all(self) -> None:
        assert list(gaps([Window(1_000, 2_000)], 0, 9_000, HOUR)) == [Window(0, 9_000)]


class TestWhole:
    @given(gap=spans())
    def test_cuts_nothing(self, gap: Window) -> None:
        assert list(whole(gap)) == [gap]


class TestInSteps:
    @pytest.mark.complaint(17)
    @given(gap=spans(), days=st.integers(1, 91), since=st.integers(CENTURY_START, CENTURY_END))
    @example(gap=Window(0, 0), days=1, since=0)
    @example(gap=Window(0, DAY - 1), days=1, since=0)
    @example(gap=Window(0, DAY), days=1, since=0)
    @example(gap=Window(0, DAY), days=1, since=1)
    def test_cuts_the_gap_exactly(self, gap: Window, days: int, since: int) -> None:
        parts = list(in_steps(days * DAY, since=since)(gap))
        assert_cut(parts, gap)
        assert all(part.end - part.start + 1 == days * DAY for part in parts[1:-1])
        assert parts[-1].end - max(parts[-1].start, since) + 1 <= days * DAY

    def test_of_a_whole_number_of_steps_has_no_empty_last_window(self) -> None:
        assert list(in_steps(2 * DAY, since=0)(Window(10, 10 + 4 * DAY - 1))) == [
            Window(10, 10 + 2 * DAY - 1),
            Window(10 + 2 * DAY, 10 + 4 * DAY - 1),
        ]

    def test_the_time_before_the_workspace_costs_no_windows_of_its_own(self) -> None:
        assert list(in_steps(DAY, since=100 * DAY)(Window(0, 102 * DAY - 1))) == [
            Window(0, 101 * DAY - 1),
            Window(101 * DAY, 102 * DAY - 1),
        ]


STRANGE_DAYS = [
    pytest.param("America/New_York", "2024-03-10T12:00", id="23 hours"),
    pytest.param("America/New_York", "2024-11-03T12:00", id="25 hours"),
    pytest.param("Europe/Berlin", "2024-03-31T12:00", id="23 hours in Europe"),
    pytest.param("Australia/Lord_Howe", "2024-04-07T12:00", id="24 and a half hours"),
    pytest.param("Australia/Lord_Howe", "2024-10-06T12:00", id="23 and a half hours"),
    pytest.param("America/Havana", "2024-11-03T12:00", id="midnight twice"),
    pytest.param("America/Sao_Paulo", "2018-11-04T12:00", id="no midnight"),
    pytest.param("America/Sao_Paulo", "2018-02-17T12:00", id="the hour before midnight twice"),
    pytest.param("Pacific/Apia", "2011-12-30T12:00", id="no such day"),
    pytest.param("Pacific/Pago_Pago", "2024-06-01T12:00", id="UTC-11"),
    pytest.param("Pacific/Kiritimati", "2024-06-01T12:00", id="UTC+14"),
    pytest.param("Asia/Kathmandu", "2024-06-01T12:00", id="UTC+5:45"),
]


class TestCut:
    @given(window=spans(), parts=st.integers(1, 64))
    @example(window=Window(5, 5), parts=64)
    @example(window=Window(5, 6), parts=3)
    @example(window=Window(0, 63), parts=64)
    def test_makes_equal_windows_of_the_whole(self, window: Window, parts: int) -> None:
        made = cut(window, parts)
        assert_cut(made, window)
        assert len(made) == min(parts, window.end - window.start + 1)
        lengths = {part.end - part.start for part in made}
        assert max(lengths) - min(lengths) <= 1

    def test_into_one_is_the_window(self) -> None:
        assert cut(Window(3, 9), 1) == [Window(3, 9)]


class TestStretched:
    @given(window=spans(), parts=st.integers(1, 64), before=st.integers(0, DAY), after=st.integers(0, DAY))
    def test_covers_the_outer_window_and_moves_no_inner_edge(
        self, window: Window, parts: int, before: int, after: int
    ) -> None:
        made, outer = cut(window, parts), Window(window.start - before, window.end + after)
        wider = stretched(made, outer)
        assert_cut(wider, outer)
        assert [part.end for part in wider[:-1]] == [part.end for part in made[:-1]]


class TestCutAtMidnights:
    @given(window=spans(), parts=st.integers(1, 64), zone=st.sampled_from(ZONES))
    @example(window=Window(0, 0), parts=64, zone="UTC")
    @example(window=Window(0, DAY - 1), parts=2, zone="UTC")
    @example(window=Window(0, DAY), parts=2, zone="UTC")
    def test_makes_windows_of_the_whole_that_share_no_day(self, window: Window, parts: int, zone: str) -> None:
        local = ZoneInfo(zone)
        made = cut_at_midnights(window, parts, local)
        assert_cut(made, window)
        assert 1 <= len(made) <= parts
        for part in made[1:]:
            assert_begins_a_day(part.start, local)

    @pytest.mark.parametrize(("zone", "noon"), STRANGE_DAYS)
    @pytest.mark.parametrize("parts", [2, 3, 6, 40])
    def test_around_a_strange_day_as_well(self, zone: str, noon: str, parts: int) -> None:
        local = ZoneInfo(zone)
        middle = int(datetime.fromisoformat(noon).replace(tzinfo=local).timestamp())
        for start in range(middle - 2 * DAY, middle + DAY, 1_800):
            window = Window(start, middle + 3 * DAY)
            made = cut_at_midnights(window, parts, local)
            assert_cut(made, window)
            for part in made[1:]:
                assert_begins_a_day(part.start, local)

    def test_of_whole_days_makes_windows_of_whole_days(self) -> None:
        local = ZoneInfo("America/New_York")
        # Four days over the clock change of 10 March 2024, which took one hour.
        begin, end = (int(datetime(2024, 3, day, tzinfo=local).timestamp()) for day in (9, 13))
        made = cut_at_midnights(Window(begin, end - 1), 40, local)
        assert [(part.end - part.start + 1) / HOUR for part in made] == [24, 23, 24, 24]

    def test_of_one_day_leaves_it_whole(self) -> None:
        local = ZoneInfo("Pacific/Pago_Pago")
        begin = int(datetime(2024, 6, 2, 9, tzinfo=local).timestamp())
        assert cut_at_midnights(Window(begin, begin + 5 * HOUR), 8, local) == [Window(begin, begin + 5 * HOUR)]


def assert_begins_a_day(moment: int, zone: tzinfo) -> None:
    """The second before lies on another local date: also where a clock change took midnight itself away."""
    before, after = (datetime.fromtimestamp(at, timezone.utc).astimezone(zone) for at in (moment - 1, moment))
    assert before.date() < after.date()
