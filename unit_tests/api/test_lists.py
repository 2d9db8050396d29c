"""Lists: every record once, in each way to page, and no end that is not one."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from api_helpers import HOST, fault, make_client
from requests_mock import ANY, Mocker

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import (
    IntercomError,
    NotOffered,
    RecordGone,
    RequestRefused,
)
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.queries import days_query

QUERY = days_query("updated_at", 10, 20)
SEARCH = "/things/search"


@pytest.fixture
def hasty(transport: Transport) -> Client:
    """A client that does not retry, so that what paging does shows."""
    return make_client(transport, retries=0)


def ids(pages: list[Page]) -> list[int]:
    return [record["id"] for page in pages for record in page]


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


@pytest.mark.complaint(42)
def test_links_are_followed_as_they_are(hasty: Client, requests_mock: Mocker) -> None:
    links = [f"{HOST}/tags?page=2&per_page=50", f"{HOST}/tags?before=17%2C1&per_page=20", f"{HOST}/tags?per_page=&x"]

    assert ids(linked(hasty, requests_mock, *links)) == [0, 1, 2, 3]
    assert urls(requests_mock) == [f"{HOST}/tags?per_page=50", *links]


@pytest.mark.parametrize(("link", "joint"), [("/tags?page=2", "&"), ("/lists/tags", "?")])
def test_what_a_link_leaves_out_is_asked_for_again(hasty: Client, requests_mock: Mocker, link: str, joint: str) -> None:
    """A second page of another size begins elsewhere, and records are missed or come twice."""
    assert ids(linked(hasty, requests_mock, HOST + link)) == [0, 1]
    assert urls(requests_mock)[1] == f"{HOST}{link}{joint}per_page=50"


@pytest.mark.complaint(42)
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
        # counters as text, as where the client has sent page or per_page
        (
            [{"pages": {"page": "1", "total_pages": 3}}, {"pages": {"page": "2", "total_pages": "3"}}],
            ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"],
        ),
        # counters that do not say which page it is
        (
            [{"pages": {"total_pages": 3}}, {"pages": {"page": 2, "total_pages": 3}}],
            ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"],
        ),
        # counters that never do
        ([{"pages": {"total_pages": 3}}] * 2, ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"]),
        # a cursor without a word on whether there is more
        ([{"next_cursor": "c1"}], ["per_page=50", "per_page=50&cursor=c1"]),
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
        {"pages": {"page": "3", "per_page": "50", "total_pages": "3"}},
        {"pages": {"next": {"starting_after": None}}},
        {"pages": {"next": {"starting_after": None, "page": None}}},
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


@pytest.mark.complaint(105)
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
    assert urls(requests_mock)[1] == f"{HOST}/tags?page=2&per_page=50"


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


def test_a_link_to_itself_is_the_end_where_all_have_come(hasty: Client, requests_mock: Mocker) -> None:
    first = {"tags": [{"id": 1}], "total_count": 2, "pages": {"next": f"{HOST}/tags?page=2"}}
    last = {**first, "tags": [{"id": 2}]}
    assert ids(listed(hasty, requests_mock, first, last)) == [1, 2]
    assert requests_mock.call_count == 2


def test_more_without_a_cursor_is_no_end(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(IntercomError):
        listed(hasty, requests_mock, {"has_more": True, "next_cursor": None})


def test_a_link_to_itself_ends_in_an_error(hasty: Client, requests_mock: Mocker) -> None:
    with pytest.raises(RequestRefused, match="/tags gave the same next page twice"):
        linked(hasty, requests_mock, f"{HOST}/tags?page=2", f"{HOST}/tags?page=2")
    assert requests_mock.call_count == 2


@pytest.mark.complaint(28)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 10])
def test_links_in_a_circle_end_in_an_error(hasty: Client, requests_mock: Mocker, length: int) -> None:
    circle = [f"{HOST}/tags?page={page}" for page in range(2, 2 + length)]

    with pytest.raises(RequestRefused):
        linked(hasty, requests_mock, *circle, circle[0])
    assert requests_mock.call_count == 1 + length


@pytest.mark.complaint(63)
@pytest.mark.parametrize(
    "answer",
    [
        {"pages": {"page": "two", "total_pages": 3}},
        {"pages": {"page": 1, "total_pages": "many"}},
        {"pages": {"page": [1], "total_pages": 3}},
        {"page": 1, "total_pages": {"value": 3}},
        {"pages": "many"},
        {"pages": [1, 3]},
    ],
)
def test_counters_that_cannot_be_read_are_no_end(hasty: Client, requests_mock: Mocker, answer: Json) -> None:
    with pytest.raises(RequestRefused, match="another shape"):
        listed(hasty, requests_mock, answer)


class TestAListInCircles:
    """Ever new links and cursors, but records that were there already: 7,397 copies of an article were made so."""

    @staticmethod
    def read(client: Client, requests_mock: Mocker, answer: Json, records: list[Json]) -> list[Page]:
        def page(_: Any, __: Any) -> Json:
            number = requests_mock.call_count
            following = {"next": f"{HOST}/tags?page={number + 1}"}
            return {"tags": records, **answer, "pages": {**following, **answer.get("pages", {})}}

        requests_mock.get(ANY, json=page)
        return list(list_pages(client, "/tags", "tags"))

    @pytest.mark.complaint(85)
    @pytest.mark.parametrize("records", [[{"id": 1}, {"id": 2}], ["a", "b"], [{"name": "a"}], [None], []], ids=repr)
    def test_is_an_error(self, hasty: Client, requests_mock: Mocker, records: list[Any]) -> None:
        with pytest.raises(RequestRefused, match="/tags gives the same records again and again"):
            self.read(hasty, requests_mock, {}, records)
        assert requests_mock.call_count <= 3

    @pytest.mark.parametrize(
        "told", [{"total_count": 2}, {"pages": {"total_count": "2"}}, {"pages": {"page": 4, "total_pages": 4}}]
    )
    def test_is_the_end_where_the_figures_say_so(self, hasty: Client, requests_mock: Mocker, told: Json) -> None:
        assert ids(self.read(hasty, requests_mock, told, [{"id": 1}, {"id": 2}])) == [1, 2]
        assert requests_mock.call_count == 2

    def test_is_none_where_one_page_slips(self, hasty: Client, requests_mock: Mocker) -> None:
        bodies = [
            {"tags": [{"id": number}], "pages": {"next": f"{HOST}/tags?n={at}"}} for at, number in enumerate("aabbc")
        ]
        requests_mock.get(ANY, [{"json": body} for body in [*bodies, {"tags": []}]])
        assert ids(list(list_pages(hasty, "/tags", "tags"))) == ["a", "b", "c"]


@pytest.mark.parametrize("where", ["beside", "in pages"])
@pytest.mark.parametrize(("whole", "total", "warns"), [(True, 3, 1), (True, "3", 1), (True, 2, 0), (False, 3, 0)])
def test_a_whole_list_that_is_short_of_its_total_is_said(
    hasty: Client,
    requests_mock: Mocker,
    caplog: pytest.LogCaptureFixture,
    where: str,
    whole: bool,
    total: Any,
    warns: int,
) -> None:
    told = {"total_count": total} if where == "beside" else {"pages": {"total_count": total}}
    requests_mock.get(f"{HOST}/tags", json={"tags": [{"id": 1}, {"id": 2}], **told})

    assert ids(list(list_pages(hasty, "/tags", "tags", whole=whole))) == [1, 2]
    assert caplog.text.count("announces 3 records under /tags and gave 2") == warns


@pytest.mark.complaint(82)
@pytest.mark.parametrize("wish", [0, 150])
@pytest.mark.parametrize("body", [fault("not_found"), None], ids=["json", "page"])
def test_a_whole_list_that_is_not_there_is_not_offered(
    hasty: Client, requests_mock: Mocker, wish: int, body: Any
) -> None:
    requests_mock.get(f"{HOST}/tags", status_code=404, **({"json": body} if body else {"text": "<html>nginx</html>"}))
    with pytest.raises(NotOffered, match="does not offer /tags") as caught:
        list(list_pages(hasty, "/tags", "tags", wish=wish, whole=True))
    assert "GET /tags: HTTP 404" in str(caught.value.internal_message)
    # The list of one record is another thing.
    with pytest.raises(RecordGone):
        list(list_pages(hasty, "/tags", "tags", wish=wish))


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


def test_a_record_deleted_while_a_list_is_read_costs_no_other(hasty: Client, requests_mock: Mocker) -> None:
    """The first record of the next page moves onto a page that has been read, and the total agrees with what came."""
    held = list(range(9))

    def answer(request: Any, _context: Any) -> Json:
        page = int(request.qs.get("page", ["1"])[0])
        records = [{"id": number} for number in held[3 * page - 3 : 3 * page]]
        if page == 1 and len(held) == 9:
            held.remove(1)
            return {"tags": records, "pages": {"page": 1, "total_pages": 3}, "total_count": 9}
        return {"tags": records, "pages": {"page": page, "total_pages": 3}, "total_count": len(held)}

    requests_mock.get(ANY, json=answer)
    pages = list(list_pages(hasty, "/tags", "tags"))
    assert sorted(ids(pages)) == list(range(9))
    assert requests_mock.call_count == 6


def test_a_list_whose_total_holds_is_read_once(hasty: Client, requests_mock: Mocker) -> None:
    counters = [{"pages": {"page": page, "total_pages": 3}, "total_count": 3} for page in (1, 2, 3)]
    requests_mock.get(ANY, [{"json": {"tags": [{"id": number}], **told}} for number, told in enumerate(counters)])
    assert ids(list(list_pages(hasty, "/tags", "tags"))) == [0, 1, 2]
    assert requests_mock.call_count == 3
