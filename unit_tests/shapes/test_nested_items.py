"""Rows that lie inside records, in whatever shape Intercom puts them there."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json

from source_intercom.api.errors import AccessDenied, IntercomError, NotOffered, RecordGone, TokenRejected, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.shapes.nested import Nested
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, NOW)


class Inner(Nested):
    parent = Tickets
    key = ("ticket_id", "id")
    nested = ("things", "data")
    parent_key = "ticket_id"
    parent_time = "ticket_updated_at"
    complete = "/tickets/{id}/things"
    complete_key = "things"


class Asking(Inner):
    asks_when_absent = True


def made(new_sync: NewSync, kind: type[Inner] = Inner) -> tuple[Inner, FakeIntercom]:
    stream = kind(new_sync())
    return stream, FakeIntercom().attach(stream.client)


def rows(stream: Inner, *tickets: Json) -> list[Json]:
    return [row for page in stream.rows(list(tickets), WINDOW) for row in page]


def ticket(number: str, things: Any = ...) -> Json:
    return {"id": number, "updated_at": 5, **({} if things is ... else {"things": things})}


@pytest.mark.complaint(90)
@pytest.mark.parametrize(
    ("things", "found", "odd"),
    [
        pytest.param({"data": [{"id": "a"}, None, {"id": "b"}]}, ["a", "b"], 1, id="a null among them"),
        pytest.param({"data": ["text", 5, True, [{"id": "c"}]]}, [], 4, id="none that is an object"),
        pytest.param([{"id": "a"}, "text"], ["a"], 1, id="a list that stands alone"),
        pytest.param({"data": {"id": "a"}}, [], 1, id="an object where the list should be"),
        pytest.param({"data": "text"}, [], 1, id="text where the list should be"),
        pytest.param({"data": None}, [], 0, id="null where the list should be"),
        pytest.param(None, [], 0, id="null"),
        pytest.param("text", [], 1, id="text"),
        pytest.param(5, [], 1, id="a number"),
        pytest.param({}, [], 0, id="nothing in it"),
        pytest.param(..., [], 0, id="nothing"),
    ],
)
def test_odd_items_are_counted_and_hide_no_others(things: Any, found: list[str], odd: int, new_sync: NewSync) -> None:
    stream, _ = made(new_sync)
    given = rows(stream, ticket("1", things), ticket("2", {"data": [{"id": "z"}]}))
    assert [row["id"] for row in given] == [*found, "z"]
    assert stream.client.tally.odd == odd


def test_of_a_list_that_was_completed_odd_items_are_counted_too(new_sync: NewSync) -> None:
    stream, intercom = made(new_sync)
    intercom.on("GET", "/tickets/1/things", {"things": [{"id": "a"}, None, {"id": "b"}]})
    assert [row["id"] for row in rows(stream, ticket("1", {"data": [], "has_more": True}))] == ["a", "b"]
    assert stream.client.tally.odd == 1


def test_the_page_of_all_stays_as_it_was(new_sync: NewSync) -> None:
    """Other streams are made from it too."""
    stream, intercom = made(new_sync)
    intercom.on("GET", "/tickets/2/things", {"things": [{"id": "a"}]})
    page = [ticket("1", {"data": [{"id": "a", "deep": {"x": 1}}]}), ticket("2", {"data": [], "has_more": True})]
    before = deepcopy(page)
    for row in rows(stream, *page):
        row["ticket_id"] = row["id"] = "changed"
    assert page == before


class TestAListThatNoRecordOfAPageShows:
    """A field may be absent because the version does not give it, or because there is nothing in it."""

    @pytest.mark.complaint(72)
    def test_is_asked_for_record_by_record(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync, Asking)
        for number in "12":
            intercom.on("GET", f"/tickets/{number}/things", {"things": [{"id": f"of {number}"}]})
        assert [row["id"] for row in rows(stream, ticket("1"), ticket("2"))] == ["of 1", "of 2"]

    @pytest.mark.parametrize("shown", [None, {}, {"data": []}])
    def test_is_not_when_one_record_shows_it(self, shown: Any, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync, Asking)
        assert rows(stream, ticket("1"), ticket("2", shown)) == []
        assert intercom.calls == []

    def test_is_none_where_the_stream_does_not_ask(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync)
        assert rows(stream, ticket("1"), ticket("2")) == []
        assert intercom.calls == []


CUT = {"data": [{"id": "a"}], "has_more": True}


class TestACompleteListThatIsNotFound:
    def test_leaves_what_the_record_shows(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync)
        intercom.on("GET", "/tickets/1/things", RecordGone("gone")).on("GET", "/tickets/1", RecordGone("gone"))
        assert [row["id"] for row in rows(stream, ticket("1", CUT))] == ["a"]
        assert stream.client.tally.gone == 1

    def test_of_all_records_though_they_are_there_is_not_offered(self, new_sync: NewSync) -> None:
        stream, intercom = made(new_sync)
        for number in "123":
            intercom.on("GET", f"/tickets/{number}/things", RecordGone("gone"))
        intercom.on("GET", "/tickets/1", {"id": "1"})
        with pytest.raises(NotOffered, match="does not offer /tickets/"):
            rows(stream, *(ticket(number, CUT) for number in "123"))


class TestACompleteListThatIsRefused:
    def read(
        self, new_sync: NewSync, answers: dict[str, Json | IntercomError]
    ) -> tuple[list[Json], IntercomError | None]:
        stream, intercom = made(new_sync)
        for number, answer in answers.items():
            intercom.on("GET", f"/tickets/{number}/things", answer)
        tickets = [*(ticket(number, CUT) for number in answers), ticket("9", {"data": [{"id": "z"}]})]
        given: list[Json] = []
        try:
            for page in stream.rows(tickets, WINDOW):
                given += page
        except IntercomError as error:
            return given, error
        return given, None

    @pytest.mark.parametrize("refusal", [AccessDenied("no"), Unavailable("no answer")])
    def test_of_one_record_costs_no_other(self, refusal: IntercomError, new_sync: NewSync) -> None:
        whole = {"things": [{"id": "a"}, {"id": "b"}]}
        given, error = self.read(new_sync, {"1": whole, "2": refusal, "3": whole})
        assert [(row["ticket_id"], row["id"]) for row in given] == [
            *[("1", "a"), ("1", "b")],
            # Nothing of 2: what it shows is not all, and would look as if the rest had been taken away.
            *[("3", "a"), ("3", "b")],
            ("9", "z"),
        ]
        assert isinstance(error, Unavailable)
        assert error.message.startswith("Intercom did not give the inner of 1 record: 2. All others were read")

    def test_of_all_records_is_the_refusal_of_the_stream(self, new_sync: NewSync) -> None:
        given, error = self.read(new_sync, dict.fromkeys("123", AccessDenied("no")))
        assert [row["id"] for row in given] == ["z"]
        assert isinstance(error, AccessDenied)

    def test_that_is_about_no_one_record_ends_the_stream_at_once(self, new_sync: NewSync) -> None:
        _, error = self.read(new_sync, {"1": TokenRejected("bad")})
        assert isinstance(error, TokenRejected)
