"""A window that is read from both ends: nothing is lost between the readers, nothing is given or asked for twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airbyte_cdk.sources.types import Record as CdkRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, SearchServer, make_sync
from walk_driver import Read

from source_intercom.api import pages
from source_intercom.api.errors import AccessDenied, Unavailable
from source_intercom.shapes import ends, search
from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import Contacts, ContactTags
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.windows import DAY, HOUR, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
Answering = Callable[[Json], Json]
WINDOW = Window(0, 10_000)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, ends, search):
        monkeypatch.setattr(module, "SEARCH_PAGE", 3)


def records_at(*moments: int) -> list[Json]:
    return [{"id": f"{number:03}", "updated_at": moment} for number, moment in enumerate(moments)]


def tickets(sync: Sync, server: Answering) -> Any:
    stream = Tickets(sync)
    FakeIntercom().on("POST", Tickets.endpoint, server).attach(stream.client)
    return stream


def calls(stream: Any, order: str | None = None) -> list[Json]:
    intercom: FakeIntercom = stream.client.post.__self__
    return [call for call in intercom.asked(stream.endpoint) if order in (None, call["sort"]["order"])]


def read_whole(stream: Any, window: Window = WINDOW, seed: int = 0) -> Read:
    read = Read(stream, windows=[window], start=window.start, end=window.end).make_all()
    with pytest.MonkeyPatch.context() as patch:
        # In turns, in one thread: none can wait for another.
        patch.setattr(ends, "_PATIENCE", 0)
        return read.read_in_turns(random.Random(seed).randrange)


def given_ids(read: Read, stream: Any) -> list[str]:
    return sorted(read.ids(stream.name))


class TestCost:
    @settings(max_examples=50)
    @given(count=st.integers(0, 60), seed=st.integers(0, 1_000))
    def test_is_that_of_one_reader(self, count: int, seed: int) -> None:
        sync = make_sync()
        with pytest.MonkeyPatch.context() as patch:
            for module in (pages, ends, search):
                patch.setattr(module, "SEARCH_PAGE", 3)
            stream = tickets(sync, SearchServer("tickets", records_at(*range(100, 100 + count))))
            read = read_whole(stream, seed=seed)
        sync.transport.close()
        assert len(given_ids(read, stream)) == count
        # Readers must overlap by two records to know that nothing lies between them.
        too_tight = -count % 3 < 2 and count > 6
        assert len(calls(stream)) <= max(1, -(-count // 3)) + too_tight

    def test_is_that_of_one_reader_when_answers_take_their_time(self, new_sync: NewSync) -> None:
        server = SearchServer("tickets", records_at(*range(100, 131)))

        def slowly(body: Json) -> Json:
            time.sleep(0.01)
            return server(body)

        stream = tickets(new_sync(), slowly)
        reading = FakeReading()
        first = stream.pages(WINDOW, reading)
        rows = [row["id"] for row in next(first)]
        with ThreadPoolExecutor(2) as threads:
            pages = [threads.submit(list, each) for each in (first, reading.shared[0](FakeReading()))]
        rows += [row["id"] for each in pages for page in each.result() for row in page]
        assert sorted(rows) == [f"{number:03}" for number in range(31)]
        assert len(calls(stream)) == 11
        # Both have had their share.
        assert 3 <= len(calls(stream, "descending")) <= 8

    def test_two_pages_are_left_to_one_reader(self, new_sync: NewSync) -> None:
        stream = tickets(new_sync(), SearchServer("tickets", records_at(*range(100, 106))))
        read_whole(stream)
        assert calls(stream, "descending") == []

    def test_a_crowded_second_is_left_to_one_reader(self, new_sync: NewSync) -> None:
        stream = tickets(new_sync(), SearchServer("tickets", records_at(10, *[500] * 300, 900), mirrored=False))
        read = read_whole(stream)
        assert len(given_ids(read, stream)) == 302
        assert len(calls(stream, "descending")) <= 2

    def test_who_comes_late_asks_nothing(self, new_sync: NewSync) -> None:
        stream = tickets(new_sync(), SearchServer("tickets", records_at(*range(100, 112))))
        read = Read(stream, windows=[WINDOW], end=WINDOW.end).make_all()
        read.read_one()
        # The other one has yet to start, and must, before the window counts as read.
        assert read.states(stream.name) == []
        assert len(read.waiting) == 1
        read.read_one()
        assert calls(stream, "descending") == []
        assert read.states(stream.name)[-1] == {"updated_at": WINDOW.end}


class TestTrouble:
    def whole(self, new_sync: NewSync, trouble: Callable[[SearchServer, Json], Json], seed: int) -> tuple[Read, Any]:
        server = SearchServer("tickets", records_at(*range(100, 130)))
        stream = tickets(new_sync(), lambda body: trouble(server, body))
        return read_whole(stream, seed=seed), stream

    @pytest.mark.parametrize("seed", range(10))
    @pytest.mark.parametrize("error", [Unavailable("x"), AccessDenied("x")])
    @pytest.mark.parametrize("after", [0, 2])
    def test_of_the_second_reader_loses_nothing(
        self, after: int, error: Exception, seed: int, new_sync: NewSync
    ) -> None:
        asked: list[Json] = []

        def trouble(server: SearchServer, body: Json) -> Json:
            if body["sort"]["order"] == "descending":
                asked.append(body)
                if len(asked) > after:
                    raise error
            return server(body)

        read, stream = self.whole(new_sync, trouble, seed)
        assert given_ids(read, stream) == [f"{number:03}" for number in range(30)]
        assert read.errors == []
        assert read.states(stream.name)[-1] == {"updated_at": WINDOW.end}

    @pytest.mark.parametrize("seed", range(5))
    def test_a_server_that_knows_one_order_only(self, seed: int, new_sync: NewSync) -> None:
        def trouble(server: SearchServer, body: Json) -> Json:
            return server({**body, "sort": {**body["sort"], "order": "ascending"}})

        read, stream = self.whole(new_sync, trouble, seed)
        assert given_ids(read, stream) == [f"{number:03}" for number in range(30)]

    @pytest.mark.parametrize("seed", range(5))
    def test_a_server_that_knows_no_order(self, seed: int, new_sync: NewSync) -> None:
        moments = list(range(100, 130))
        random.Random(seed).shuffle(moments)
        records = records_at(*moments)

        def unsorted(body: Json) -> Json:
            start = int(body["pagination"].get("starting_after") or 0)
            following = {"next": {"starting_after": str(start + 3)}} if start + 3 < 30 else {}
            return {"tickets": records[start : start + 3], "pages": following, "total_count": 30}

        stream = tickets(new_sync(), unsorted)
        assert set(given_ids(read_whole(stream, seed=seed), stream)) == {f"{number:03}" for number in range(30)}

    @pytest.mark.parametrize("seed", range(10))
    @pytest.mark.parametrize("costly", [True, False])
    @pytest.mark.parametrize(("count", "bad"), [(5, 0), (5, 3), (30, 28)])
    def test_one_record_that_cannot_be_read_costs_itself_only(
        self,
        count: int,
        bad: int,
        costly: bool,
        seed: int,
        new_sync: NewSync,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Design rule 14: it is stepped over, and the window stays open for the next sync."""
        monkeypatch.setattr(Tickets, "is_costly", costly)
        records = records_at(*range(100, 100 + count))
        server = SearchServer("tickets", records)

        def trouble(body: Json) -> Json:
            answer = server(body)
            if any(record["id"] == f"{bad:03}" for record in answer["tickets"]):
                raise Unavailable("Intercom could not answer", "x")
            return answer

        stream = tickets(new_sync(), trouble)
        read = read_whole(stream, seed=seed)
        assert given_ids(read, stream) == [f"{number:03}" for number in range(count) if number != bad]
        assert [type(error) for _, error in read.errors] == [Unavailable]
        # Pages of three: the last one that was given ends before the record's page. Alone it has a size of its own.
        place = f"behind '{bad - 1:03}'" if bad else "at its beginning"
        assert f"there is a record {place} that Intercom cannot give" in caplog.text
        states = read.states(stream.name)
        assert not any(
            part["start"] <= 100 + bad <= part["end"] for state in states for part in state.get("slices", ())
        )
        assert all(state["updated_at"] < 100 + bad for state in states)

    def test_rows_that_cannot_be_made_leave_the_window_open_whoever_read_them(self, new_sync: NewSync) -> None:
        """The last reader closes the window; the other's failure must not be forgotten."""
        for unlucky in ("000", "029"):
            stream = tickets(new_sync(), SearchServer("tickets", records_at(*range(100, 130))))

            def rows(page: list[Json], _window: Window, unlucky: str = unlucky) -> Any:
                if any(record["id"] == unlucky for record in page):
                    raise Unavailable("x", "x")
                yield page

            stream.rows = rows
            for seed in range(10):
                read = read_whole(stream, seed=seed)
                assert [type(error) for _, error in read.errors] == [Unavailable]
                assert all(state.get("slices") or state["updated_at"] < 100 for state in read.states(stream.name))


def test_a_record_that_changes_while_it_is_read_is_found_by_the_sweep(new_sync: NewSync) -> None:
    for seed in range(30):
        chance = random.Random(seed)
        server = SearchServer("tickets", records_at(*range(100, 130)))

        def moving(body: Json, server: SearchServer = server, chance: random.Random = chance) -> Json:
            answer = server(body)
            # The sweep's search is the one that begins behind the moment the read began.
            if body["query"]["value"][0]["value"] < NOW:
                chance.choice(server.records)["updated_at"] = NOW + 10
            return answer

        stream = Tickets(new_sync(begin=NOW), full=True)
        FakeIntercom().on("POST", Tickets.endpoint, moving).attach(stream.client)
        read = read_whole(stream, Window(0, NOW), seed)
        assert {record["id"] for record in server.records} == set(read.ids(stream.name))


def test_it_is_waited_for_a_page_that_may_be_the_last_but_not_for_ever(
    new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "_PATIENCE", 0.1)
    server = SearchServer("tickets", records_at(*range(100, 108)))
    hangs, released = threading.Event(), threading.Event()

    def hanging(body: Json) -> Json:
        if body["sort"]["order"] == "descending":
            hangs.set()
            assert released.wait(30)
        return server(body)

    stream = tickets(new_sync(), hanging)
    reading = FakeReading()
    first = stream.pages(WINDOW, reading)
    rows = list(next(first))
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(list, reading.shared[0](FakeReading()))
        assert hangs.wait(30)
        rows += [row for page in first for row in page]
        released.set()
        rows += [row for page in second.result() for row in page]
    assert sorted(row["id"] for row in rows) == [f"{number:03}" for number in range(8)]


class TestAnIndexThatLags:
    """A record that has just changed may show its new time while the search still sorts it by the old one."""

    def lagging(self, stale: dict[int, int], count: int = 30) -> Answering:
        """A search that sorts by one time and shows another for the records whose numbers ``stale`` has."""
        server = SearchServer("tickets", records_at(*range(100, 100 + count)))

        def answer(body: Json) -> Json:
            page = server(body)
            for record in page["tickets"]:
                record["updated_at"] = stale.get(int(record["id"]), record["updated_at"])
            return page

        return answer

    @pytest.mark.parametrize("seed", range(10))
    @pytest.mark.parametrize("number", [2, 5, 7, 11, 14, 27])
    def test_hides_nothing_of_what_lies_between_the_readers(self, number: int, seed: int, new_sync: NewSync) -> None:
        window = Window(0, NOW)
        stream = tickets(new_sync(begin=NOW), self.lagging({number: NOW - 60}))
        read = read_whole(stream, window, seed)
        assert given_ids(read, stream) == [f"{each:03}" for each in range(30)]
        assert read.states(stream.name)[-1] == {"updated_at": NOW}

    @pytest.mark.parametrize("seed", range(5))
    def test_of_whole_pages_neither(self, seed: int, new_sync: NewSync) -> None:
        """A job that changes thousands every night: they stand together in the index, and show today's time."""
        stale = {number: NOW - 60 - number for number in range(6, 15)}
        stream = tickets(new_sync(begin=NOW), self.lagging(stale))
        assert given_ids(read_whole(stream, Window(0, NOW), seed), stream) == [f"{each:03}" for each in range(30)]

    @pytest.mark.parametrize("number", [1, 2, 20, 50])
    def test_hides_nothing_where_the_window_is_cut(
        self, number: int, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The window of its new time does not find it, and that of its old one must not leave it to the other."""
        monkeypatch.setattr(search, "_WINDOW_PAGES", 3)
        stream = tickets(new_sync(begin=NOW), self.lagging({number: NOW - 60}, count=60))
        read = read_whole(stream, Window(0, NOW))
        assert len([each for each in calls(stream) if "starting_after" not in each["pagination"]]) > 3
        assert given_ids(read, stream) == [f"{each:03}" for each in range(60)]

    @pytest.mark.parametrize("count", [1, 30])
    def test_is_no_reason_to_give_the_newest_again_in_the_sweep(self, count: int, new_sync: NewSync) -> None:
        """The sweep of a full refresh asks for whole days of contacts, and so finds the last hour again."""
        begin = NOW - NOW % DAY + 15 * HOUR
        stream = Contacts(new_sync(begin=begin), full=True)
        moments = [begin - 5 * DAY, *range(begin - count, begin)]
        server = SearchServer("data", records_at(*moments, begin + 5), zone=stream.sync.zone)
        FakeIntercom().on("POST", Contacts.endpoint, server).attach(stream.client)
        read = read_whole(stream, Window(0, begin))
        assert given_ids(read, stream) == [record["id"] for record in server.records]

    def test_who_comes_late_leaves_the_newest_to_the_first(self, new_sync: NewSync) -> None:
        moments = [*range(100, 104), *range(NOW - 400, NOW - 370)]
        stream = tickets(new_sync(begin=NOW), SearchServer("tickets", records_at(*moments)))
        reading = FakeReading()
        first = stream.pages(Window(0, NOW), reading)
        rows = [row["id"] for _ in range(5) for row in next(first)]
        assert list(reading.shared[0](FakeReading())) == []
        rows += [row["id"] for page in first for row in page]
        assert len(rows) == len(moments)
        assert calls(stream, "descending") == []

    @pytest.mark.parametrize("old", [4, 40])
    def test_what_changed_in_the_last_hour_is_left_to_one_reader(self, old: int, new_sync: NewSync) -> None:
        moments = [*range(100, 100 + old), *range(NOW - 400, NOW - 340)]
        server = SearchServer("tickets", records_at(*moments))

        def slowly(body: Json) -> Json:
            time.sleep(0.005)
            return server(body)

        stream = tickets(new_sync(begin=NOW), slowly)
        reading = FakeReading()
        first = stream.pages(Window(0, NOW), reading)
        rows = [row["id"] for row in next(first)]
        with ThreadPoolExecutor(2) as threads:
            pages = [threads.submit(list, each) for each in (first, reading.shared[0](FakeReading()))]
        rows += [row["id"] for each in pages for page in each.result() for row in page]
        assert sorted(rows) == [record["id"] for record in server.records]
        # Where no time tells who has read what, a page or two are asked for twice.
        assert len(calls(stream)) <= -(-len(moments) // 3) + 3


class TestFetchingAhead:
    def test_the_next_page_is_on_its_way_while_rows_are_made(
        self, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "_PAGES_FOR_TWO", 1_000)
        stream = tickets(new_sync(), SearchServer("tickets", records_at(*range(100, 109))))
        pages = stream.pages(WINDOW, FakeReading(is_costly=True))
        for asked in (2, 3, 3):
            next(pages)
            deadline = time.monotonic() + 10
            while len(calls(stream)) < asked and time.monotonic() < deadline:
                time.sleep(0.001)
            assert len(calls(stream)) == asked
        assert list(pages) == []
        assert len(calls(stream)) == 3

    def test_no_state_speaks_of_the_page_that_came_early(self, new_sync: NewSync) -> None:
        stream = tickets(new_sync(), SearchServer("tickets", records_at(*range(100, 109))))
        reading = FakeReading(is_costly=True)
        given: list[int] = []
        for page in stream.pages(WINDOW, reading):
            assert all(moment in given for part in reading.covered for moment in range(100, part.end + 1))
            given += [row["updated_at"] for row in page]
        assert reading.covered


class TestContactsOfAnUnfinishedDay:
    """Searches of contacts see whole days (notes §4.5), so an hourly sync sees all that changed since midnight."""

    MIDNIGHT = NOW - NOW % DAY

    def synced(self, new_sync: NewSync, gap: Window, moments: list[int], **options: Any) -> tuple[Read, Any]:
        stream = Contacts(new_sync(begin=gap.end, **options))
        server = SearchServer("data", records_at(*moments), zone=stream.sync.zone)
        FakeIntercom().on("POST", Contacts.endpoint, server).attach(stream.client)
        return read_whole(stream, gap), stream

    def test_is_read_from_its_end(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 15 * HOUR, self.MIDNIGHT + 16 * HOUR)
        earlier = [self.MIDNIGHT + 60 * number for number in range(600)]
        read, stream = self.synced(new_sync, gap, [*earlier, gap.start, gap.start + 9, gap.end])
        assert given_ids(read, stream) == ["600", "601", "602"]
        # One page has them, the next tells that there are no more.
        assert len(calls(stream)) == 2
        assert len(calls(stream, "descending")) == 2

    def test_with_nothing_new_costs_a_call(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 15 * HOUR, self.MIDNIGHT + 16 * HOUR)
        read, stream = self.synced(new_sync, gap, [self.MIDNIGHT + 60 * number for number in range(600)])
        assert given_ids(read, stream) == []
        assert len(calls(stream)) == 1
        assert read.states(stream.name)[-1] == {"updated_at": gap.end}

    def test_and_of_the_days_that_follow(self, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch) -> None:
        """After a pause of days the first of them is read from its end, the others as windows of their own."""
        monkeypatch.setattr(search, "_WINDOW_PAGES", 2)
        gap = Window(self.MIDNIGHT + 20 * HOUR, self.MIDNIGHT + 5 * DAY + 7 * HOUR)
        moments = list(range(self.MIDNIGHT, gap.end, 10 * 60))
        read, stream = self.synced(new_sync, gap, moments)
        wanted = [moment for moment in moments if gap.holds(moment)]
        assert len(given_ids(read, stream)) == len(set(given_ids(read, stream))) == len(wanted)
        # At most: a page too many at the start, at each midnight, and where two readers meet.
        assert len(calls(stream)) <= len(wanted) / 3 + 1 + 2 * 6

    @pytest.mark.parametrize("start", [MIDNIGHT, MIDNIGHT - 300 * DAY + 5 * HOUR])
    def test_but_not_where_it_makes_no_difference(self, start: int, new_sync: NewSync) -> None:
        gap = Window(start, self.MIDNIGHT + 16 * HOUR)
        _, stream = self.synced(new_sync, gap, [self.MIDNIGHT + 1])
        assert calls(stream, "descending") == []

    def test_nor_before_the_workspace_was_made(self, new_sync: NewSync) -> None:
        gap = Window(self.MIDNIGHT + 5 * HOUR, self.MIDNIGHT + 6 * HOUR)
        _, stream = self.synced(new_sync, gap, [self.MIDNIGHT + 1], birth=gap.start)
        assert calls(stream, "descending") == []


def test_both_readers_serve_all_streams_of_a_walk(new_sync: NewSync) -> None:
    records = [
        {"id": f"{number:03}", "updated_at": 100 + number, "tags": {"data": [{"id": "t"}]}} for number in range(30)
    ]
    sync = new_sync(begin=WINDOW.end)
    streams: list[Any] = [Contacts(sync), ContactTags(sync)]
    intercom = FakeIntercom().on("POST", Contacts.endpoint, SearchServer("data", records))
    for stream in streams:
        intercom.attach(stream.client)
    read = Read(*streams, windows=[WINDOW], end=WINDOW.end).make_all().read_in_turns(random.Random(1).randrange)
    assert given_ids(read, streams[0]) == [record["id"] for record in records]
    links = [item.data for item in read.out if isinstance(item, CdkRecord) and item.stream_name == "contact_tags"]
    assert sorted(link["contact_id"] for link in links) == [record["id"] for record in records]
    for stream in streams:
        assert read.states(stream.name)[-1] == {"updated_at": WINDOW.end}
