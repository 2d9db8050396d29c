"""Searches: every record once, no page without its whole question, no end that is not one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from api_helpers import HOST, FakeTime, fault, make_client
from requests_mock import Mocker

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import (
    CursorRefused,
    IntercomError,
    NotOffered,
    RequestRefused,
    Unavailable,
)
from source_intercom.api.figures import Page
from source_intercom.api.pages import Answer, search_answers
from source_intercom.api.queries import days_query, search_body

QUERY = days_query("updated_at", 10, 20)
SEARCH = "/things/search"


@dataclass
class Search:
    """A search over numbered records. A page that holds a heavy record fails when it is larger than it bears."""

    total: int
    bears: dict[int, int] = field(default_factory=dict)
    asked: list[Json] = field(default_factory=list)

    def __call__(self, request: Any, context: Any) -> Json:
        body = request.json()
        self.asked.append(body)
        size = body["pagination"]["per_page"]
        first = int(body["pagination"].get("starting_after", "0"))
        page = range(first, min(first + size, self.total))
        if any(size > self.bears.get(number, size) for number in page):
            context.status_code = 502
            return {}
        following = {"page": 2, "starting_after": str(page.stop)} if page.stop < self.total else None
        records = [{"id": number} for number in page]
        return {"things": records, "total_count": self.total, "pages": {"type": "pages", "next": following}}

    @property
    def sizes(self) -> list[int]:
        return [body["pagination"]["per_page"] for body in self.asked]


@pytest.fixture
def hasty(transport: Transport) -> Client:
    """A client that does not retry, so that what paging does shows."""
    return make_client(transport, retries=0)


def search(client: Client, requests_mock: Mocker, answers: Any) -> list[Page]:
    requests_mock.post(HOST + SEARCH, **({"json": answers} if callable(answers) else {"response_list": answers}))
    return [answer.records for answer in search_answers(client, SEARCH, QUERY, "updated_at", "things")]


def ids(pages: list[Page]) -> list[int]:
    return [record["id"] for page in pages for record in page]


@pytest.mark.complaint(41)
def test_a_search_is_read_to_its_end_with_the_whole_body_each_time(hasty: Client, requests_mock: Mocker) -> None:
    server = Search(400)
    pages = search(hasty, requests_mock, server)

    assert [len(page) for page in pages] == [150, 150, 100]
    assert ids(pages) == list(range(400))
    assert server.asked == [search_body(QUERY, "updated_at", 150, cursor) for cursor in (None, "150", "300")]
    assert not any(request.query for request in requests_mock.request_history)


def test_a_search_without_a_match_is_one_call(hasty: Client, requests_mock: Mocker) -> None:
    server = Search(0)

    assert search(hasty, requests_mock, server) == [[]]
    assert len(server.asked) == 1


def test_each_page_says_how_many_the_search_matches(hasty: Client, requests_mock: Mocker) -> None:
    bodies = [
        {"things": [{"id": 0}], "total_count": 9, "pages": {"next": {"starting_after": "a"}}},
        {"things": [{"id": 1}], "total_count": 8, "pages": {"next": {"starting_after": "b"}}},
        {"things": [{"id": 2}], "total_count": None, "pages": {"next": {"starting_after": "c"}}},
        {"things": [{"id": 3}]},
    ]
    requests_mock.post(HOST + SEARCH, [{"json": body} for body in bodies])

    answers = list(search_answers(hasty, SEARCH, QUERY, "updated_at", "things"))
    assert [(ids([answer.records]), answer.total) for answer in answers] == [
        ([0], 9),
        ([1], 8),
        ([2], None),
        ([3], None),
    ]
    assert [answer.is_last for answer in answers] == [False, False, False, True]


@pytest.mark.parametrize("pages", [{}, {"pages": None}, {"pages": {}}, {"pages": {"next": None}}])
def test_the_last_page_of_a_search(hasty: Client, requests_mock: Mocker, pages: Json) -> None:
    assert search(hasty, requests_mock, [{"json": {"things": [{"id": 1}], **pages}}]) == [[{"id": 1}]]


@pytest.mark.parametrize("following", ["https://api.intercom.io/things/search?page=2", {"page": 2}, 2])
def test_a_next_page_that_cannot_be_asked_for_is_no_end(hasty: Client, requests_mock: Mocker, following: Any) -> None:
    """A table that is cut off under a green light is the worst of all answers."""
    with pytest.raises(IntercomError):
        search(hasty, requests_mock, [{"json": {"things": [{"id": 1}], "pages": {"next": following}}}])


@pytest.mark.complaint(9)
def test_a_page_too_heavy_is_halved_and_the_size_recovers(hasty: Client, requests_mock: Mocker) -> None:
    server = Search(1000, bears={10: 40})
    pages = search(hasty, requests_mock, server)

    assert ids(pages) == list(range(1000))
    assert server.sizes == [150, 75, 37, 74, 148, 150, 150, 150, 150, 150]
    # The same place again, at half the size.
    assert [body["pagination"].get("starting_after") for body in server.asked[:4]] == [None, None, None, "37"]


def test_a_heavy_stretch_loses_and_repeats_nothing(hasty: Client, requests_mock: Mocker) -> None:
    server = Search(700, bears={160: 9, 161: 1, 162: 1, 500: 100})

    assert ids(search(hasty, requests_mock, server)) == list(range(700))
    assert min(server.sizes) == 1
    assert max(server.sizes) == 150


def test_a_single_record_that_cannot_be_read_raises(hasty: Client, requests_mock: Mocker) -> None:
    server = Search(300, bears={200: 0})
    read: list[Page] = []
    requests_mock.post(HOST + SEARCH, json=server)

    with pytest.raises(Unavailable):
        for answer in search_answers(hasty, SEARCH, QUERY, "updated_at", "things"):
            read.append(answer.records)
    assert ids(read) == list(range(200))
    assert server.sizes[-1] == 1
    assert server.asked[-1]["pagination"]["starting_after"] == "200"


def test_a_page_is_halved_only_after_its_retries(client: Client, requests_mock: Mocker, time: FakeTime) -> None:
    server = Search(3, bears={1: 75})

    assert ids(search(client, requests_mock, server)) == [0, 1, 2]
    assert server.sizes == [150] * 6 + [75]
    assert time.slept == [1, 2, 4, 8, 16]


def test_a_timeout_halves_too(hasty: Client, requests_mock: Mocker) -> None:
    answers = [{"exc": requests.ReadTimeout}, {"json": {"things": [{"id": 1}], "pages": {}}}]

    assert ids(search(hasty, requests_mock, answers)) == [1]
    assert [call.json()["pagination"]["per_page"] for call in requests_mock.request_history] == [150, 75]


def found(number: Any, cursor: Any, total: Any = None) -> Json:
    """An answer of a search with one record."""
    return {"json": {"things": [{"id": number}], "total_count": total, "pages": {"next": {"starting_after": cursor}}}}


def answers(client: Client, requests_mock: Mocker, *told: Json) -> list[Answer]:
    """The answers of a search that is told these and then, so that each test ends, that nothing follows."""
    requests_mock.post(HOST + SEARCH, [*told, {"json": {"things": [], "pages": {}}}])
    return list(search_answers(client, SEARCH, QUERY, "updated_at", "things"))


class TestASearchInCircles:
    """It ends, and says so in its last answer: whoever holds the records against the total decides."""

    @pytest.mark.complaint(85)
    @pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"]], ids="-".join)
    def test_by_its_cursors(self, hasty: Client, requests_mock: Mocker, cursors: list[str]) -> None:
        got = answers(hasty, requests_mock, *(found(number, cursor, 9) for number, cursor in enumerate(cursors)))
        assert ids([answer.records for answer in got]) == list(range(len(cursors)))
        assert [answer.is_last for answer in got] == [False] * (len(cursors) - 1) + [True]
        assert requests_mock.call_count == len(cursors)

    @pytest.mark.complaint(28)
    @pytest.mark.parametrize("records", [[{"id": 0}], [], [{"id": 1}, {"id": 0}]], ids=["one", "none", "two"])
    def test_by_its_records(self, hasty: Client, requests_mock: Mocker, records: list[Json]) -> None:
        again = [
            {"json": {"things": records, "total_count": 9, "pages": {"next": {"starting_after": str(number)}}}}
            for number in range(50)
        ]
        got = answers(hasty, requests_mock, found(0, "x", 9), found(1, "y", 9), *again)
        # One page without news may be a slip: the next one is asked for.
        assert [answer.is_last for answer in got] == [False, False, False, True]

    def test_a_slip_is_no_circle(self, hasty: Client, requests_mock: Mocker) -> None:
        told = [found(number, cursor) for cursor, number in enumerate([0, 0, 1, 1, 2, 2, 3])]
        got = answers(hasty, requests_mock, *told)
        assert ids([answer.records for answer in got]) == [0, 0, 1, 1, 2, 2, 3]


@pytest.mark.complaint(84)
@pytest.mark.parametrize("cursor", [None, ""])
def test_a_cursor_that_is_null_is_the_end(hasty: Client, requests_mock: Mocker, cursor: Any) -> None:
    (answer,) = answers(hasty, requests_mock, found(0, cursor, 1))
    assert answer.is_last


def test_a_cursor_may_be_a_number(hasty: Client, requests_mock: Mocker) -> None:
    assert len(answers(hasty, requests_mock, found(0, 17))) == 2
    assert requests_mock.request_history[1].json()["pagination"]["starting_after"] == "17"


@pytest.mark.parametrize(
    ("told", "total"), [(7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), (0, 0), ("0", 0), (None, None)], ids=str
)
def test_the_total_may_be_text(hasty: Client, requests_mock: Mocker, told: Any, total: int | None) -> None:
    (answer,) = answers(hasty, requests_mock, found(0, None, told))
    assert answer.total == total


@pytest.mark.parametrize("told", ["many", "", "-1", "7.5", 7.5, True, [7], {"value": 7}, "9" * 400, "\u0667"], ids=repr)
def test_a_total_that_cannot_be_read_is_an_error(hasty: Client, requests_mock: Mocker, told: Any) -> None:
    with pytest.raises(RequestRefused, match="another shape"):
        answers(hasty, requests_mock, found(0, None, told))


REFUSALS = [(400, "invalid_param"), (422, "data_invalid"), (404, "not_found")]


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_a_refused_cursor_is_told_from_a_refused_search(
    hasty: Client, requests_mock: Mocker, status: int, code: str
) -> None:
    refusal = {"status_code": status, "json": fault(code)}
    with pytest.raises(CursorRefused) as caught:
        answers(hasty, requests_mock, found(0, "abc"), refusal, refusal)
    assert caught.value.final is False
    # Intercom takes a cursor that it has refused a moment later, so it is asked once more.
    assert requests_mock.call_count == 1 + (2 if status != 404 else 1)
    assert f"HTTP {status}, {code}" in str(caught.value.internal_message)


def test_a_search_that_is_not_there_is_not_offered(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(NotOffered, match=r"does not offer /things/search"):
        answers(hasty, requests_mock, {"status_code": 404, "json": fault("not_found")})


def test_a_refusal_is_final(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(RequestRefused) as caught:
        search(hasty, requests_mock, [{"status_code": 400, "json": fault("invalid_field")}])
    assert type(caught.value) is RequestRefused
    assert requests_mock.call_count == 1
