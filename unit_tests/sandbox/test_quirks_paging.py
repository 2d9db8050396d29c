"""Quirks of lists and searches, page by page: on and off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import NOW, Client, Json, ascending, error_of, serve, where

ALL = where("created_at", ">", 1)
DAY = 86_400


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=40, conversations=60, tickets=30, companies=5) as made:
        yield made


@pytest.fixture
def dense() -> Iterator[Client]:
    """Many records a day."""
    with serve(contacts=300, conversations=300, tickets=300, companies=5, history_days=10) as made:
        yield made


def page(client: Client, after: str | None = None, size: int = 10, **more: object) -> Json:
    pagination = {"per_page": size} if after is None else {"per_page": size, "starting_after": after}
    answer = client.search("conversations", ALL, sort=ascending(), pagination=pagination, **more)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def ids(body: Json, key: str = "conversations") -> list[str]:
    return [one["id"] for one in body[key]]


def after(body: Json) -> str:
    cursor: str = body["pages"]["next"]["starting_after"]
    return cursor


@pytest.mark.parametrize(
    ("path", "holder"),
    [("/articles", "pages"), ("/internal_articles", "pages"), ("/content_snippets", ""),
     ("/admins/activity_logs", "pages"), ("/conversations/deleted", "pages")],
)  # fmt: skip
def test_counters_that_are_text(client: Client, path: str, holder: str) -> None:
    query: dict[str, object] = {"page": 2, "per_page": 5, "created_at_after": 1}
    headers: dict[str, str | None] = {"Intercom-Version": "2.16"}
    off = client.get(path, headers=headers, **query).json()
    client.sandbox.settings.quirks = ["text-page-counters"]
    body = client.get(path, headers=headers, **query).json()
    counters = body[holder] if holder else body
    assert (counters["page"], counters["per_page"]) == ("2", "5")
    assert isinstance(counters["total_pages"], int)
    assert "next" not in counters
    assert (off[holder] if holder else off)["page"] == 2
    first = client.get(path, headers=headers).json()
    assert (first[holder] if holder else first)["page"] == 1
    assert page(client)["pages"]["page"] == 1


def test_a_search_that_ends_early(client: Client) -> None:
    client.sandbox.settings.quirks = ["search-ends-early"]
    first = page(client)
    assert "next" not in first["pages"]
    assert (len(first["conversations"]), first["total_count"]) == (10, 60)
    assert "next" in page(client)["pages"]
    client.sandbox.settings.quirks = ["search-ends-early=always"]
    assert all("next" not in page(client)["pages"] for _ in range(3))
    client.sandbox.settings.quirks = []
    assert len(client.walk("conversations", ALL, per_page=7)) == 60


def test_a_probe_for_one_record_uses_up_no_chance(client: Client) -> None:
    client.sandbox.settings.quirks = ["search-ends-early"]
    assert "next" in page(client, size=1)["pages"]
    assert "next" not in page(client, size=2)["pages"]


def test_a_page_that_is_repeated(client: Client) -> None:
    client.sandbox.settings.quirks = ["repeated-page"]
    first = page(client)
    second = page(client, after(first))
    assert ids(second) == ids(first)
    assert "next" not in second["pages"]
    again = page(client, after(first))
    assert not set(ids(again)) & set(ids(first))
    assert "next" in again["pages"]


def test_a_last_page_that_is_empty(client: Client) -> None:
    client.sandbox.settings.quirks = ["empty-last-page"]
    first = page(client)
    second = page(client, after(first))
    assert (second["conversations"], second["total_count"], "next" in second["pages"]) == ([], 60, False)
    assert len(page(client, after(first))["conversations"]) == 10


def test_a_search_without_pages(client: Client) -> None:
    client.sandbox.settings.quirks = ["no-pages=2"]
    assert ["pages" in page(client) for _ in range(3)] == [False, False, True]


def test_a_total_that_is_wrong_for_good(client: Client) -> None:
    client.sandbox.settings.quirks = ["wrong-total-for-good"]
    assert [page(client)["total_count"] for _ in range(3)] == [65, 65, 65]
    client.sandbox.settings.quirks = ["wrong-total-for-good=2"]
    assert page(client)["total_count"] == 62
    assert len(client.walk("conversations", ALL)) == 60
    client.sandbox.settings.quirks = []
    assert page(client)["total_count"] == 60


def test_short_pages(client: Client) -> None:
    client.sandbox.settings.quirks = ["short-pages"]
    first = page(client)
    assert (len(first["conversations"]), first["pages"]["per_page"], first["total_count"]) == (6, 10, 60)
    assert {one["id"] for one in client.walk("conversations", ALL, per_page=10)} == {
        one["id"] for one in client.sandbox.records("conversations")
    }
    listed = client.pages("/conversations", "conversations", per_page=15)
    assert len(listed[0]) == 10
    assert sum(map(len, listed)) == 60


def test_a_next_that_holds_null(client: Client) -> None:
    client.sandbox.settings.quirks = ["null-next"]
    assert page(client, size=150)["pages"]["next"] == {"starting_after": None}
    assert after(page(client))
    headers: dict[str, str | None] = {"Intercom-Version": "2.16"}
    macros = client.get("/macros", headers=headers, per_page=150).json()
    assert macros["pages"]["next"] == {"starting_after": None}
    client.sandbox.settings.quirks = []
    assert "next" not in page(client, size=150)["pages"]


def test_paging_without_end_by_cursor(client: Client) -> None:
    client.sandbox.settings.quirks = ["endless-paging"]
    cursors, seen, body = [], [], page(client, size=50)
    for _ in range(8):
        seen += ids(body)
        cursors.append(after(body))
        body = page(client, cursors[-1], size=50)
    assert len(set(cursors)) > 4
    assert len(set(seen)) == 60 < len(seen)


def test_paging_without_end_by_link(client: Client) -> None:
    client.sandbox.settings.quirks = ["endless-paging=GET /articles"]
    url, links, seen = "/articles", [], []
    for _ in range(6):
        body = client.get(url).json()
        seen += ids(body, "data")
        url = body["pages"]["next"]
        links.append(url)
    assert len(set(links)) == 6
    assert len(set(seen)) == 40 < len(seen)
    assert client.get("/internal_articles", per_page=100).json()["pages"]["next"] is None


def test_paging_without_end_by_counters(client: Client) -> None:
    client.sandbox.settings.quirks = ["endless-paging"]
    headers: dict[str, str | None] = {"Intercom-Version": "2.16"}
    for path in ("/content_snippets", "/audiences"):
        seen = []
        for number in range(1, 7):
            body = client.get(path, headers=headers, page=number, per_page=10).json()
            assert (body["page"], body["total_pages"] > number) == (number, True)
            seen += ids(body, "data")
        assert len(set(seen)) < len(seen)


def test_paging_without_end_of_merges_events_and_the_scroll(client: Client) -> None:
    client.sandbox.settings.quirks = ["endless-paging"]
    headers: dict[str, str | None] = {"Intercom-Version": "2.16"}
    merged = client.sandbox.records("contact_merge_history")[0]["contact_id"]
    cursors: list[str] = []
    for _ in range(3):
        more = {"cursor": cursors[-1]} if cursors else {}
        body = client.get(f"/contacts/{merged}/merge_history", headers=headers, per_page=150, **more).json()
        assert body["data"]
        cursors.append(body["next_cursor"])
    assert len(set(cursors)) == 3
    who = client.sandbox.records("contact_events")[0]["intercom_user_id"]
    url, links = f"/events?type=user&intercom_user_id={who}&per_page=100", []
    for _ in range(3):
        body = client.get(url).json()
        assert body["events"]
        url = body["pages"]["next"]
        links.append(url)
    assert len(set(links)) == 3
    client.sandbox.settings.quirks = ["endless-paging=GET /companies/scroll"]
    token: dict[str, object] = {}
    for _ in range(4):
        body = client.get("/companies/scroll", **token).json()
        assert len(body["data"]) == 5
        token = {"scroll_param": body["scroll_param"]}


def test_a_cursor_that_is_refused_once(client: Client) -> None:
    first = page(client)
    client.sandbox.settings.quirks = ["refused-cursor"]
    again = {"pagination": {"per_page": 10, "starting_after": after(first)}, "sort": ascending()}
    answers = [client.search("conversations", ALL, **again) for _ in range(2)]
    assert error_of(answers[0]) == (400, "invalid_param")
    assert answers[1].status_code == 200


def test_a_cursor_that_is_refused_always(client: Client) -> None:
    first = page(client)
    client.sandbox.settings.quirks = ["refused-cursor=always"]
    again = {"pagination": {"per_page": 10, "starting_after": after(first)}, "sort": ascending()}
    assert [client.search("conversations", ALL, **again).status_code for _ in range(3)] == [400] * 3
    assert len(client.all("/conversations", "conversations")) == 60


def test_sort_that_is_ignored(client: Client) -> None:
    plain = ids(page(client, size=150))
    client.sandbox.settings.quirks = ["ignored-sort"]
    odd = ids(page(client, size=150))
    assert set(odd) == set(plain)
    assert odd != plain
    assert odd == ids(client.search("conversations", ALL, pagination={"per_page": 150}).json())
    assert len(client.walk("conversations", ALL, sort=ascending(), per_page=7)) == 60


@pytest.mark.parametrize(
    ("path", "key", "time"),
    [("/articles", "data", "updated_at"), ("/help_center/collections", "data", "updated_at"),
     ("/internal_articles", "data", "created_at"), ("/news/news_items", "data", "created_at"),
     ("/macros", "data", "updated_at"), ("/data_connectors", "data", "updated_at"),
     ("/conversations/deleted", "conversations", "deleted_at")],
)  # fmt: skip
def test_lists_in_no_order(client: Client, path: str, key: str, time: str) -> None:
    plain = client.all(path, key, per_page=2)
    times = [one[time] for one in plain]
    assert times in (sorted(times), sorted(times, reverse=True))
    client.sandbox.settings.quirks = ["unsorted-lists"]
    odd = client.all(path, key, per_page=2)
    assert sorted(one["id"] for one in odd) == sorted(one["id"] for one in plain)
    times = [one[time] for one in odd]
    assert times not in (sorted(times), sorted(times, reverse=True))


def test_a_scroll_conflict_with_another_code(client: Client) -> None:
    client.get("/companies/scroll")
    assert error_of(client.get("/companies/scroll")) == (400, "scroll_exists")
    client.sandbox.settings.quirks = ["scroll-conflict-message"]
    answer = client.get("/companies/scroll")
    assert error_of(answer) == (400, "bad_request")
    assert answer.json()["errors"][0]["message"] == "scroll already exists for this workspace"


@pytest.mark.parametrize("kind", ["conversations", "tickets"])
def test_searches_by_whole_days_of_utc(dense: Client, kind: str) -> None:
    client = dense
    records = client.sandbox.records(kind)
    moment = sorted(one["updated_at"] for one in records)[len(records) // 2]
    start, following = moment // DAY * DAY, moment // DAY * DAY + DAY
    client.sandbox.settings.quirks = ["whole-utc-days"]
    wanted = {
        "=": lambda at: start <= at < following, ">": lambda at: at >= following, "<": lambda at: at < start,
        ">=": lambda at: at >= start, "<=": lambda at: at < following,
    }  # fmt: skip
    for operator, holds in wanted.items():
        found = {one["id"] for one in client.walk(kind, where("updated_at", operator, moment))}
        assert found == {one["id"] for one in records if holds(one["updated_at"])}, operator
    client.sandbox.settings.quirks = []
    found = {one["id"] for one in client.walk(kind, where("updated_at", ">", moment))}
    assert found == {one["id"] for one in records if one["updated_at"] > moment}


def test_contacts_by_days_of_utc(dense: Client) -> None:
    client = dense
    records = client.sandbox.records("contacts")
    edge = NOW // DAY * DAY - 3 * DAY
    client.sandbox.settings.quirks = ["contacts-utc-days"]
    found = {one["id"] for one in client.walk("contacts", where("updated_at", ">", edge - 1))}
    assert found == {one["id"] for one in records if one["updated_at"] >= edge}


def test_a_search_of_two_ways_to_end(client: Client) -> None:
    """Quirks pass an answer on to each other."""
    client.sandbox.settings.quirks = ["wrong-total-for-good=3", "null-next", "short-pages", "ignored-sort"]
    body = page(client, size=90)
    assert (body["total_count"], body["pages"]["next"]) == (63, {"starting_after": None})
