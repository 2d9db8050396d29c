"""The life of a company scroll, the company list, and children that are gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_client import Client, error_of, serve

SCROLL = "/companies/scroll"


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(companies=250, contacts=30, conversations=40, rate_limit=0) as made:
        yield made


def walk(client: Client) -> tuple[list[dict[str, Any]], list[str], list[int]]:
    """Companies, tokens and page sizes of a whole scroll."""
    answer = client.get(SCROLL).json()
    found, tokens, sizes = list(answer["data"]), [answer["scroll_param"]], [len(answer["data"])]
    while answer["data"]:
        answer = client.get(SCROLL, scroll_param=tokens[-1]).json()
        found += answer["data"]
        tokens.append(answer["scroll_param"])
        sizes.append(len(answer["data"]))
    return found, tokens, sizes


def test_one_token_for_the_whole_walk(client: Client) -> None:
    found, tokens, sizes = walk(client)
    assert sizes == [100, 100, 50, 0]
    assert len(set(tokens)) == 1
    assert found == client.sandbox.records("companies")


def test_pages_and_total_are_null(client: Client) -> None:
    answer = client.get(SCROLL).json()
    assert (answer["type"], answer["pages"], answer["total_count"]) == ("list", None, None)


def test_the_token_is_dead_after_the_empty_page(client: Client) -> None:
    _, tokens, _ = walk(client)
    assert error_of(client.get(SCROLL, scroll_param=tokens[0])) == (404, "not_found")
    assert client.get(SCROLL).json()["scroll_param"] != tokens[0]


def test_only_one_scroll_at_a_time(client: Client) -> None:
    token = client.get(SCROLL).json()["scroll_param"]
    assert error_of(client.get(SCROLL)) == (400, "scroll_exists")
    assert client.get(SCROLL, scroll_param=token).status_code == 200


def test_an_idle_scroll_expires(client: Client) -> None:
    token = client.get(SCROLL).json()["scroll_param"]
    client.sandbox.settings.scroll_expiry_seconds = 0.05
    time.sleep(0.1)
    assert error_of(client.get(SCROLL, scroll_param=token)) == (404, "not_found")
    assert client.get(SCROLL).status_code == 200


def test_an_unknown_token(client: Client) -> None:
    assert error_of(client.get(SCROLL, scroll_param="nobody")) == (404, "not_found")
    client.get(SCROLL)
    assert error_of(client.get(SCROLL, scroll_param="nobody")) == (404, "not_found")


def test_a_failed_scroll_must_be_restarted(client: Client) -> None:
    token = client.get(SCROLL).json()["scroll_param"]
    client.sandbox.fault("GET /companies/scroll", "scroll", times=1)
    failed = client.get(SCROLL, scroll_param=token)
    assert error_of(failed) == (500, "server_error")
    assert "Please restart the scroll operation" in failed.text
    assert error_of(client.get(SCROLL, scroll_param=token)) == (404, "not_found")
    assert len(walk(client)[0]) == 250


def test_an_empty_workspace() -> None:
    with serve(companies=0, contacts=5, conversations=5) as client:
        first = client.get(SCROLL).json()
        assert first["data"] == []
        assert error_of(client.get(SCROLL, scroll_param=first["scroll_param"])) == (404, "not_found")


def test_the_list_needs_to_write_and_skips_companies_without_users(client: Client) -> None:
    assert error_of(client.post("/companies/list", {})) == (401, "token_unauthorized")
    client.sandbox.settings.scopes = ["Write users and companies"]
    truth: list[dict[str, Any]] = client.sandbox.records("companies")
    with_users = [one for one in truth if one["user_count"]]
    assert 0 < len(with_users) < len(truth)
    found: list[dict[str, Any]] = []
    for page in range(1, 6):
        answer = client.post("/companies/list", {}, page=page, per_page=60).json()
        found += answer["data"]
        assert (answer["pages"]["next"] is None) is (page >= answer["pages"]["total_pages"])
    seen = [one.get("last_request_at", 0) for one in found]
    assert seen == sorted(seen, reverse=True)
    assert sorted(one["id"] for one in found) == [one["id"] for one in with_users]
    assert error_of(client.post("/companies/list", {}, per_page=61)) == (400, "parameter_invalid")


def test_the_list_ends_at_ten_thousand(client: Client) -> None:
    client.sandbox.settings.scopes = ["Write users and companies"]
    assert client.post("/companies/list", {}, page=200, per_page=50).status_code == 200
    beyond = client.post("/companies/list", {}, page=201, per_page=50)
    assert error_of(beyond) == (400, "bad_request")
    assert "page limit reached" in beyond.text


def test_children_that_are_gone(client: Client) -> None:
    companies = [str(one["id"]) for one in client.sandbox.records("companies")]
    client.sandbox.settings.vanished_percent = 40
    answers = {name: client.get(f"/companies/{name}/segments") for name in companies}
    gone = {name for name, answer in answers.items() if answer.status_code == 404}
    assert 60 < len(gone) < 140
    pages = {answers[name].headers["Content-Type"].partition(";")[0] for name in gone}
    assert pages == {"application/json", "text/html"}
    # A company that is archived shows its segments all the same.
    shown = {name: client.get(f"/companies/{name}").json()["segments"]["segments"] for name in companies}
    assert all(shown[name] == answers[name].json()["data"] for name in companies if name not in gone)
    listed = client.sandbox.records("company_segments")
    assert listed == [{"company_id": name, "segment": one} for name in companies for one in shown[name]]
    assert len(listed) > 50
    assert client.get(f"/companies/{next(iter(gone))}").status_code == 200
    assert error_of(client.get("/companies/nobody/segments")) == (404, "company_not_found")


def test_conversations_that_vanish_after_the_search(client: Client) -> None:
    client.sandbox.settings.vanished_percent = 50
    conversations = [str(one["id"]) for one in client.sandbox.records("conversations")]
    gone = {name for name in conversations if client.get(f"/conversations/{name}").status_code == 404}
    assert 0 < len(gone) < len(conversations)
    told = {part["conversation_id"] for part in client.sandbox.records("conversation_parts")}
    assert told
    assert not told & gone
