"""The scroll over companies: ends on an empty page only, starts again after a break, gives nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from api_helpers import HOST, LOGGER, FakeTime, fault
from requests_mock import Mocker

from source_intercom.api.client import Client
from source_intercom.api.errors import (
    IntercomError,
    RequestRefused,
    ScrollTaken,
    TokenRejected,
    Unavailable,
    VersionRefused,
)
from source_intercom.api.scroll import CompanyScroll, SharedScroll

NGINX_404 = "<html><center>nginx</center></html>"
RESTART = "Request failed due to an internal network error. Please restart the scroll operation."

Fault = Callable[[Any], str | None]


def http(status: int, body: Any = "") -> Fault:
    """An answer instead of the page."""

    def fail(context: Any) -> str:
        context.status_code = status
        return body if isinstance(body, str) else json.dumps(body)

    return fail


def broken(kind: type[Exception]) -> Fault:
    """No answer at all."""

    def fail(_: Any) -> str:
        raise kind

    return fail


TAKEN = http(400, fault("scroll_exists", "scroll already exists for this workspace"))
BREAKS = {
    "restart": http(500, fault("server_error", RESTART)),
    "expired": http(404, fault("not_found", "scroll parameter not found")),
    "nginx": http(404, NGINX_404),
    "server error": http(500, fault("server_error")),
    "gateway": http(502, "<html>Bad Gateway</html>"),
    "empty": http(200, ""),
    "read timeout": broken(requests.ReadTimeout),
    "connect timeout": broken(requests.ConnectTimeout),
    "reset": broken(requests.ConnectionError),
}


@dataclass
class Scroll:
    """``GET /companies/scroll``: two companies a page, one token for all pages, faults by the number of the call.

    A fault comes after the scroll has moved on, as when the answer is lost on its way.
    """

    total: int
    faults: dict[int, Fault] = field(default_factory=dict)
    endless: bool = False
    position: int = 0
    opened: int = 0
    calls: int = 0
    continued: list[bool] = field(default_factory=list)

    def __call__(self, request: Any, context: Any) -> str:
        number = self.calls
        self.calls += 1
        token = parse_qs(urlsplit(request.url).query).get("scroll_param")
        self.continued.append(token is not None)
        if token is None:
            self.opened += 1
            self.position = 0
        else:
            assert token == ["the-one-token"]
        page = range(self.position, min(self.position + 2, self.total))
        self.position = page.stop
        if self.endless and self.position >= self.total:
            self.position = 0
        if number in self.faults:
            text = self.faults[number](context)
            assert text is not None
            return text
        companies = ", ".join(f'{{"type": "company", "id": "{number}"}}' for number in page)
        return f'{{"type": "list", "data": [{companies}], "pages": null, "scroll_param": "the-one-token"}}'


def walk(client: Client, time: FakeTime, requests_mock: Mocker, server: Any) -> list[str]:
    """The ids of a whole walk."""
    requests_mock.get(f"{HOST}/companies/scroll", text=server)
    scroll = CompanyScroll(client, LOGGER, sleep=time.sleep, clock=time.monotonic)
    return [company["id"] for page in scroll.pages() for company in page]


def companies(total: int) -> list[str]:
    return [str(number) for number in range(total)]


@pytest.mark.complaint(15, 22)
@pytest.mark.parametrize(("total", "calls"), [(0, 1), (1, 2), (2, 2), (5, 4)])
def test_only_an_empty_page_ends_the_walk(
    client: Client, time: FakeTime, requests_mock: Mocker, total: int, calls: int
) -> None:
    server = Scroll(total)

    assert walk(client, time, requests_mock, server) == companies(total)
    assert server.continued == [False] + [True] * (calls - 1)
    assert time.slept == []


@pytest.mark.complaint(38)
@pytest.mark.parametrize("call", range(4))
@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_walk_starts_again_and_gives_nothing_twice(
    client: Client, time: FakeTime, requests_mock: Mocker, kind: str, call: int
) -> None:
    server = Scroll(5, {call: BREAKS[kind]})

    assert walk(client, time, requests_mock, server) == companies(5)
    # Never the same page again in place: its answer may be lost, and the scroll with it a page further.
    assert server.continued == [*[False, True, True, True][: call + 1], False, True, True, True]
    assert time.slept == [2.0]


def test_after_a_break_our_own_old_scroll_may_still_be_open(
    client: Client, time: FakeTime, requests_mock: Mocker
) -> None:
    server = Scroll(5, {2: BREAKS["expired"], 3: TAKEN, 4: TAKEN})

    assert walk(client, time, requests_mock, server) == companies(5)
    assert time.slept == [2.0, 15.0, 15.0]


@pytest.mark.complaint(39)
@pytest.mark.parametrize("breaks", [1, 5])
def test_some_breaks_are_survived(client: Client, time: FakeTime, requests_mock: Mocker, breaks: int) -> None:
    server = Scroll(5, {2 * number + 1: BREAKS["restart"] for number in range(breaks)})

    assert walk(client, time, requests_mock, server) == companies(5)
    assert server.opened == breaks + 1
    assert time.slept == [2.0**number for number in range(1, breaks + 1)]


def test_a_walk_that_comes_further_each_time_is_not_given_up(
    client: Client, time: FakeTime, requests_mock: Mocker
) -> None:
    # The walk that begins at the call of its number comes one page further than the one before, twenty times.
    breaks = [sum(range(2, number + 1)) - 1 for number in range(2, 22)]
    server = Scroll(50, dict.fromkeys(breaks, BREAKS["expired"]))

    assert walk(client, time, requests_mock, server) == companies(50)
    assert server.opened == 21
    assert time.slept == [2.0] * 20


@pytest.mark.complaint(38)
@pytest.mark.parametrize("kind", BREAKS)
def test_restarts_are_bounded(client: Client, time: FakeTime, requests_mock: Mocker, kind: str) -> None:
    server = Scroll(5, dict.fromkeys(range(1, 100, 2), BREAKS[kind]))

    with pytest.raises(Unavailable, match="ended the scroll over companies 6 times") as caught:
        walk(client, time, requests_mock, server)
    assert server.opened == 6
    assert sum(time.slept) < 120
    assert "GET /companies/scroll" in str(caught.value.internal_message)


# Intercom's code, and its message under another code: others tell the conflict by that.
CONFLICTS = {"code": TAKEN, "message": http(400, fault("bad_request", "Scroll already exists for this workspace"))}


@pytest.mark.complaint(35)
@pytest.mark.parametrize("conflict", CONFLICTS)
@pytest.mark.parametrize("waits", [1, 4, 39])
def test_somebody_elses_scroll_is_waited_for(
    client: Client, time: FakeTime, requests_mock: Mocker, waits: int, conflict: str
) -> None:
    server = Scroll(3, dict.fromkeys(range(waits), CONFLICTS[conflict]))

    assert walk(client, time, requests_mock, server) == companies(3)
    assert time.slept == [15.0] * waits


@pytest.mark.complaint(35)
def test_the_wait_is_bounded_and_says_who_is_in_the_way(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    server = Scroll(3, dict.fromkeys(range(1000), TAKEN))

    with pytest.raises(ScrollTaken) as caught:
        walk(client, time, requests_mock, server)
    assert 600 <= sum(time.slept) <= 630
    message = str(caught.value.message)
    assert "Another integration" in message
    assert "one at a time" in message
    assert message.count(".") == 1
    assert "scroll_exists" in str(caught.value.internal_message)


@pytest.mark.complaint(36)
@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, fault("parameter_invalid"), RequestRefused),
        (400, fault("intercom_version_invalid"), VersionRefused),
        (401, fault("token_revoked"), TokenRejected),
    ],
)
def test_other_faults_are_not_mistaken_for_somebody_elses_scroll(
    client: Client,
    time: FakeTime,
    requests_mock: Mocker,
    status: int,
    body: Any,
    kind: type[IntercomError],
    call: int,
) -> None:
    server = Scroll(5, {call: http(status, body)})

    with pytest.raises(kind):
        walk(client, time, requests_mock, server)
    assert server.calls == call + 1
    assert time.slept == []


@pytest.mark.complaint(28)
@pytest.mark.parametrize("total", [2, 6, 7])
def test_a_scroll_that_runs_in_circles_is_stopped(
    client: Client, time: FakeTime, requests_mock: Mocker, total: int
) -> None:
    server = Scroll(total, {50: BREAKS["restart"]}, endless=True)
    requests_mock.get(f"{HOST}/companies/scroll", text=server)
    given: list[str] = []

    with pytest.raises(RequestRefused, match="repeats itself"):
        for page in CompanyScroll(client, LOGGER, sleep=time.sleep, clock=time.monotonic).pages():
            given += [company["id"] for company in page]
    assert given == companies(total)
    assert server.calls <= total


@pytest.mark.parametrize("body", ['{"data": [{"id": "0"}]}', '{"data": [{"id": "0"}], "scroll_param": null}'])
def test_a_page_without_a_token_is_an_error_and_no_crash(
    client: Client, time: FakeTime, requests_mock: Mocker, body: str
) -> None:
    server = Scroll(5, {0: http(200, body)})

    with pytest.raises(RequestRefused):
        walk(client, time, requests_mock, server)
    assert server.calls == 1


def test_a_page_without_its_list_is_an_error(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    with pytest.raises(RequestRefused):
        walk(client, time, requests_mock, Scroll(5, {1: http(200, '{"type": "list"}')}))


def test_a_walk_may_be_left_early(client: Client, time: FakeTime, requests_mock: Mocker) -> None:
    server = Scroll(5)
    requests_mock.get(f"{HOST}/companies/scroll", text=server)
    pages = CompanyScroll(client, LOGGER, sleep=time.sleep, clock=time.monotonic).pages()

    assert [company["id"] for company in next(pages)] == ["0", "1"]
    assert server.calls == 1


class TestAWalkForItsIds:
    def walk(self, client: Client, requests_mock: Mocker, *companies: Any) -> SharedScroll:
        pages = [{"data": list(companies), "scroll_param": "p"}, {"data": [], "scroll_param": "p"}]
        requests_mock.get(f"{HOST}/companies/scroll", [{"json": page} for page in pages])
        return SharedScroll(client, LOGGER)

    def test_is_made_once_however_many_ask(self, client: Client, requests_mock: Mocker) -> None:
        """Intercom allows one scroll at a time, and each walk costs a request for a hundred companies."""
        walk = self.walk(client, requests_mock, {"id": "a"}, {"id": "b"})
        assert walk.ids(read_by_another=False) == walk.ids(read_by_another=False) == ["a", "b"]
        assert requests_mock.call_count == 2

    def test_leaves_out_what_has_no_id(self, client: Client, requests_mock: Mocker) -> None:
        walk = self.walk(client, requests_mock, {"id": "a"}, None, {"name": "nameless"}, "text")
        assert walk.ids(read_by_another=False) == ["a"]
