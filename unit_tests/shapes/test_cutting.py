"""How heavy work is cut: nothing left out, nothing twice, and no more pieces than may be handed out."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_fakes import FakeReading

from source_intercom.api.pages import SEARCH_PAGE
from source_intercom.shapes.cutting import crowded_slices, heavy_parts, parts_of
from source_intercom.sync.windows import DAY, FAR_AHEAD, Window

BEGIN = 1_760_000_000
ZONES = ["UTC", "Pacific/Kiritimati", "America/Havana", "Australia/Lord_Howe"]
moments = st.integers(0, BEGIN + 400 * DAY)
totals = st.integers(0, 2_000 * SEARCH_PAGE)


def reading(most: int = 64) -> FakeReading:
    made = FakeReading()
    made.most_parts = most
    return made


def assert_cut(parts: list[Window], whole: Window) -> None:
    assert (parts[0].start, parts[-1].end) == whole
    assert all(part.start <= part.end for part in parts)
    assert all(after.start == before.end + 1 for before, after in pairwise(parts))


class TestPartsOf:
    @given(total=totals, workers=st.integers(0, 200), most=st.integers(0, 300))
    def test_have_ten_pages_at_least_and_forty_if_there_are_enough(self, total: int, workers: int, most: int) -> None:
        parts = parts_of(total, reading(most), workers)
        pages = -(-total // SEARCH_PAGE)
        assert 0 <= parts <= most
        assert parts * 10 <= pages or parts == 0
        # No more work in one part than forty pages and the rest that one part more would be too small for.
        assert parts == most or pages < (parts + 1) * 40

    def test_are_as_many_as_keep_the_workers_busy(self) -> None:
        heavy = 1_000 * SEARCH_PAGE
        assert parts_of(heavy, reading(256), 50) == 50
        assert parts_of(heavy, reading(256), 4) == 25
        assert parts_of(99 * SEARCH_PAGE, reading(256), 50) == 9
        assert parts_of(heavy, reading(0), 50) == 0


class TestHeavyParts:
    @settings(max_examples=200)
    @given(
        start=st.integers(0, BEGIN),
        length=st.integers(0, 4 * DAY) | st.integers(0, 3_000 * DAY),
        total=totals,
        first=moments,
        last=moments,
        workers=st.integers(1, 100),
        most=st.integers(0, 64),
        zone=st.sampled_from(ZONES),
    )
    def test_are_the_window_and_end_at_midnights(
        self, start: int, length: int, total: int, first: int, last: int, workers: int, most: int, zone: str
    ) -> None:
        window, local = Window(start, start + length), ZoneInfo(zone)
        parts = heavy_parts(window, total, reading(most), workers, first=first, latest=lambda: last, zone=local)
        assert_cut(parts, window)
        assert len(parts) <= max(1, most)
        for part in parts[1:]:
            before, after = (
                datetime.fromtimestamp(part.start + step, timezone.utc).astimezone(local) for step in (-1, 0)
            )
            assert before.date() < after.date()

    def test_are_none_of_light_work(self) -> None:
        window = Window(0, 1_000 * DAY)

        def latest() -> int:
            raise AssertionError("a light window costs no request for its end")

        assert heavy_parts(window, 19 * SEARCH_PAGE, reading(), 50, first=0, latest=latest, zone=timezone.utc) == [
            window
        ]

    def test_ask_for_the_end_only_where_many_parts_might_be_empty(self) -> None:
        asked: list[int] = []

        def latest() -> int:
            asked.append(1)
            return 100 * DAY

        window = Window(0, 1_000 * DAY - 1)
        few = heavy_parts(window, 89 * SEARCH_PAGE, reading(), 50, first=0, latest=latest, zone=timezone.utc)
        assert (len(few), asked) == (8, [])
        many = heavy_parts(window, 990 * SEARCH_PAGE, reading(), 50, first=0, latest=latest, zone=timezone.utc)
        assert asked == [1]
        assert max(part.start for part in many) <= 100 * DAY
        assert_cut(many, window)

    def test_begin_where_the_records_begin(self) -> None:
        window = Window(0, 100 * DAY - 1)
        parts = heavy_parts(
            window, 40 * SEARCH_PAGE, reading(), 50, first=90 * DAY, latest=lambda: 0, zone=timezone.utc
        )
        assert [part.start // DAY for part in parts] == [0, 93, 95, 98]


class TestCrowdedSlices:
    LIFE = Window(BEGIN - 2_000 * DAY, BEGIN)

    @settings(max_examples=200)
    @given(
        bounds=st.none() | st.tuples(moments, moments),
        birth=moments,
        total=totals,
        workers=st.integers(1, 100),
        most=st.integers(0, 64),
        zone=st.sampled_from(ZONES),
    )
    def test_are_all_times_that_a_record_can_have(
        self, bounds: tuple[int, int] | None, birth: int, total: int, workers: int, most: int, zone: str
    ) -> None:
        part = Window(min(bounds), max(bounds)) if bounds else None
        slices = crowded_slices(part, total, reading(most), workers, life=Window(birth, BEGIN), zone=ZoneInfo(zone))
        assert len(slices) != 1, "one slice is no slicing"
        assert len(slices) <= most
        if slices:
            assert_cut(slices, part or Window(0, BEGIN + FAR_AHEAD))

    def test_of_a_slice_that_is_still_crowded_are_its_days(self) -> None:
        part = Window(self.LIFE.start, self.LIFE.start + 10 * DAY)
        slices = crowded_slices(part, 100 * SEARCH_PAGE, reading(), 50, life=self.LIFE, zone=timezone.utc)
        assert 2 <= len(slices) <= 10
        assert_cut(slices, part)

    @pytest.mark.parametrize("birth", [BEGIN, BEGIN - 60, BEGIN + DAY])
    def test_are_none_in_a_workspace_of_one_day(self, birth: int) -> None:
        assert (
            crowded_slices(None, 400 * SEARCH_PAGE, reading(), 50, life=Window(birth, BEGIN), zone=timezone.utc) == []
        )

    def test_are_none_of_light_work(self) -> None:
        assert crowded_slices(None, 19 * SEARCH_PAGE, reading(), 50, life=self.LIFE, zone=timezone.utc) == []
