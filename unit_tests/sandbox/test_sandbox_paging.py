"""The keyset cursor, page-number lists, and the index that lags."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from sandbox_client import NOW, Client, ascending, error_of, every, serve, where

ALL = where("created_at", ">", 1)


@pytest.mark.parametrize("kind", ["contacts", "conversations", "tickets"])
@pytest.mark.parametrize("field", ["updated_at", "created_at", "id"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_a_walk_shows_every_record_once_in_order(shared: Client, kind: str, field: str, order: str) -> None:
    truth = shared.sandbox.records(kind)
    truth.sort(key=lambda one: (one[field], one["id"]), reverse=order == "descending")
    found = shared.walk(kind, ALL, {"field": field, "order": order}, per_page=17)
    assert [one["id"] for one in found] == [one["id"] for one in truth]
    assert found == truth


def test_a_scanned_walk_is_ordered_too(shared: Client) -> None:
    truth = [one for one in shared.sandbox.records("contacts") if one["role"] == "user"]
    truth.sort(key=lambda one: (one["updated_at"], one["id"]))
    found = shared.walk("contacts", every(ALL, where("role", "=", "user")), ascending(), per_page=31)
    assert found == truth


def test_pages_tell_where_they_stand(shared: Client) -> None:
    first = shared.search("contacts", ALL, sort=ascending(), pagination={"per_page": 100}).json()
    assert first["total_count"] == 700
    assert {key: first["pages"][key] for key in ("type", "page", "per_page", "total_pages")} == {
        "type": "pages", "page": 1, "per_page": 100, "total_pages": 7}  # fmt: skip
    following = first["pages"]["next"]
    assert following["page"] == 2
    last = first["data"][-1]
    assert json.loads(base64.b64decode(following["starting_after"])) == [last["updated_at"] * 1000, last["id"], 2]
    again = {"per_page": 100, "starting_after": following["starting_after"]}
    second = shared.search("contacts", ALL, sort=ascending(), pagination=again).json()
    assert second["pages"]["page"] == 2
    everything = shared.search("tickets", ALL, pagination={"per_page": 120}).json()
    assert len(everything["tickets"]) == everything["total_count"] == 120
    assert "next" not in everything["pages"]


def test_an_empty_answer(shared: Client) -> None:
    answer = shared.search("tickets", where("created_at", "<", 5)).json()
    assert answer == {"type": "ticket.list", "tickets": [], "total_count": 0,
                      "pages": {"type": "pages", "page": 1, "per_page": 20, "total_pages": 0}}  # fmt: skip


def test_the_default_order_is_descending(shared: Client) -> None:
    times = [one["created_at"] for one in shared.walk("conversations", ALL)]
    assert times == sorted(times, reverse=True)
    assert len(times) == 300


def test_dropping_sort_on_a_later_page_is_a_500(shared: Client) -> None:
    first = shared.search("contacts", ALL, sort=ascending(), pagination={"per_page": 5}).json()
    again = {"per_page": 5, "starting_after": first["pages"]["next"]["starting_after"]}
    assert error_of(shared.search("contacts", ALL, pagination=again)) == (500, "server_error")
    assert shared.search("contacts", ALL, sort=ascending(), pagination=again).status_code == 200


@pytest.mark.parametrize("cursor", ["nonsense", "bm9uc2Vuc2U=", 7, base64.b64encode(b'[1, "nobody", 2]').decode(),
                                    base64.b64encode(b'{"a": 1}').decode()])  # fmt: skip
def test_a_bad_cursor(shared: Client, cursor: object) -> None:
    again = {"starting_after": cursor}
    assert error_of(shared.search("contacts", ALL, sort=ascending(), pagination=again)) == (400, "client_error")
    assert error_of(shared.search("tickets", ALL, sort=ascending(), pagination=again)) == (500, "server_error")


def test_a_cursor_in_the_query_string_is_ignored(shared: Client) -> None:
    body = {"query": ALL, "sort": ascending(), "pagination": {"per_page": 5}}
    first = shared.post("/tickets/search", body).json()
    cursor = first["pages"]["next"]["starting_after"]
    assert shared.post("/tickets/search", body, starting_after=cursor).json() == first


@pytest.mark.parametrize(("path", "key", "size"), [("/contacts", "data", 10), ("/conversations", "conversations", 20)])
def test_lists_by_cursor(shared: Client, path: str, key: str, size: int) -> None:
    first = shared.get(path).json()
    assert len(first[key]) == size
    found, answer = list(first[key]), first
    while "next" in answer["pages"]:
        answer = shared.get(path, per_page=60, starting_after=answer["pages"]["next"]["starting_after"]).json()
        found += answer[key]
    truth = shared.sandbox.records(path[1:])
    assert sorted(one["id"] for one in found) == sorted(str(one["id"]) for one in truth)
    assert error_of(shared.get(path, starting_after="nonsense")) == (400, "client_error")
    assert error_of(shared.get(path, per_page=151)) == (400, "parameter_invalid")


def test_activity_logs_page_by_url(shared: Client) -> None:
    low, high = NOW - 200 * 86_400, NOW - 20 * 86_400
    answer = shared.get("/admins/activity_logs", created_at_after=low, created_at_before=high, per_page=50)
    found = []
    while True:
        page = answer.json()
        found += page["activity_logs"]
        if page["pages"]["next"] is None:
            break
        answer = shared.get(page["pages"]["next"])
    truth = [one for one in shared.sandbox.records("activity_logs") if low <= int(str(one["created_at"])) <= high]
    assert len(truth) > 100
    assert found == truth[::-1]
    assert len(shared.get("/admins/activity_logs", created_at_after=1).json()["activity_logs"]) == 20
    assert error_of(shared.get("/admins/activity_logs", per_page=251)) == (400, "parameter_invalid")
    assert error_of(shared.get("/admins/activity_logs", created_at_after="monday")) == (400, "parameter_invalid")


def test_activity_logs_reach_back_thirty_days_by_default(shared: Client) -> None:
    found = shared.get("/admins/activity_logs", per_page=250).json()["activity_logs"]
    truth = [one for one in shared.sandbox.records("activity_logs") if int(str(one["created_at"])) >= NOW - 30 * 86_400]
    assert 0 < len(truth) < 100
    assert {one["id"] for one in truth} == {one["id"] for one in found}


@pytest.fixture
def small() -> Iterator[Client]:
    with serve(contacts=60, conversations=60, tickets=10, companies=10) as client:
        yield client


def test_a_record_that_changes_behind_an_ascending_walk_is_seen_again(small: Client) -> None:
    first = small.search("conversations", ALL, sort=ascending(), pagination={"per_page": 20}).json()
    changed = small.sandbox.change(conversations={"update": 60})["conversations"]["update"]
    assert len(changed) == 60
    again = {"per_page": 60, "starting_after": first["pages"]["next"]["starting_after"]}
    rest = small.search("conversations", ALL, sort=ascending(), pagination=again).json()
    assert sorted(one["id"] for one in rest["conversations"]) == sorted(changed)


def test_a_record_that_changes_ahead_of_a_descending_walk_is_missed(small: Client) -> None:
    down = {"field": "updated_at", "order": "descending"}
    first = small.search("conversations", ALL, sort=down, pagination={"per_page": 20}).json()
    small.sandbox.change(conversations={"update": 60})
    again = {"per_page": 60, "starting_after": first["pages"]["next"]["starting_after"]}
    assert small.search("conversations", ALL, sort=down, pagination=again).json()["conversations"] == []


def test_a_cursor_survives_the_deletion_of_its_record(small: Client) -> None:
    whole = [one["id"] for one in small.walk("conversations", ALL, ascending())]
    first = small.search("conversations", ALL, sort=ascending(), pagination={"per_page": 20}).json()
    small.sandbox.change(conversations={"delete": 60})
    again = {"per_page": 20, "starting_after": first["pages"]["next"]["starting_after"]}
    answer = small.search("conversations", ALL, sort=ascending(), pagination=again)
    assert (answer.status_code, answer.json()["conversations"], len(whole)) == (200, [], 60)


@pytest.mark.parametrize("sort", ["updated_at", "created_at"])
def test_the_index_lags(small: Client, sort: str) -> None:
    changed = small.sandbox.change(contacts={"update": 7, "create": 2})["contacts"]
    fresh = {*changed["update"], *changed["create"]}
    assert len(small.walk("contacts", ALL, ascending(sort))) == 62
    small.sandbox.settings.index_lag_seconds = 300
    found = {one["id"] for one in small.walk("contacts", ALL, ascending(sort), per_page=9)}
    recent = {one["id"] for one in small.sandbox.records("contacts") if int(str(one["updated_at"])) > NOW - 300}
    assert found == {one["id"] for one in small.sandbox.records("contacts")} - recent
    assert fresh <= recent
    assert small.get(f"/contacts/{changed['create'][0]}").status_code == 200
