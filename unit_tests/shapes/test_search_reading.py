"""One reader a window: what it makes of servers that sort wrongly, fail at a record, or lag behind."""

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
    Answering,
    Resumed,
    Things,
    calls,
    given_until,
    ids_of,
    made,
    make_pages_small,
    server_of,
    things,
)
from stream_fakes import FakeReading, Json

from source_intercom.api.errors import RateLimited, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.sync.windows import DAY, HOUR, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
# Days of the past that begin at a midnight, and an hour that begins within a day: the one is read from its beginning,
# the other from its end.
DAYS = Window(AGO - AGO % DAY, AGO - AGO % DAY + 3 * DAY - 1)
HOURS = Window(AGO, AGO + 4 * HOUR)
BOTH = pytest.mark.parametrize("window", [DAYS, HOURS], ids=["oldest first", "newest first"])
NUMBERS = [f"{number:03}" for number in range(30)]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def spread(window: Window, count: int = 30) -> list[int]:
    """Moments in a window, some of them of one second."""
    step = (window.end - window.start) // count
    return [window.start + step * (number - number % 2) for number in range(count)]


class Watching(FakeReading):
    """Holds what is said to be given against what was."""

    def __init__(self, moments: list[int], **options: Any) -> None:
        super().__init__(**options)
        self._moments = moments
        self.given: list[int] = []

    def reached(self, part: Window) -> None:
        super().reached(part)
        assert sorted(m for m in self.given if part.holds(m)) == sorted(m for m in self._moments if part.holds(m))


def read(stream: Any, window: Window, reading: Watching) -> list[str]:
    given = []
    for page in stream.pages(window, reading):
        given += [record["id"] for record in page]
        reading.given += [record["updated_at"] for record in page]
    return given


class TestOrder:
    @BOTH
    def test_each_window_is_read_in_one_direction(self, window: Window, new_sync: NewSync) -> None:
        moments = spread(window)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(things(*moments)))
        reading = Watching(moments)
        assert sorted(read(stream, window, reading)) == NUMBERS
        assert {body["sort"]["order"] for body in calls(stream)} == {"descending" if window == HOURS else "ascending"}
        assert len(calls(stream)) == 10
        assert reading.covered, "a long window has checkpoints"

    @BOTH
    @pytest.mark.parametrize("order", ["ascending", "descending"])
    def test_a_server_that_knows_one_order_only_is_read_to_the_end(
        self, order: str, window: Window, new_sync: NewSync
    ) -> None:
        # Records on both sides of the window: a reader that trusted the order would stop at them.
        moments = [*spread(window), window.start - 5, window.start - 6, window.end + 5, window.end + 6]
        server = server_of(things(*moments))
        wide = {"operator": ">", "field": "updated_at", "value": 0}

        def answer(body: Json) -> Json:
            return server({**body, "query": wide, "sort": {**body["sort"], "order": order}})

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), answer)
        assert sorted(read(stream, window, Watching(moments[:30]))) == NUMBERS

    @BOTH
    @pytest.mark.parametrize("seed", range(3))
    def test_a_server_that_knows_no_order_is_read_to_the_end_and_believed_for_nothing(
        self, seed: int, window: Window, new_sync: NewSync
    ) -> None:
        moments = spread(window)
        records = things(*moments)
        random.Random(seed).shuffle(records)
        # The first page breaks both orders. Of one that is in order by chance nobody can tell more.
        records.sort(
            key=lambda record: ["010", "020", "000"].index(record["id"]) if record["id"] in ("010", "020", "000") else 3
        )

        def unsorted(body: Json) -> Json:
            start = int(body["pagination"].get("starting_after") or 0)
            following = {"next": {"starting_after": str(start + 3)}} if start + 3 < len(records) else {}
            return {"things": records[start : start + 3], "pages": following, "total_count": len(records)}

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), unsorted)
        reading = Watching(moments)
        assert sorted(read(stream, window, reading)) == NUMBERS

    def test_a_server_that_sorts_by_creation_is_read_to_the_end(self, new_sync: NewSync) -> None:
        # Nearly all are as they were made: page after page looks sorted by change, far beyond the window.
        records = [{**thing, "created_at": thing["updated_at"]} for thing in things(*spread(DAYS))]
        records[2]["updated_at"] = HOURS.end - 1
        day = {"operator": ">", "field": "created_at", "value": 0}
        server = server_of(records)

        def answer(body: Json) -> Json:
            return server({**body, "query": day, "sort": {**body["sort"], "field": "created_at"}})

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), answer)
        moments = [record["updated_at"] for record in records]
        assert "002" in read(stream, HOURS, Watching(moments))


def failing_at(server: Answering, *bad: str, error: Exception | None = None) -> Answering:
    """A server that can build no page with one of these records."""

    def answer(body: Json) -> Json:
        found = server(body)
        if any(record["id"] in bad for record in found["things"]):
            raise error or Unavailable("Intercom could not answer", "HTTP 504")
        return found

    return answer


class TestARecordThatIntercomCannotGive:
    @pytest.mark.complaint(40)
    @pytest.mark.parametrize(("count", "bad"), [(5, 0), (5, 3), (30, 12), (30, 29)])
    @pytest.mark.parametrize("costly", [True, False])
    def test_costs_itself_only_and_leaves_its_second_unread(
        self,
        count: int,
        bad: int,
        costly: bool,
        new_sync: NewSync,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What lies behind it is read newest first."""
        monkeypatch.setattr(Things, "is_costly", costly)
        moments = [DAYS.start + 100 * number for number in range(count)]
        sync = new_sync(begin=DAYS.end, birth=BIRTH, start_date="2025-09-01")
        server = failing_at(server_of(things(*moments)), f"{bad:03}")
        sync_of = Resumed(made(sync, server)).in_turns()
        assert sync_of.all_ids() == [f"{number:03}" for number in range(count) if number != bad]
        assert [type(error) for _, error in sync_of.errors] == [Unavailable]
        # Pages shrink down to the record itself, so the one before it was given.
        where = f"after record '{bad - 1:03}'" if bad else "at the beginning"
        assert f"there is a record {where} that Intercom cannot give" in caplog.text
        for state in sync_of.states():
            assert state["updated_at"] < moments[bad]
            assert not any(part["start"] <= moments[bad] <= part["end"] for part in state.get("slices", ()))

    def test_read_newest_first_it_ends_the_window_that_stays_unread(self, new_sync: NewSync) -> None:
        moments = spread(HOURS)
        reading = Watching(moments)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), failing_at(server_of(things(*moments)), "010"))
        with pytest.raises(Unavailable):
            read(stream, HOURS, reading)
        assert not any(part.holds(moments[10]) for part in reading.covered)
        assert calls(stream, "ascending") == []

    def test_two_of_them_hide_only_what_lies_between_them(self, new_sync: NewSync) -> None:
        moments = spread(DAYS)
        reading = Watching(moments)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), failing_at(server_of(things(*moments)), "010", "020"))
        with pytest.raises(Unavailable):
            read(stream, DAYS, reading)
        assert {moments.index(moment) // 2 for moment in reading.given} >= {0, 1, 2, 3, 4, 11, 12, 13, 14}

    def test_a_rate_limit_is_no_such_record(self, new_sync: NewSync) -> None:
        """The other end would be refused as well."""
        server = failing_at(server_of(things(*spread(DAYS))), "012", error=RateLimited("x", "HTTP 429"))
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server)
        with pytest.raises(RateLimited):
            ids_of(stream, DAYS)
        assert calls(stream, "descending") == []

    def test_what_was_given_before_it_is_not_read_once_more_from_the_other_end(self, new_sync: NewSync) -> None:
        """It may be a page that Intercom cannot give once, and can a moment later."""
        moments = [DAYS.start + 100 * number for number in range(30)]
        server = server_of(things(*moments))

        def answer(body: Json) -> Json:
            if body["sort"]["order"] == "ascending" and len(calls(stream, "ascending")) > 5:
                raise Unavailable("Intercom could not answer", "HTTP 504")
            return server(body)

        stream = made(new_sync(begin=DAYS.end, birth=BIRTH, start_date="2025-09-01"), answer)
        given, error = given_until(stream, DAYS, FakeReading())
        assert isinstance(error, Unavailable)
        assert sorted(given) == [f"{number:03}" for number in range(30)]
        # Ten pages, of which one at most is asked for from both sides.
        assert len(calls(stream, "descending")) <= 10 - 5 + 1


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


@BOTH
def test_what_is_no_object_is_counted_once(window: Window, new_sync: NewSync) -> None:
    server = server_of(things(*spread(window)))

    def odd(body: Json) -> Json:
        answer = server(body)
        return {**answer, "things": [*answer["things"], "text"]}

    stream = made(new_sync(), odd)
    assert sorted(ids_of(stream, window)) == NUMBERS
    assert stream.client.tally.odd == len(calls(stream))
