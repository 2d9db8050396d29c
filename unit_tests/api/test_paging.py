"""Paging: every record once, no page without its whole question, no end that is not one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from api_helpers import HOST, FakeTime, fault, make_client
from requests_mock import ANY, Mocker

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import (
    IntercomError,
    RequestRefused,
    Unavailable,
)
from source_intercom.api.pages import Page, list_pages, pages_told, records_in, search_answers
from source_intercom.api.queries import search_body, seconds_query

QUERY = seconds_query("updated_at", 10, 20)
SEARCH = "/things/search"


# --- Search -----------------------------------------------------------------------------------------


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
    assert [(ids([answer.records]), answer.total) for answer in answers] == [([0], 9), ([1], 8), ([2], 0), ([3], 0)]
    assert [answer.is_last for answer in answers] == [False, False, False, True]


@pytest.mark.parametrize("pages", [{}, {"pages": None}, {"pages": {}}, {"pages": {"next": None}}])
def test_the_last_page_of_a_search(hasty: Client, requests_mock: Mocker, pages: Json) -> None:
    assert search(hasty, requests_mock, [{"json": {"things": [{"id": 1}], **pages}}]) == [[{"id": 1}]]


@pytest.mark.parametrize("following", ["https://api.intercom.io/things/search?page=2", {"page": 2}, 2])
def test_a_next_page_that_cannot_be_asked_for_is_no_end(hasty: Client, requests_mock: Mocker, following: Any) -> None:
    """A table that is cut off under a green light is the worst of all answers."""
    with pytest.raises(IntercomError):
        search(hasty, requests_mock, [{"json": {"things": [{"id": 1}], "pages": {"next": following}}}])


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


@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"]], ids="-".join)
def test_a_cursor_that_comes_again_stops_the_search(hasty: Client, requests_mock: Mocker, cursors: list[str]) -> None:
    round_trip = [{"json": {"things": [], "pages": {"next": {"starting_after": cursor}}}} for cursor in cursors]
    end: Json = {"json": {"things": [], "pages": {}}}  # so that the test ends if nothing stops the search

    with pytest.raises(RequestRefused, match=r"/things/search gave the same page cursor twice"):
        search(hasty, requests_mock, [*round_trip, end])


def test_a_refusal_is_final(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(RequestRefused):
        search(hasty, requests_mock, [{"status_code": 400, "json": fault("invalid_field")}])
    assert requests_mock.call_count == 1


# --- Lists ------------------------------------------------------------------------------------------


def listed(client: Client, requests_mock: Mocker, *answers: Json) -> list[Page]:
    """Read a list of which each answer holds one tag, and say besides what they say; then it ends."""
    bodies = [{"tags": [{"id": number}], **answer} for number, answer in enumerate([*answers, {}])]
    requests_mock.get(ANY, [{"json": body} for body in bodies])
    return list(list_pages(client, "/tags", "tags", {"per_page": 50}))


def linked(client: Client, requests_mock: Mocker, *following: Any) -> list[Page]:
    """Read a list whose pages link to ``following``; then it ends."""
    return listed(client, requests_mock, *({"pages": {"next": link}} for link in following), {"pages": {"next": None}})


def urls(requests_mock: Mocker) -> list[str]:
    return [request.url for request in requests_mock.request_history]


def test_links_are_followed_as_they_are(hasty: Client, requests_mock: Mocker) -> None:
    link = f"{HOST}/tags?before=17%2C1"
    pages = linked(hasty, requests_mock, f"{HOST}/tags?page=2&per_page=50", link, f"{HOST}/tags")

    assert ids(pages) == [0, 1, 2, 3]
    assert urls(requests_mock) == [f"{HOST}/tags?per_page=50", f"{HOST}/tags?page=2&per_page=50", link, f"{HOST}/tags"]


@pytest.mark.parametrize(
    ("answers", "queries"),
    [
        # GET /contacts: a cursor in an object
        (
            [{"pages": {"page": 1, "next": {"page": 2, "starting_after": "abc"}}}],
            ["per_page=50", "per_page=50&starting_after=abc"],
        ),
        # the object as the descriptions of page-style lists have it
        ([{"pages": {"next": {"page": 2}}}], ["per_page=50", "per_page=50&page=2"]),
        # counters without a next, in pages
        (
            [{"pages": {"page": 1, "total_pages": 3}}, {"pages": {"page": 2, "total_pages": 3}}],
            ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"],
        ),
        # counters beside the records
        ([{"page": 1, "total_pages": 2}], ["per_page=50", "per_page=50&page=2"]),
        ([{"pages": None, "page": 1, "total_pages": 2}], ["per_page=50", "per_page=50&page=2"]),
        # GET /contacts/{id}/merge_history
        (
            [{"has_more": True, "next_cursor": "c1"}, {"has_more": True, "next_cursor": "c2"}],
            ["per_page=50", "per_page=50&cursor=c1", "per_page=50&cursor=c2"],
        ),
    ],
)
def test_other_ways_to_page(hasty: Client, requests_mock: Mocker, answers: list[Json], queries: list[str]) -> None:
    assert ids(listed(hasty, requests_mock, *answers)) == list(range(len(answers) + 1))
    assert urls(requests_mock) == [f"{HOST}/tags?{query}" for query in queries]


class TestASizeWished:
    def test_is_asked_for_on_every_page(self, hasty: Client, requests_mock: Mocker) -> None:
        answers = [{"data": [{"id": 0}], "page": 1, "total_pages": 2}, {"data": [{"id": 1}]}]
        requests_mock.get(f"{HOST}/tags", [{"json": answer} for answer in answers])
        assert ids(list(list_pages(hasty, "/tags", "data", {"state": "live"}, wish=150))) == [0, 1]
        assert urls(requests_mock) == [f"{HOST}/tags?state=live&per_page=150{page}" for page in ("", "&page=2")]

    def test_that_is_refused_is_given_up(self, hasty: Client, requests_mock: Mocker) -> None:
        refusal = {"errors": [{"code": "parameter_invalid", "message": "Per Page is too big"}]}
        answers = [
            {"status_code": 400, "json": refusal},
            {"json": {"data": [{"id": 0}], "page": 1, "total_pages": 2}},
            {"json": {"data": [{"id": 1}]}},
        ]
        requests_mock.get(f"{HOST}/tags", answers)
        assert ids(list(list_pages(hasty, "/tags", "data", wish=150))) == [0, 1]
        assert urls(requests_mock) == [f"{HOST}/tags{query}" for query in ("?per_page=150", "", "?page=2")]

    def test_hides_no_other_refusal(self, hasty: Client, requests_mock: Mocker) -> None:
        requests_mock.get(f"{HOST}/tags", status_code=400, json={"errors": [{"code": "bad_request"}]})
        with pytest.raises(RequestRefused):
            list(list_pages(hasty, "/tags", "data", wish=150))
        assert len(urls(requests_mock)) == 2


@pytest.mark.parametrize(
    "last",
    [
        {},
        {"pages": None},
        {"pages": {}},
        {"pages": {"next": None}},
        {"pages": {"next": ""}},
        {"pages": {"page": 3, "total_pages": 3}},
        {"pages": {"page": 1, "total_pages": 0}},
        {"pages": {"page": 1, "total_pages": 7, "next": None}},
        {"page": 1, "total_pages": 1},
        {"page": 1},
        {"has_more": False, "next_cursor": "c1"},
        {"has_more": False, "next_cursor": None},
    ],
)
def test_the_last_page_of_a_list(hasty: Client, requests_mock: Mocker, last: Json) -> None:
    requests_mock.get(f"{HOST}/tags", json={"tags": [{"id": 1}], **last})

    assert list(list_pages(hasty, "/tags", "tags")) == [[{"id": 1}]]
    assert requests_mock.call_count == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/tags?page=2",
        "http://api.intercom.io/tags?page=2",
        "https://api.eu.intercom.io/tags?page=2",
        "//evil.example/tags?page=2",
        "https://me:secret@evil.example:8443/tags?page=2#top",
        "/tags?page=2",
    ],
)
def test_a_link_is_followed_on_our_own_host_only(hasty: Client, requests_mock: Mocker, link: str) -> None:
    assert ids(linked(hasty, requests_mock, link)) == [0, 1]
    assert urls(requests_mock)[1] == f"{HOST}/tags?page=2"


@pytest.mark.parametrize("link", ["@evil.example/tags", ".evil.example/tags", "mailto:.evil.example", ":@evil.example"])
def test_a_link_cannot_rewrite_the_host(hasty: Client, requests_mock: Mocker, link: str) -> None:
    with contextlib.suppress(IntercomError):
        linked(hasty, requests_mock, link)

    assert {request.hostname for request in requests_mock.request_history} == {"api.intercom.io"}


@pytest.mark.parametrize("following", [2, True, ["x"], {"per_page": 50}])
def test_a_next_page_of_no_known_kind_is_no_end(hasty: Client, requests_mock: Mocker, following: Any) -> None:
    """A table that is cut off under a green light is the worst of all answers."""
    with pytest.raises(IntercomError):
        linked(hasty, requests_mock, following)


def test_more_without_a_cursor_is_no_end(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(IntercomError):
        listed(hasty, requests_mock, {"has_more": True, "next_cursor": None})


def test_a_link_to_itself_ends_in_an_error(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(RequestRefused, match="/tags gave the same next page twice"):
        linked(hasty, requests_mock, f"{HOST}/tags?page=2", f"{HOST}/tags?page=2")
    assert requests_mock.call_count == 2


@pytest.mark.parametrize("length", [1, 2, 3, 4, 10])
def test_links_in_a_circle_end_in_an_error(hasty: Client, requests_mock: Mocker, length: int) -> None:
    circle = [f"{HOST}/tags?page={page}" for page in range(2, 2 + length)]

    with pytest.raises(RequestRefused):
        linked(hasty, requests_mock, *circle, circle[0])
    assert requests_mock.call_count == 1 + length


@pytest.mark.parametrize(
    "answer",
    [
        {"pages": {"next": {"starting_after": "abc"}}},
        {"page": 1, "total_pages": 2},
        {"has_more": True, "next_cursor": "c1"},
    ],
)
def test_a_list_that_stands_still_ends_in_an_error(hasty: Client, requests_mock: Mocker, answer: Json) -> None:
    with pytest.raises(RequestRefused):
        listed(hasty, requests_mock, *[answer] * 5)
    assert requests_mock.call_count == 2


# --- Where the records stand ------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [{}, {"data": []}, {"tags": None}, {"tags": {"tags": []}}, {"tags": "none"}])
def test_an_answer_without_its_list_is_no_empty_list(answer: Json) -> None:
    with pytest.raises(RequestRefused) as caught:
        records_in(answer, "tags")
    assert f"no list under 'tags', but the keys {sorted(answer)}" in str(caught.value.internal_message)


@pytest.mark.parametrize(
    "answer", [{"data": [{"id": 1}]}, {"companies": [{"id": 1}]}, {"data": None, "companies": [{"id": 1}]}]
)
def test_records_may_stand_in_either_of_two_places(answer: Json) -> None:
    assert records_in(answer, "data|companies") == [{"id": 1}]
    with pytest.raises(RequestRefused):
        records_in(answer, "tags|things")


def test_records_as_they_came() -> None:
    records = [{"id": 1}, {"id": 2}]
    assert records_in({"type": "list", "tags": records}, "tags") is records


@pytest.mark.parametrize(
    ("answer", "pages"),
    [
        ({"pages": {"total_pages": 7}}, 7),
        ({"pages": {"total_pages": None}}, 1),
        ({"pages": {}}, 1),
        ({"pages": None}, 1),
        ({"pages": "many"}, 1),
        ({}, 1),
    ],
)
def test_the_number_of_pages_that_an_answer_tells(answer: Json, pages: int) -> None:
    assert pages_told(answer) == pages
