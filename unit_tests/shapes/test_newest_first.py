"""Lists that are said to be sorted newest first: believed only as far as they prove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_fakes import FakeIntercom, Json, make_sync, rows_of

from source_intercom.shapes.base import Sync
from source_intercom.shapes.lists import NewestFirstStream
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


class Newest(NewestFirstStream):
    endpoint = "/newest"
    permission = "Read new things"


class NewestOnly(Newest):
    """Its records have one time only, so that no other order can look the same."""

    other_order: ClassVar[str] = ""


def changed(*moments: int, created: list[int] | None = None) -> list[Json]:
    """Records that changed at these moments, made at those; by default whatever changed last was made first."""
    made = created or [-moment for moment in moments]
    return [
        {"id": f"{moment}-{number}", "updated_at": moment, "created_at": at}
        for number, (moment, at) in enumerate(zip(moments, made, strict=True))
    ]


def listed(*pages: list[Json]) -> FakeIntercom:
    intercom = FakeIntercom()
    for number, records in enumerate(pages):
        following = f"https://api.intercom.io/newest?page={number + 1}" if number + 1 < len(pages) else None
        path = f"/newest?page={number}" if number else "/newest"
        intercom.on("GET", path, {"data": records, "pages": {"next": following}})
    return intercom


def read(sync: Sync, intercom: FakeIntercom, kind: type[Newest] = Newest) -> tuple[list[int], int]:
    """The times of the rows, and how many pages they took."""
    stream = kind(sync)
    intercom.attach(stream.client)
    rows: list[Any] = list(rows_of(stream, WINDOW))
    return [row["updated_at"] for row in rows], len(intercom.calls)


class TestAListInOrder:
    def test_is_read_up_to_the_first_page_that_is_older_than_the_window(self, new_sync: NewSync) -> None:
        pages = [changed(2_500, 1_900), changed(1_500, 900), changed(800, 700), changed(600)]
        assert read(new_sync(), listed(*pages)) == ([1_900, 1_500], 3)

    def test_of_creation_looks_the_same_as_long_as_nothing_changes(self, new_sync: NewSync) -> None:
        """Sorted by the wrong time: what was made long ago and changed just now stands at the end."""
        first = changed(1_900, 1_500, created=[1_900, 1_500])
        second = changed(900, 800, created=[900, 800])
        last = changed(700, 1_800, created=[700, 5])
        assert read(new_sync(), listed(first, second, last)) == ([1_900, 1_500, 1_800], 3)

    def test_is_told_from_creation_by_two_neighbours_across_pages_too(self, new_sync: NewSync) -> None:
        first = changed(1_900, 1_500, created=[1_900, 1_500])
        # Made later than the one before it, and changed earlier.
        second = changed(900, 800, created=[1_600, 800])
        assert read(new_sync(), listed(first, second, changed(700))) == ([1_900, 1_500], 2)

    def test_of_records_with_one_time_only_needs_no_such_proof(self, new_sync: NewSync) -> None:
        pages = [changed(1_900, created=[1_900]), changed(900, created=[900]), changed(800, created=[800])]
        assert read(new_sync(), listed(*pages), NewestOnly) == ([1_900], 2)


class TestAListOutOfOrder:
    @pytest.mark.complaint(67)
    @pytest.mark.parametrize(
        "pages",
        [
            pytest.param([changed(1_500, 1_600), changed(900, 800), changed(1_700)], id="within a page"),
            pytest.param([changed(1_500, 1_400), changed(1_450), changed(900), changed(1_700)], id="across two pages"),
            pytest.param([changed(900, 950), changed(800), changed(1_700)], id="before the window"),
            pytest.param([changed(500, 600), changed(700, 1_700)], id="oldest first"),
        ],
    )
    def test_is_read_to_its_end(self, pages: list[list[Json]], new_sync: NewSync) -> None:
        found, calls = read(new_sync(), listed(*pages))
        assert 1_700 in found
        assert calls == len(pages)

    def test_one_record_of_the_window_keeps_a_page_from_being_the_last(self, new_sync: NewSync) -> None:
        pages = [changed(1_900, 1_800), changed(900, 800, 1_001), changed(1_100)]
        assert read(new_sync(), listed(*pages)) == ([1_900, 1_800, 1_001, 1_100], 3)

    def test_a_record_without_a_time_does_too(self, new_sync: NewSync) -> None:
        pages = [changed(1_900, 1_800), [*changed(900), {"id": "x", "updated_at": None}], changed(950)]
        found, calls = read(new_sync(), listed(*pages))
        assert (found, calls) == ([1_900, 1_800, None], 3)

    @pytest.mark.parametrize("odd", [None, "x", [], 7], ids=repr)
    @pytest.mark.parametrize("full", [False, True])
    def test_what_is_no_record_costs_no_other(self, odd: Any, full: bool, new_sync: NewSync) -> None:
        intercom = listed([*changed(1_900), odd], changed(1_500))
        stream = Newest(new_sync(begin=2_000), full=full)
        intercom.attach(stream.client)
        assert [row["updated_at"] for row in rows_of(stream, WINDOW)] == [1_900, 1_500]
        assert stream.client.tally.odd == 1

    def test_an_empty_page_is_not_the_end(self, new_sync: NewSync) -> None:
        assert read(new_sync(), listed(changed(1_900, 1_800), [], changed(1_500))) == ([1_900, 1_800, 1_500], 3)


class TestARecordThatChangesWhileTheListIsRead:
    """It moves to the front, behind the reader."""

    @staticmethod
    def moving(*, later: list[list[Json]]) -> FakeIntercom:
        """A list of two pages. When it is asked for once more, it has these."""
        intercom = FakeIntercom()
        first = [changed(1_900, 1_800), *later[:1]]
        following = {"pages": {"next": "https://api.intercom.io/newest?page=1"}}
        intercom.on("GET", "/newest", *({"data": page, **following} for page in first))
        intercom.on("GET", "/newest?page=1", *({"data": page} for page in [changed(1_500), *later[1:]]))
        return intercom

    def rows(self, stream: Newest, intercom: FakeIntercom) -> list[int]:
        intercom.attach(stream.client)
        rows: list[Any] = list(rows_of(stream, WINDOW))
        return [row["updated_at"] for row in rows]

    def test_comes_at_the_end_of_a_full_refresh(self, new_sync: NewSync) -> None:
        intercom = self.moving(later=[changed(2_000, 1_900)])
        assert self.rows(Newest(new_sync(begin=2_000), full=True), intercom) == [1_900, 1_800, 1_500, 2_000, 1_900]
        assert len(intercom.calls) == 3

    def test_comes_from_the_page_too_that_it_was_pushed_to(self, new_sync: NewSync) -> None:
        intercom = self.moving(later=[changed(2_004, 2_003), changed(2_002, 1_900)])
        found = self.rows(Newest(new_sync(begin=2_000), full=True), intercom)
        assert found == [1_900, 1_800, 1_500, 2_004, 2_003, 2_002, 1_900]
        assert len(intercom.calls) == 4

    def test_is_left_to_the_next_sync_by_an_incremental_one(self, new_sync: NewSync) -> None:
        intercom = self.moving(later=[changed(2_000, 1_900)])
        assert self.rows(Newest(new_sync(begin=2_000)), intercom) == [1_900, 1_800, 1_500]
        assert len(intercom.calls) == 2

    @pytest.mark.parametrize("kind", [Newest, NewestOnly])
    def test_is_not_looked_for_where_there_can_be_none(self, kind: type[Newest], new_sync: NewSync) -> None:
        """All in one page, or records that have no other time than that of their creation."""
        pages = [changed(1_900, 1_500)] if kind is Newest else [changed(1_900), changed(1_500)]
        intercom = listed(*pages)
        assert self.rows(kind(new_sync(begin=2_000), full=True), intercom) == [1_900, 1_500]
        assert len(intercom.calls) == len(pages)


def in_pages(records: list[Json], sizes: list[int]) -> list[list[Json]]:
    pages, start = [], 0
    for size in sizes:
        pages.append(records[start : start + size])
        start += size
    return [page for page in [*pages, records[start:]] if page] or [[]]


@given(
    times=st.lists(st.tuples(st.integers(500, 2_500), st.integers(500, 2_500)), max_size=30),
    sizes=st.lists(st.integers(1, 6), max_size=6),
    sorted_by=st.sampled_from(["updated_at", "created_at"]),
)
def test_sorted_by_either_time_no_record_of_the_window_is_left_out(
    times: list[tuple[int, int]], sizes: list[int], sorted_by: str
) -> None:
    records = [
        {"id": str(number), "updated_at": max(pair), "created_at": min(pair)} for number, pair in enumerate(times)
    ]
    records.sort(key=lambda record: int(str(record[sorted_by])), reverse=True)
    sync = make_sync()
    try:
        found, _ = read(sync, listed(*in_pages(records, sizes)))
    finally:
        sync.transport.close()
    assert sorted(found) == sorted(max(pair) for pair in times if WINDOW.holds(max(pair)))
