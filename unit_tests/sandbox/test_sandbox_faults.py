"""Faults on order."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests
from sandbox_client import NOW, Client, ascending, error_of, serve, where

from sandbox.faults import parse_fault

ALL = where("created_at", ">", 1)


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=40, conversations=40, tickets=5, companies=5) as made:
        yield made


def statuses(client: Client, count: int) -> list[int]:
    return [client.get("/tags").status_code for _ in range(count)]


def test_a_status_so_many_times(client: Client) -> None:
    client.sandbox.fault("GET /tags", "status:503", times=2)
    assert client.get("/admins").status_code == 200
    assert statuses(client, 4) == [503, 503, 200, 200]


def test_some_pass_first_and_then_every_third_fails(client: Client) -> None:
    client.sandbox.fault("GET /tags", "status:500", skip=2, every=3)
    assert statuses(client, 9) == [200, 200, 500, 200, 200, 500, 200, 200, 500]
    client.sandbox.clear_faults()
    assert statuses(client, 3) == [200, 200, 200]


def test_any_call(client: Client) -> None:
    client.sandbox.fault("*", "status:502")
    assert client.get("/tags").status_code == client.get("/me").status_code == 502


def test_an_error_with_a_code(client: Client) -> None:
    client.sandbox.fault("GET /tags", "error:400:scroll_exists:said so")
    answer = client.get("/tags")
    assert error_of(answer) == (400, "scroll_exists")
    assert answer.json()["errors"][0]["message"] == "said so"


@pytest.mark.parametrize("status", [404, 502, 504])
def test_a_page_of_html(client: Client, status: int) -> None:
    client.sandbox.fault("GET /tags", f"html:{status}")
    answer = client.get("/tags")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (status, "text/html")
    assert "<center>nginx</center>" in answer.text


def test_an_empty_200(client: Client) -> None:
    client.sandbox.fault("GET /tags", "empty", times=1)
    answer = client.get("/tags")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_reset(client: Client) -> None:
    client.sandbox.fault("GET /tags", "reset")
    with pytest.raises(requests.ConnectionError):
        client.get("/tags")
    assert client.sandbox.calls()["by_status"] == {"reset": 1}


def test_half_a_body(client: Client) -> None:
    client.sandbox.fault("POST /contacts/search", "truncate", times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.search("contacts", ALL)
    assert client.search("contacts", ALL).json()["total_count"] == 40


def test_a_hang(client: Client) -> None:
    client.sandbox.fault("GET /tags", "hang:30")
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        client.session.get(client.sandbox.url + "/tags", timeout=0.2)
    assert client.get("/admins").status_code == 200
    assert time.monotonic() - began < 10


def test_only_heavy_pages(client: Client) -> None:
    client.sandbox.fault("POST /conversations/search", "html:504", when={"per_page_over": 5})
    assert client.search("conversations", ALL).status_code == 504
    assert client.search("conversations", ALL, pagination={"per_page": 6}).status_code == 504
    assert client.search("conversations", ALL, pagination={"per_page": 5}).status_code == 200


def test_only_later_pages(client: Client) -> None:
    client.sandbox.fault("POST /conversations/search", "status:500", when={"page_over": 1})
    first = client.search("conversations", ALL, sort=ascending(), pagination={"per_page": 5})
    assert first.status_code == 200
    again = {"per_page": 5, "starting_after": first.json()["pages"]["next"]["starting_after"]}
    assert client.search("conversations", ALL, sort=ascending(), pagination=again).status_code == 500


def test_only_wide_ranges_of_activity(client: Client) -> None:
    client.sandbox.fault("GET /admins/activity_logs", "status:500", when={"range_over": 5 * 86_400})
    week, days = NOW - 7 * 86_400, NOW - 4 * 86_400
    assert client.get("/admins/activity_logs", created_at_after=week, created_at_before=NOW).status_code == 500
    assert client.get("/admins/activity_logs", created_at_after=days, created_at_before=NOW).status_code == 200


def test_only_answers_that_hold_a_record(client: Client) -> None:
    """One record poisons every page it stands on, and its own address."""
    poison = str(client.sandbox.records("conversations")[11]["id"])
    client.sandbox.fault("*", "error:404:not_found:User Not Found", ids=[poison])
    bad = 0
    for one in client.sandbox.records("conversations"):
        answer = client.search("conversations", where("id", "=", one["id"]))
        bad += answer.status_code == 404
        assert (answer.status_code == 404) == (one["id"] == poison)
    assert bad == 1
    assert client.search("conversations", ALL, pagination={"per_page": 150}).status_code == 404
    assert client.get(f"/conversations/{poison}").status_code == 404


def test_rules_as_text() -> None:
    rule = parse_fault("POST /contacts/search=status:503:times=2:skip=1:every=4:per_page_over=10:ids=a+b")
    assert (rule.match, rule.kind) == ("POST /contacts/search", "status:503")
    assert (rule.times, rule.skip, rule.every) == (2, 1, 4)
    assert (rule.when.per_page_over, rule.when.ids) == (10, frozenset({"a", "b"}))
    assert parse_fault("GET /tags=error:500:server_error").kind == "error:500:server_error"


@pytest.mark.parametrize(
    "text",
    ["GET /tags", "tags=reset", "GET /tags=explode", "GET /tags=status", "GET /tags=error:500",
     "GET /tags=hang:soon", "GET /tags=reset:tims=2", "GET /tags=status:200x"],
)  # fmt: skip
def test_rules_that_make_no_sense(text: str) -> None:
    with pytest.raises(ValueError):
        parse_fault(text)
