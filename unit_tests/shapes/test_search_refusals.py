"""Cursors and filters that Intercom refuses: the read goes on without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from search_driver import (
    AGO,
    BEGIN,
    BIRTH,
    Answering,
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

from source_intercom.api.errors import CursorRefused, RequestRefused
from source_intercom.api.queries import equals
from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import Contacts
from source_intercom.streams.conversations import Conversations
from source_intercom.sync.windows import DAY, HOUR, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
DAYS = Window(AGO - AGO % DAY, AGO - AGO % DAY + 3 * DAY - 1)
HOURS = Window(AGO, AGO + 4 * HOUR)
BOTH = pytest.mark.parametrize("window", [DAYS, HOURS], ids=["oldest first", "newest first"])


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    make_pages_small(monkeypatch)


def refusing(server: Answering, refuses: Callable[[int], bool]) -> Answering:
    """A server that does not take its own cursors; ``refuses`` is asked with the number of each that comes."""
    cursors: list[str] = []

    def answer(body: Json) -> Json:
        if cursor := body["pagination"].get("starting_after"):
            cursors.append(cursor)
            if refuses(len(cursors)):
                raise RequestRefused("no such cursor", "POST: HTTP 400, server_error")
        return server(body)

    return answer


class TestACursorThatIsRefused:
    @BOTH
    @pytest.mark.parametrize(
        "refuses",
        [
            pytest.param(lambda number: number == 1, id="the first"),
            pytest.param(lambda number: number == 5, id="one"),
            pytest.param(lambda number: number % 2 == 0, id="every other"),
            pytest.param(lambda _number: True, id="each"),
        ],
    )
    def test_costs_no_record_and_gives_none_twice(
        self, refuses: Callable[[int], bool], window: Window, new_sync: NewSync
    ) -> None:
        records = things(*(window.start + 300 * number for number in range(20)))
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), refuses))
        assert sorted(ids_of(stream, window)) == [f"{number:03}" for number in range(20)]

    @pytest.mark.complaint(83)
    def test_is_followed_by_a_search_from_the_last_time_reached(self, new_sync: NewSync) -> None:
        records = things(*(DAYS.start + 300 * number for number in range(20)))
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), lambda number: number in (2, 3)))
        ids_of(stream, DAYS)
        begun = [body["query"] for body in calls(stream) if "starting_after" not in body["pagination"]]
        lower = [query["value"][0]["value"][0]["value"] for query in begun if query["operator"] == "OR"]
        # Two pages of three had come: the sixth record's second may go on.
        assert lower[:2] == [DAYS.start, DAYS.start + 300 * 5]

    @BOTH
    def test_of_many_records_of_one_second_costs_none(self, window: Window, new_sync: NewSync) -> None:
        """From the last time reached the same page would come again, so the second time tells them apart."""
        records = things(*[window.start + 60] * 20)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), lambda _number: True))
        assert sorted(ids_of(stream, window)) == [f"{number:03}" for number in range(20)]

    @pytest.mark.parametrize("part", [Window(0, BIRTH + 150 * DAY), Window(BIRTH + 150 * DAY + 1, BEGIN)])
    def test_gives_no_more_than_the_slice_that_was_asked_for(self, part: Window, new_sync: NewSync) -> None:
        records = things(*[DAYS.start + 60] * 20)
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), lambda _number: True))
        reading = FakeReading()
        reading.slice = part
        expected = [record["id"] for record in records if part.holds(record["created_at"])]
        assert 0 < len(expected) < 20
        assert sorted(ids_of(stream, DAYS, reading)) == expected

    @BOTH
    def test_ends_the_window_where_nothing_tells_the_records_apart(self, window: Window, new_sync: NewSync) -> None:
        """More records than a page has, changed in one second and made on one day."""
        records = [{**record, "created_at": BIRTH + DAY} for record in things(*[window.start + 60] * 20)]
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), lambda _number: True))
        given, error = given_until(stream, window, FakeReading())
        assert isinstance(error, CursorRefused)
        assert error.final is False
        assert len(set(given)) == len(given) == 3
        # Two requests more each time that the days are halved.
        assert len(calls(stream)) <= 100

    def test_tries_are_counted_anew_after_progress(self, new_sync: NewSync) -> None:
        records = things(*(DAYS.start + 300 * number for number in range(60)))
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refusing(server_of(records), lambda _number: True))
        assert len(ids_of(stream, DAYS)) == 60

    def test_of_a_search_in_several_parts_costs_no_record(self, new_sync: NewSync) -> None:
        """More filters than one search takes: each of the searches that they become goes on by itself."""
        admins = [str(number) for number in range(1, 17)]
        records = [
            {**record, "admin_assignee_id": 1 + number % 16}
            for number, record in enumerate(things(*(DAYS.start + 300 * number for number in range(64))))
        ]
        sync = new_sync(
            begin=BEGIN, birth=BIRTH, filters={"conversations": {"assignee": "admins", "admin_ids": admins}}
        )
        server = server_of(records)

        def answer(body: Json) -> Json:
            found = server(body)
            return {**found, "conversations": found.pop("things")}

        stream = made(sync, refusing(answer, lambda number: number % 3 == 0), Conversations)
        assert sorted(ids_of(stream, DAYS)) == [f"{number:03}" for number in range(64)]


class TestFiltersThatAreRefused:
    def conversations(self, new_sync: NewSync, *, refuses: Callable[[Json], bool]) -> Any:
        records = [
            {**record, "state": state}
            for record, state in zip(
                things(*(DAYS.start + 300 * number for number in range(12))),
                ["open", "closed", "snoozed"] * 4,
                strict=True,
            )
        ]
        server = server_of(records)

        def answer(body: Json) -> Json:
            if refuses(body):
                raise RequestRefused("no such field", "POST /conversations/search: HTTP 400")
            found = server(body)
            return {**found, "conversations": found.pop("things")}

        sync = new_sync(begin=BEGIN, birth=BIRTH, filters={"conversations": {"states": ["open", "closed"]}})
        return made(sync, answer, Conversations)

    @pytest.mark.complaint(88)
    def test_are_applied_here(self, new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
        stream = self.conversations(new_sync, refuses=lambda body: "'state'" in str(body))
        assert sorted(ids_of(stream, DAYS)) == [f"{number:03}" for number in range(12) if number % 3 < 2]
        assert "refuses the filters of the options, so they are applied here" in caplog.text

    def test_are_asked_for_where_they_are_taken(self, new_sync: NewSync) -> None:
        stream = self.conversations(new_sync, refuses=lambda _body: False)
        assert len(ids_of(stream, DAYS)) == 8
        assert all("'state'" in str(body) for body in calls(stream))

    def test_are_not_blamed_for_a_search_that_is_refused_without_them_too(self, new_sync: NewSync) -> None:
        stream = self.conversations(new_sync, refuses=lambda _body: True)
        with pytest.raises(RequestRefused):
            ids_of(stream, DAYS)
        assert len(calls(stream)) == 2

    @pytest.mark.parametrize(
        "filters",
        [{"roles": ["lead"]}, {"emails": ["A1@b.example", "a4@b.example"]}, {"roles": ["lead"], "ids": ["001", "004"]}],
    )
    def test_of_contacts_are_applied_here_where_a_record_tells(self, filters: Json, new_sync: NewSync) -> None:
        records = [
            {**record, "role": ["user", "lead", "user"][number % 3], "email": f"a{number}@b.example"}
            for number, record in enumerate(things(*(DAYS.start + 300 * number for number in range(12))))
        ]
        server = server_of(records)

        def answer(body: Json) -> Json:
            if "role" in str(body) or "email" in str(body):
                raise RequestRefused("no such field", "POST /contacts/search: HTTP 400")
            found = server(body)
            return {**found, "data": found.pop("things")}

        sync = new_sync(begin=BEGIN, birth=BIRTH, filters={"contacts": filters})
        stream = made(sync, answer, Contacts)
        for record in records:
            stream.client.get.__self__.on("GET", f"/contacts/{record['id']}", record)
        expected = [
            record["id"]
            for record in records
            if record["role"] in filters.get("roles", ("user", "lead"))
            and record["id"] in filters.get("ids", record["id"])
            and record["email"].lower() in str(filters.get("emails", record["email"])).lower()
        ]
        assert 0 < len(expected) < 12
        assert sorted(ids_of(stream, DAYS)) == expected

    def test_that_only_a_search_can_apply_end_the_stream(self, new_sync: NewSync) -> None:
        """Who is in a segment is not written in a contact: without the filter there would be too many."""
        sync = new_sync(begin=BEGIN, birth=BIRTH, filters={"contacts": {"segment_ids": ["s"]}})

        def refused(_body: Json) -> Json:
            raise RequestRefused("no such field", "HTTP 400")

        stream = made(sync, refused, Contacts)
        with pytest.raises(RequestRefused):
            ids_of(stream, DAYS)
        assert len(calls(stream)) == 1

    def test_that_a_stream_cannot_check_itself_end_it(self, new_sync: NewSync) -> None:
        """Unless a stream says that it can tell from a record, nothing that its search refuses is left away."""

        class Chosen(Things):
            choices = [[equals("state", "open")]]  # noqa: RUF012

        def refused(_body: Json) -> Json:
            raise RequestRefused("no such field", "HTTP 400")

        stream = made(new_sync(begin=BEGIN, birth=BIRTH), refused, Chosen)
        with pytest.raises(RequestRefused):
            ids_of(stream, DAYS)
        assert len(calls(stream)) == 1
