"""What a search gave is held against what Intercom announced: a shortage is never taken for a short window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from search_driver import (
    AGO,
    BEGIN,
    BIRTH,
    Answering,
    Resumed,
    calls,
    given_until,
    ids_of,
    made,
    make_pages_small,
    server_of,
    things,
)
from stream_fakes import FakeReading, Json

from source_intercom.api.errors import RequestRefused
from source_intercom.shapes import search
from source_intercom.shapes.base import Sync
from source_intercom.shapes.reading import Sliced
from source_intercom.shapes.totals import Incomplete
from source_intercom.sync.windows import DAY, HOUR, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
DAYS = Window(AGO - AGO % DAY, AGO - AGO % DAY + 3 * DAY - 1)
HOURS = Window(AGO, AGO + 4 * HOUR)
BOTH = pytest.mark.parametrize("window", [DAYS, HOURS], ids=["oldest first", "newest first"])
NUMBERS = [f"{number:03}" for number in range(10)]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def ten(window: Window) -> list[Json]:
    return things(*(window.start + 600 * number for number in range(10)))


def hiding(records: list[Json], name: str, *, searches: int = 1_000) -> Answering:
    """A server that announces all records and leaves one out, in the first searches or in all."""
    server = server_of(records)
    begun: list[Json] = []

    def answer(body: Json) -> Json:
        if "starting_after" not in body["pagination"] and body["pagination"]["per_page"] > 1:
            begun.append(body)
        found = server(body)
        if len(begun) <= searches:
            found["things"] = [record for record in found["things"] if record["id"] != name]
        return found

    return answer


class TestAShortWindow:
    @BOTH
    def test_is_asked_for_once_more(self, window: Window, new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), hiding(ten(window), "004", searches=1))
        reading = FakeReading()
        given = ids_of(stream, window, reading)
        assert sorted(given) == NUMBERS, "and what came the first time is not given again"
        assert reading.short == []
        begin, end = (datetime.fromtimestamp(one, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") for one in window)
        assert f"Intercom announces 10 records between {begin} and {end} and gave 9." in caplog.text

    @BOTH
    @pytest.mark.parametrize("text", [False, True])
    def test_whose_second_page_never_comes_is_read_in_smaller_searches(
        self, window: Window, text: bool, new_sync: NewSync
    ) -> None:
        records = [
            {**record, "created_at": BIRTH + at * (BEGIN - BIRTH) // 10} for at, record in enumerate(ten(window))
        ]
        server = server_of(records)

        def answer(body: Json) -> Json:
            found = server(body)
            found["pages"].pop("next", None)
            return {**found, "total_count": str(found["total_count"]) if text else found["total_count"]}

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), answer)
        assert sorted(ids_of(stream, window)) == NUMBERS

    @pytest.mark.complaint(65)
    @BOTH
    def test_twice_in_a_row_is_incomplete(self, window: Window, new_sync: NewSync) -> None:
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), hiding(ten(window), "004"))
        reading = FakeReading()
        given, error = given_until(stream, window, reading)
        assert sorted(given) == [name for name in NUMBERS if name != "004"]
        assert isinstance(error, Incomplete)
        assert error.final is False, "the other windows can be read"
        assert reading.short == [1]
        message = str(error.message)
        assert "announces 10 things" in message
        assert "gives only 9" in message

    def test_is_none_that_gave_more_than_was_announced(self, new_sync: NewSync) -> None:
        """Records come while a window is read."""
        server = server_of(ten(DAYS))
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), lambda body: server(body) | {"total_count": 4})
        assert sorted(ids_of(stream, DAYS)) == NUMBERS
        assert len(calls(stream)) == 4

    def test_goes_by_the_last_total(self, new_sync: NewSync) -> None:
        """What left the window while it was read is not missing."""
        server = server_of(ten(DAYS))

        def shrinking(body: Json) -> Json:
            found = server(body)
            server.records = [record for record in server.records if record["id"] != "009"]
            return found

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), shrinking)
        assert sorted(ids_of(stream, DAYS)) == NUMBERS[:9]
        assert len(calls(stream)) == 3

    @pytest.mark.parametrize("total", [None, 0])
    def test_is_not_known_without_a_total(self, total: Any, new_sync: NewSync) -> None:
        server = hiding(ten(DAYS), "004")
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), lambda body: server(body) | {"total_count": total})
        assert len(ids_of(stream, DAYS)) == 9

    def test_counts_records_once(self, new_sync: NewSync) -> None:
        """A record that comes on two pages hides none that does not come."""
        server = hiding(ten(DAYS), "004")

        def twice(body: Json) -> Json:
            found = server(body)
            found["things"] += [dict(record) for record in found["things"][:1]]
            return found

        given, error = given_until(made(new_sync(begin=BEGIN, birth=BIRTH), twice), DAYS, FakeReading())
        assert len(given) == len(set(given)) == 9
        assert isinstance(error, Incomplete)

    def test_is_not_a_window_whose_reader_stopped_behind_it(self, new_sync: NewSync) -> None:
        """Newest first, a reader stops where the window starts, with most of the day's records unread."""
        records = things(*(HOURS.start - 60 * number for number in range(40)), HOURS.end)
        sync = new_sync(begin=BEGIN, birth=BIRTH)
        stream = made(sync, server_of(records, zone=sync.zone))
        assert sorted(ids_of(stream, HOURS)) == ["000", "040"]

    def test_is_found_behind_a_refused_cursor_too(self, new_sync: NewSync) -> None:
        """Whoever goes on from the middle counts the whole window, not what is left of it."""
        server = hiding(ten(DAYS), "001")
        # Refused once, a cursor is asked for once more.
        refusals = [RequestRefused("no such cursor", "HTTP 400")] * 2

        def refusing(body: Json) -> Json:
            if "starting_after" in body["pagination"] and refusals:
                raise refusals.pop()
            return server(body)

        reading = FakeReading()
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing)
        given, error = given_until(stream, DAYS, reading)
        assert sorted(given) == [name for name in NUMBERS if name != "001"]
        assert isinstance(error, Incomplete)
        assert reading.short == [1]


@pytest.fixture(params=[1_000, 1], ids=["no checkpoint before", "checkpoints before"])
def checkpoints(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing may be missing before a checkpoint of its own window."""
    monkeypatch.setattr(search, "_CHECKPOINT_PAGES", request.param)


@pytest.mark.usefixtures("checkpoints")
class TestABusyDay:
    """A search by days counts what changes after its sync began, at the end that was read first."""

    def test_is_not_short_of_what_comes_while_it_is_read(
        self, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        # The day began an hour before the window, and nothing changed in that hour.
        window = Window(BEGIN - BEGIN % DAY + HOUR, BEGIN)
        records = things(*(window.start + 600 * number for number in range(10)))
        server = server_of(records, zone=timezone.utc)

        def busy(body: Json) -> Json:
            answer = server(body)
            if "starting_after" not in body["pagination"]:
                # One comes that is new, and one that was to be read later moves behind the reader.
                number = len(server.records)
                server.records.append({**records[0], "id": f"{number:03}", "updated_at": BEGIN + number})
                server.records[12 - number] = {**records[12 - number], "updated_at": BEGIN + number}
            return answer

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), busy)
        given, error = given_until(stream, window, FakeReading())
        assert error is None
        assert "asked for once more." not in caplog.text, "the newest page has them"
        assert len(given) == len(set(given))


class TestSyncsInARow:
    """The state stays before a window that came short; the same shortage in the next sync is Intercom's truth."""

    def sync(self, new_sync: NewSync, server: Answering, state: Json | None = None, later: int = 0) -> Resumed:
        begin = BEGIN + later
        stream = made(new_sync(begin=begin, birth=BIRTH, start_date="2025-09-01"), server)
        return Resumed(stream, state=state).in_turns()

    def test_the_state_stays_and_tells_of_the_shortage(self, new_sync: NewSync) -> None:
        first = self.sync(new_sync, hiding(ten(DAYS), "004"))
        assert [type(error) for _, error in first.errors] == [Incomplete]
        moment = DAYS.start + 4 * 600
        state = first.last_state()
        assert state["updated_at"] < moment
        assert not any(part["start"] <= moment <= part["end"] for part in state.get("slices", ()))
        ((start, end, missing),) = state["short_windows"]
        assert start <= moment <= end
        assert missing == 1

    @pytest.mark.parametrize("later", [0, 60, HOUR, 2 * DAY])
    def test_the_same_shortage_again_is_said_and_the_state_goes_on(
        self, later: int, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = hiding(ten(DAYS), "004")
        first = self.sync(new_sync, server)
        caplog.clear()
        second = self.sync(new_sync, server, first.last_state(), later)
        assert second.errors == []
        assert second.last_state()["updated_at"] == BEGIN + later
        assert "than it gives, as it did in an earlier sync. Its total is taken to be wrong" in caplog.text
        assert sorted(second.ids()) == [name for name in NUMBERS if name != "004"], "and it is read once"
        # What is known to be short is forgotten when it lies behind: a third sync does not ask for it.
        third = self.sync(new_sync, server, second.last_state(), later + 60)
        assert (third.ids(), third.errors) == ([], [])

    def test_another_shortage_is_none_that_is_known(self, new_sync: NewSync) -> None:
        first = self.sync(new_sync, hiding(ten(DAYS), "004"))
        state = first.last_state()
        (short,) = state["short_windows"]
        second = self.sync(new_sync, hiding(ten(DAYS), "004"), {**state, "short_windows": [[*short[:2], 2]]})
        assert [type(error) for _, error in second.errors] == [Incomplete]
        assert second.last_state()["short_windows"] == [short]
        assert second.last_state()["updated_at"] < DAYS.start + 4 * 600


class TestAShortageThatHasGone:
    sync = TestSyncsInARow.sync

    def test_is_read_and_forgotten(self, new_sync: NewSync, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "_CHECKPOINT_PAGES", 1_000)
        first = self.sync(new_sync, hiding(ten(DAYS), "004"))
        second = self.sync(new_sync, server_of(ten(DAYS)), first.last_state(), HOUR)
        assert second.errors == []
        assert "004" in second.ids()
        assert second.last_state() == {"updated_at": BEGIN + HOUR, "read_from": second.last_state()["read_from"]}


class TestASlice:
    def test_tells_how_many_it_had(self, new_sync: NewSync) -> None:
        records = ten(HOURS)
        part = Window(0, sorted(record["created_at"] for record in records)[4])
        reading = FakeReading(part=part)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(records))
        assert len(ids_of(stream, HOURS, reading)) == 5
        assert reading.ended == [5]

    def test_that_ends_last_reads_the_window_in_one_row_where_the_sum_is_short(self, new_sync: NewSync) -> None:
        """A record that the search by the second time does not find is in no slice."""
        records = ten(HOURS)
        reading = FakeReading(part=Window(0, BIRTH))
        reading.sum_of_slices = Sliced(9, 10)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(records))
        assert set(ids_of(stream, HOURS, reading)) == set(NUMBERS)

    def test_does_not_where_the_window_has_become_smaller(self, new_sync: NewSync) -> None:
        reading = FakeReading(part=Window(0, BIRTH))
        reading.sum_of_slices = Sliced(10, 11)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server_of(ten(HOURS)))
        assert len(ids_of(stream, HOURS, reading)) == 1
        # The slice, and a request for the total.
        assert len(calls(stream)) == 2
