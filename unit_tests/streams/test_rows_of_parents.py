"""Rows inside the records of another stream, and rows that are asked for one of its records at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, Json, ids, made, page, rows_of

from source_intercom.api.errors import RecordGone, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.shapes.child import Child
from source_intercom.shapes.content_export import Exported
from source_intercom.shapes.nested import Nested
from source_intercom.streams import CATALOGUE, IntercomStream
from source_intercom.streams.contacts import ContactCompanies
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


# The rows of an export come from a file, and have no parent whose id could be missing.
OF_PARENTS = [stream for stream in CATALOGUE if stream.parent and not stream.comes_last]
OF_PARENTS = [stream for stream in OF_PARENTS if not issubclass(stream, Exported)]


@pytest.mark.parametrize("stream", OF_PARENTS, ids=lambda stream: stream.__name__)
def test_parents_that_are_no_records_are_counted(
    stream: type[IntercomStream], new_sync: NewSync, intercom: FakeIntercom
) -> None:
    """Of a parent without an id nothing can be asked, and its rows could be told apart from no other."""
    odd: list[Any] = [{}, {"id": None}, {"id": ""}, {"id": ["x"]}, None, "text"]
    it = made(stream, new_sync(), intercom)
    assert [row for rows in it.rows(odd, WINDOW) for row in rows] == []
    assert intercom.calls == []
    assert it.client.tally.odd == len(odd)


@pytest.mark.parametrize("stream", OF_PARENTS, ids=lambda stream: stream.__name__)
def test_rows_that_go_by_the_time_of_their_parent_tell_it(stream: type[IntercomStream]) -> None:
    """Destinations that keep one row a key keep the one with the greatest cursor."""
    told = stream().get_json_schema()["properties"].get(stream.cursor_time, {}).get("description", "")
    if stream.cursor_time.endswith("_updated_at") and "added by the connector" in told:
        assert getattr(stream, "parent_time", "") == stream.cursor_time


class Lying(Nested):
    parent = Tickets
    key = ("ticket_id", "id")
    nested = ("things", "data")
    parent_key = "ticket_id"
    parent_time = "ticket_updated_at"
    complete = "/tickets/{id}/things"
    complete_key = "things"


class TestNested:
    def rows(self, sync: Sync, intercom: FakeIntercom, *tickets: Json) -> list[Json]:
        intercom.on("POST", "/tickets/search", page("tickets", *tickets))
        return list(rows_of(made(Lying, sync, intercom), WINDOW))

    def ticket(self, number: str, things: Any) -> Json:
        return {"id": number, "updated_at": 1_500, "things": things}

    def test_are_the_rows_inside_with_id_and_time_of_their_record(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        tickets = [self.ticket("1", {"data": [{"id": "a"}, {"id": "b"}]}), self.ticket("2", {"data": [{"id": "a"}]})]
        of_1, of_2 = ({"ticket_id": number, "ticket_updated_at": 1_500} for number in "12")
        assert self.rows(new_sync(), intercom, *tickets) == [
            {"id": "a"} | of_1,
            {"id": "b"} | of_1,
            {"id": "a"} | of_2,
        ]
        assert len(intercom.calls) == 1

    def test_the_records_of_others_stay_as_they_are(self, new_sync: NewSync) -> None:
        ticket = self.ticket("1", {"data": [{"id": "a"}]})
        (rows,) = Lying(new_sync()).rows([ticket], WINDOW)
        assert len(rows) == 1
        assert ticket == self.ticket("1", {"data": [{"id": "a"}]})

    @pytest.mark.parametrize("things", [None, {}, {"data": None}, {"data": []}, [], "text", 5])
    def test_of_a_record_without_any_are_none(self, things: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
        assert self.rows(new_sync(), intercom, self.ticket("1", things)) == []

    def test_a_list_may_stand_alone(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        assert ids(self.rows(new_sync(), intercom, self.ticket("1", [{"id": "a"}]))) == ["a"]

    @pytest.mark.complaint(23, 61)
    def test_a_list_that_goes_on_is_completed(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/tickets/1/things", {"things": [{"id": number} for number in range(12)]})
        cut_off = {"data": [{"id": number} for number in range(10)], "has_more": True, "total_count": 12}
        tickets = [self.ticket("1", cut_off), self.ticket("2", {"data": [{"id": "x"}], "has_more": False})]
        assert ids(self.rows(new_sync(), intercom, *tickets)) == [*range(12), "x"]
        assert intercom.asked("/tickets/2/things") == []

    def test_one_that_is_gone_meanwhile_is_counted(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/tickets/1/things", RecordGone("gone")).on("GET", "/tickets/1", RecordGone("gone"))
        intercom.on("POST", "/tickets/search", page("tickets", self.ticket("1", {"data": [], "has_more": True})))
        stream = made(Lying, new_sync(), intercom)
        assert list(rows_of(stream, WINDOW)) == []
        assert stream.client.tally.gone == 1


class OneByOne(Child):
    parent = Tickets
    child = "/tickets/{id}/children"
    parent_key = "ticket_id"
    parent_time = "ticket_updated_at"


class TestChild:
    def stream(self, sync: Sync, intercom: FakeIntercom, *numbers: str) -> Any:
        found = [{"id": number, "updated_at": 1_500} for number in numbers]
        intercom.on("POST", "/tickets/search", page("tickets", *found))
        return made(OneByOne, sync, intercom)

    def test_are_asked_for_one_record_at_a_time(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        for number in "12":
            intercom.on("GET", f"/tickets/{number}/children", {"data": [{"id": f"{number}a"}]})
        assert list(rows_of(self.stream(new_sync(), intercom, "1", "2"), WINDOW)) == [
            {"id": "1a", "ticket_id": "1", "ticket_updated_at": 1_500},
            {"id": "2a", "ticket_id": "2", "ticket_updated_at": 1_500},
        ]

    def test_of_one_that_is_gone_are_none(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/tickets/1/children", RecordGone("gone")).on("GET", "/tickets/1", RecordGone("gone"))
        stream = self.stream(new_sync(), intercom, "1")
        assert list(rows_of(stream, WINDOW)) == []
        assert stream.client.tally.gone == 1

    def test_that_cannot_be_read_are_named_after_all_others(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/tickets/1/children", Unavailable("x"))
        intercom.on("GET", "/tickets/2/children", {"data": [{"id": "2a"}]})
        found: list[Any] = []
        with pytest.raises(Unavailable, match=r"of 1 record: 1\."):
            found.extend(iterated(rows_of(self.stream(new_sync(), intercom, "1", "2"), WINDOW), found))
        assert ids(found) == ["2a"]


def iterated(rows: Any, kept: list[Any]) -> list[Any]:
    for row in rows:
        kept.append(row)
    return []


def test_of_a_contacts_company_comes_the_link_only(new_sync: NewSync, intercom: FakeIntercom) -> None:
    """Their fields are in `companies`, and as rows of a contact that has not changed they would be old."""
    company = {"id": "c", "type": "company", "url": "/companies/c", "name": "Old name", "plan": {"id": "p"}}
    contact = {"id": "1", "updated_at": 1_500, "companies": {"data": [company, {"id": "d"}], "has_more": False}}
    intercom.on("POST", "/contacts/search", page("data", contact))
    of_1 = {"contact_id": "1", "contact_updated_at": 1_500}
    assert list(rows_of(made(ContactCompanies, new_sync(), intercom), WINDOW)) == [
        {"id": "c", "type": "company", "url": "/companies/c", **of_1},
        {"id": "d", **of_1},
    ]
