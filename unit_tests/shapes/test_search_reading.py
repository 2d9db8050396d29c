"""One reader a window: what it makes of servers that sort wrongly, fail at a record, or lag behind."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from search_driver import (
    BEGIN,
    BIRTH,
    BOTH,
    DAYS,
    HOURS,
    NUMBERS,
    Answering,
    Resumed,
    Things,
    Watching,
    calls,
    given_until,
    ids_of,
    made,
    make_pages_small,
    read,
    server_of,
    spread,
    things,
)
from stream_fakes import FakeReading, Json

from source_intercom.api.errors import RateLimited, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.sync.windows import Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


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


@BOTH
def test_what_is_no_object_is_counted_once(window: Window, new_sync: NewSync) -> None:
    server = server_of(things(*spread(window)))

    def odd(body: Json) -> Json:
        answer = server(body)
        return {**answer, "things": [*answer["things"], "text"]}

    stream = made(new_sync(), odd)
    assert sorted(ids_of(stream, window)) == NUMBERS
    assert stream.client.tally.odd == len(calls(stream))
