"""What changes while a search is read, and an index that learns of it late."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from search_driver import (
    AGO,
    BEGIN,
    BIRTH,
    BOTH,
    DAYS,
    NUMBERS,
    Resumed,
    Things,
    Watching,
    calls,
    ids_of,
    made,
    make_pages_small,
    read,
    server_of,
    spread,
    things,
)
from stream_fakes import FakeReading, Json

from source_intercom.shapes.base import Sync
from source_intercom.sync.windows import DAY, HOUR, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


class TestAnIndexThatLags:
    """A record that has just changed may show its new time while the search still sorts it by the old one."""

    @pytest.mark.complaint(19)
    @pytest.mark.parametrize("stale", [[2], [5], [7], [27], list(range(6, 15))], ids=str)
    @pytest.mark.parametrize("window_pages", [1_000, 3])
    def test_hides_nothing(
        self, stale: list[int], window_pages: int, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_pages_small(monkeypatch, window_pages=window_pages)
        server = server_of(things(*(DAYS.start + 8_000 * number for number in range(30))))

        def lagging(body: Json) -> Json:
            answer = server(body)
            for record in answer["things"]:
                if int(record["id"]) in stale:
                    record["updated_at"] = BEGIN - 60 - int(record["id"])
            return answer

        sync = new_sync(begin=BEGIN, birth=BIRTH, start_date="2025-09-01")
        for seed in range(3):
            sync_of = Resumed(made(sync, lagging)).in_turns(seed)
            assert sync_of.errors == []
            assert sorted(set(sync_of.ids())) == NUMBERS
            assert sync_of.last_state()["updated_at"] == BEGIN

    @pytest.mark.parametrize("count", [1, 30])
    def test_is_no_reason_to_give_the_newest_again_in_the_last_look(self, count: int, new_sync: NewSync) -> None:
        """The last look of a full refresh asks for whole days, and so finds the last hour again."""
        moments = [AGO, *range(BEGIN - count, BEGIN), BEGIN + 5]
        sync = new_sync(begin=BEGIN, birth=BIRTH)
        stream = made(sync, server_of(things(*moments), zone=sync.zone), full=True)
        assert Resumed(stream).in_turns().all_ids() == [f"{number:03}" for number in range(count + 2)]

    def test_moves_no_checkpoint(self, new_sync: NewSync) -> None:
        """Of the last hour no time says where a record stands."""
        moments = list(range(BEGIN - 2_000, BEGIN, 60))
        reading = Watching(moments)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(things(*moments)))
        assert len(read(stream, Window(BEGIN - HOUR + 1, BEGIN), reading)) == len(moments)
        assert reading.covered == []


@pytest.mark.complaint(12)
def test_a_record_that_changes_while_it_is_read_is_found_by_the_last_look(new_sync: NewSync) -> None:
    for seed in range(10):
        chance = random.Random(seed)
        server = server_of(things(*spread(DAYS)))

        def moving(body: Json, server: Any = server, chance: random.Random = chance) -> Json:
            answer = server(body)
            # The last look is the search that begins behind the moment the read began.
            if body["query"]["value"][-1]["value"] < BEGIN + DAY:
                chance.choice(server.records)["updated_at"] = BEGIN + 10
            return answer

        sync_of = Resumed(made(new_sync(begin=BEGIN, birth=BIRTH), moving, full=True)).in_turns(seed)
        assert {record["id"] for record in server.records} == set(sync_of.ids())


class TestFetchingAhead:
    WINDOW = Window(DAYS.start, DAYS.end)

    def test_the_next_page_is_on_its_way_while_rows_are_made(self, new_sync: NewSync) -> None:
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(things(*spread(DAYS, 9))))
        pages = stream.pages(DAYS, FakeReading(is_costly=True))
        for asked in (2, 3, 3):
            next(pages)
            deadline = time.monotonic() + 10
            while len(calls(stream)) < asked and time.monotonic() < deadline:
                time.sleep(0.001)
            assert len(calls(stream)) == asked
        assert list(pages) == []
        assert len(calls(stream)) == 3

    @BOTH
    def test_no_checkpoint_speaks_of_the_page_that_came_early(self, window: Window, new_sync: NewSync) -> None:
        moments = spread(window, 12)
        reading = Watching(moments, is_costly=True)
        assert len(read(made(new_sync(begin=BEGIN, birth=BIRTH), server_of(things(*moments))), window, reading)) == 12
        assert reading.covered


class Promised(Things):
    """A search that is documented to keep its order, as that of contacts is. Pages of three records prove little."""

    keeps_order = True


class TestAnUnfinishedDay:
    """A search that sees whole days gives an hourly sync all that changed since midnight."""

    MIDNIGHT = BEGIN - BEGIN % DAY

    def synced(self, new_sync: NewSync, gap: Window, moments: list[int], **options: Any) -> tuple[list[str], Any]:
        sync = new_sync(begin=gap.end, **{"birth": BIRTH, **options})
        stream = made(sync, server_of(things(*moments), zone=sync.zone), Promised)
        found = [name for window in stream.planner(gap) for name in ids_of(stream, window)]
        return found, stream

    def test_is_read_from_its_end(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 14 * HOUR, BEGIN)
        earlier = [self.MIDNIGHT + 60 * number for number in range(800)]
        found, stream = self.synced(new_sync, gap, [*earlier, gap.start, gap.start + 9, gap.end])
        assert sorted(found) == ["800", "801", "802"]
        # One page has them, the next tells that there are no more.
        assert len(calls(stream)) == len(calls(stream, "descending")) == 2

    def test_with_nothing_new_costs_a_call(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 14 * HOUR, BEGIN)
        found, stream = self.synced(new_sync, gap, [self.MIDNIGHT + 60 * number for number in range(600)])
        assert found == []
        assert len(calls(stream)) == 1

    def test_however_crowded_the_day_is(self, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch) -> None:
        make_pages_small(monkeypatch, window_pages=2)
        gap = Window(self.MIDNIGHT + 14 * HOUR, BEGIN)
        found, stream = self.synced(new_sync, gap, [*(self.MIDNIGHT + number for number in range(300)), gap.end - 9])
        assert found == ["300"]
        assert len(calls(stream)) == 1

    @pytest.mark.complaint(64)
    def test_and_of_the_days_that_follow(self, new_sync: NewSync) -> None:
        """After a pause of days the first of them is read from its end, the others as windows of their own."""
        gap = Window(self.MIDNIGHT - 5 * DAY + 20 * HOUR, BEGIN)
        moments = list(range(self.MIDNIGHT - 5 * DAY, gap.end, 1_500))
        found, stream = self.synced(new_sync, gap, moments)
        wanted = [moment for moment in moments if gap.holds(moment)]
        assert len(found) == len(set(found)) == len(wanted)
        assert len(calls(stream)) <= len(wanted) / 3 + 4

    @pytest.mark.parametrize("start", [MIDNIGHT, MIDNIGHT - 300 * DAY + 5 * HOUR])
    def test_but_not_where_it_makes_no_difference(self, start: int, new_sync: NewSync) -> None:
        _, stream = self.synced(new_sync, Window(start, BEGIN), [self.MIDNIGHT + 1])
        assert calls(stream, "descending") == []

    def test_nor_before_the_workspace_was_made(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 5 * HOUR, self.MIDNIGHT + 6 * HOUR)
        _, stream = self.synced(new_sync, gap, [self.MIDNIGHT + 1], birth=gap.start)
        assert calls(stream, "descending") == []
