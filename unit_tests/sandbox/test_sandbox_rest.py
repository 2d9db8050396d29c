"""What stands beside contacts and companies: threads, settings, content. Lists, orders, limits, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from sandbox_client import NOW, Client, Json, error_of, serve

from sandbox.kinds import KINDS
from sandbox.router import Endpoint

NEW: dict[str, str | None] = {"Intercom-Version": "2.17"}
HOUR = 3_600

LISTS = [
    # stream, path, page size (None: not paged), default, limit, in which order
    ("articles", "/articles", 7, 25, 150, "updated_at"),
    ("collections", "/help_center/collections", 7, 20, 150, "updated_at"),
    ("help_centers", "/help_center/help_centers", None, 0, 0, ""),
    ("internal_articles", "/internal_articles", 7, 25, 150, ""),
    ("folders", "/folders", 5, 50, 150, ""),
    ("dynamic_contents", "/dynamic_contents", 5, 50, 50, "updated_at"),
    ("news_items", "/news/news_items", 7, 10, 150, ""),
    ("newsfeeds", "/news/newsfeeds", 2, 10, 150, ""),
    ("content_import_sources", "/ai/content_import_sources", 3, 50, 150, ""),
    ("external_pages", "/ai/external_pages", 7, 50, 150, ""),
    ("content_snippets", "/content_snippets", 7, 50, 50, ""),
    ("audiences", "/audiences", 4, 50, 50, ""),
    ("calls", "/calls", 7, 25, 25, ""),
    ("macros", "/macros", 7, 50, 150, "updated_at"),
    ("data_connectors", "/data_connectors", 2, 20, 50, "updated_at"),
    ("conversations_deleted", "/conversations/deleted", 5, 20, 60, "deleted_at"),
    ("subscription_types", "/subscription_types", None, 0, 0, ""),
    ("away_status_reasons", "/away_status_reasons", None, 0, 0, ""),
    ("brands", "/brands", None, 0, 0, ""),
    ("email_settings", "/emails", None, 0, 0, ""),
    ("office_hours_schedules", "/office_hours_schedules", None, 0, 0, ""),
    ("conversation_attributes", "/conversations/attributes?include_archived=true", None, 0, 0, ""),
    ("ticket_types", "/ticket_types", None, 0, 0, ""),
    ("ticket_states", "/ticket_states", None, 0, 0, ""),
]
CLAMPED = ("dynamic_contents",)
"""Lists that answer a page too long with the longest one."""
BY_PARENT = [
    # stream, parent kind, path, key of the parent, key of the records, page size, default, limit, further query
    ("office_hours_exceptions", "office_hours_schedules", "/office_hours_schedules/{}/office_hours_exceptions",
     "office_hours_schedule_id", "data", None, 0, 0, {}),
    ("data_connector_execution_results", "data_connectors", "/data_connectors/{}/execution_results",
     "data_connector_id", "data", 4, 10, 30, {"start_ts": 0}),
    ("help_center_redirects", "help_centers", "/help_center/help_centers/{}/redirects", "help_center_id", "data", 4,
     50, 250, {}),
    ("article_versions", "articles", "/articles/{}/versions", "article_id", "data", 7, 25, 150, {}),
    ("team_metrics", "teams", "/teams/{}/metrics", "team_id", "data", None, 0, 0, {}),
    ("newsfeed_items", "newsfeeds", "/news/newsfeeds/{}/items", "newsfeed_id", "data", 4, 20, 150, {}),
    ("conversation_handling_events", "conversations", "/conversations/{}/handling_events", "conversation_id",
     "handling_events", None, 0, 0, {}),
    ("side_conversations", "conversations", "/conversations/{}/side_conversations", "conversation_id",
     "side_conversations", 10, 25, 50, {}),
]  # fmt: skip


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=60, companies=20, conversations=60, tickets=10, rate_limit=0) as made:
        yield made


def key_of(stream: str) -> str:
    return "conversations" if stream == "conversations_deleted" else "data"


def in_version(record: Json, stream: str) -> Json:
    """A record of the truth, which is told in 2.15 where 2.15 has it, as 2.16 and later show it."""
    hidden = ("parent_id", "parent_type") if stream == "articles" else ()
    return {key: value for key, value in record.items() if key not in hidden}


@pytest.mark.parametrize(("stream", "path", "size", "default", "limit", "order"), LISTS)
def test_what_is_listed_is_the_truth(
    shared: Client, stream: str, path: str, size: int | None, default: int, limit: int, order: str
) -> None:
    key = key_of(stream)
    expected = [in_version(one, stream) for one in shared.sandbox.records(stream)]
    pages = shared.pages(path, key, **({} if size is None else {"per_page": size}))
    found = [one for page in pages for one in page]
    if order:
        stamps = [one[order] for one in found]
        assert stamps == sorted(stamps, reverse=True)
        found.sort(key=lambda one: str(one["id"]))
        expected.sort(key=lambda one: str(one["id"]))
    assert found == expected
    if size is not None:
        assert len(pages) == -(-len(expected) // size) > 1
        one_page = shared.get(path, headers=NEW).json()
        assert (one_page.get("pages") or one_page)["per_page"] == default
        assert len(one_page[key]) == min(default, len(expected))
        assert shared.get(path, headers=NEW, per_page=limit).status_code == 200
        beyond = shared.get(path, headers=NEW, per_page=limit + 1)
        if stream in CLAMPED:
            assert beyond.json()["per_page"] == limit
        else:
            assert error_of(beyond) == (400, "parameter_invalid")


@pytest.mark.parametrize(("stream", "parents", "path", "key", "holder", "size", "default", "limit", "query"), BY_PARENT)
def test_what_is_listed_under_a_parent_is_the_truth(
    shared: Client, stream: str, parents: str, path: str, key: str, holder: str, size: int | None, default: int,
    limit: int, query: Json,
) -> None:  # fmt: skip
    expected: dict[str, list[Json]] = {str(one["id"]): [] for one in shared.sandbox.records(parents)}
    for one in shared.sandbox.records(stream):
        expected[str(one[key])].append(one["record"])
    assert len([held for held in expected.values() if held]) > 1
    assert size is None or any(len(held) > size for held in expected.values())
    paged = {} if size is None else {"per_page": size}
    for name, held in expected.items():
        found = shared.all(path.format(name), holder, **paged, **query)
        assert sorted(found, key=repr) == sorted(held, key=repr)
    if size is not None:
        assert shared.get(path.format(name), headers=NEW).json()["pages"]["per_page"] == default
        assert error_of(shared.get(path.format(name), headers=NEW, per_page=limit + 1))[0] == 400
    assert shared.get(path.format("nobody"), headers=NEW).status_code == 404


def test_custom_objects_by_type(shared: Client) -> None:
    truth = shared.sandbox.records("custom_object_instances")
    for kind in ("Order", "Subscription"):
        expected = [one["record"] for one in truth if one["type_identifier"] == kind]
        assert shared.all(f"/custom_object_instances/{kind}", per_page=7) == expected
        assert all(one["type"] == kind for one in shared.all(f"/custom_object_instances/{kind}"))
    assert len(truth) == 40
    assert error_of(shared.get("/custom_object_instances/Pet", headers=NEW)) == (404, "not_found")
    assert error_of(shared.get("/custom_object_instances/Order")) == (400, "intercom_version_invalid")


# Shapes of paging.


def test_shapes_of_paging(shared: Client) -> None:
    side = next(one["conversation_id"] for one in shared.sandbox.records("side_conversations"))
    pages = shared.get(f"/conversations/{side}/side_conversations", headers=NEW).json()["pages"]
    assert pages == {"type": "pages", "page": 1, "per_page": 25, "total_pages": 1}
    for path in ("/audiences", "/content_snippets"):
        assert set(shared.get(path, headers=NEW).json()) == {
            "type", "data", "total_count", "page", "per_page", "total_pages"}  # fmt: skip
    assert set(shared.get("/macros", headers=NEW).json()) == {"type", "data", "pages"}
    assert "type" not in shared.get(f"/conversations/{side}/handling_events").json()
    following = shared.get("/articles", per_page=5).json()["pages"]["next"]
    assert re.fullmatch(r"http://[\d.]+:\d+/articles\?per_page=5&page=2", following)
    assert shared.get("/articles", page=99).json()["data"] == []


@pytest.mark.parametrize("cursor", ["x", "WzFd", "W10=", "eyJhIjogMX0=", "WzE3MTk0OTM3NTcuMCwgIjEyMyJd", "bnVsbA=="])
def test_a_cursor_of_nobody(shared: Client, cursor: str) -> None:
    for path in ("/macros", "/data_connectors"):
        assert error_of(shared.get(path, headers=NEW, starting_after=cursor)) == (400, "client_error")


# Each with its rules.


def test_macros_updated_since(shared: Client) -> None:
    macros = shared.all("/macros")
    changed = {one["id"]: shared.sandbox.server.ws.collection("macros").updated[n]
               for n, one in enumerate(shared.sandbox.records("macros"))}  # fmt: skip
    edge = changed[macros[9]["id"]]
    assert [one["id"] for one in shared.all("/macros", updated_since=edge)] == [one["id"] for one in macros[:9]]
    assert [one["id"] for one in shared.all("/macros", updated_since=edge - 1, per_page=4)] == [
        one["id"] for one in macros[:10]]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", macros[0]["updated_at"])
    answer = shared.get("/macros", headers=NEW, updated_since="yesterday")
    assert error_of(answer) == (400, "parameter_invalid")
    assert "updated_since" in answer.text


def test_runs_of_the_last_hour_unless_told_otherwise(client: Client) -> None:
    client.sandbox.change(data_connector_execution_results={"create": 20})
    name = next(one["data_connector_id"] for one in client.sandbox.records("data_connector_execution_results")[-20:])
    path = f"/data_connectors/{name}/execution_results"
    recent, whole = client.all(path), client.all(path, start_ts=0)
    assert 0 < len(recent) < len(whole)
    assert whole[: len(recent)] == recent
    older = client.all(path, start_ts=NOW - 100 * 24 * HOUR, end_ts=NOW - HOUR)
    assert older == [one for one in whole if one in older]
    assert 0 < len(older) < len(whole) - len(recent) + 1
    assert "request_body" not in whole[0]
    assert "request_body" in client.all(path, start_ts=0, include_bodies="true")[0]
    code = error_of(client.get("/data_connectors/1/execution_results", headers=NEW))
    assert code == (404, "data_connector_not_found")


def test_attributes_of_conversations(shared: Client) -> None:
    every = shared.all("/conversations/attributes", include_archived="true")
    assert shared.all("/conversations/attributes") == [one for one in every if not one["archived"]] != every
    assert len({one["data_type"] for one in every}) == 8
    assert error_of(shared.get("/conversations/attributes")) == (400, "intercom_version_invalid")


def test_transcripts(shared: Client) -> None:
    truth = {one["id"]: one for one in shared.sandbox.records("call_transcripts")}
    conversations = sorted({str(one["conversation_id"]) for one in truth.values()})
    found: list[Json] = []
    for start in range(0, len(conversations), 20):
        found += shared.post("/calls/search", {"conversation_ids": conversations[start : start + 20]}).json()["data"]
    assert {one["id"]: one for one in found} == truth
    assert len(found) == len(truth)
    assert any(one["transcript"] for one in found) and any(not one["transcript"] for one in found)
    calls = shared.sandbox.records("calls")
    assert set(truth) == {one["id"] for one in calls if one["conversation_id"] is not None}
    for wrong in ([], conversations[:21], "1", None):
        answer = shared.post("/calls/search", {"conversation_ids": wrong})
        assert error_of(answer) == (400, "conversation_id_limit_exceeded")
    assert shared.post("/calls/search", {"conversation_ids": ["0", "x"]}).json()["data"] == []


def test_deleted_conversations_are_told(client: Client) -> None:
    before = client.all("/conversations/deleted", "conversations")
    gone = client.sandbox.change(conversations={"delete": 3})["conversations"]["delete"]
    after = client.all("/conversations/deleted", "conversations", per_page=4)
    assert {one["id"] for one in after[:3]} == set(gone)
    assert all(one["deleted_at"] >= NOW for one in after[:3])
    assert after[3:] == before
    assert client.all("/conversations/deleted", "conversations", order="asc") == after[::-1]
    assert error_of(client.get("/conversations/deleted", headers=NEW, order="up")) == (400, "parameter_invalid")
    assert error_of(client.get("/conversations/deleted")) == (400, "intercom_version_invalid")


def test_handling_events_come_with_changes_and_are_unique(client: Client) -> None:
    def told() -> list[tuple[object, ...]]:
        records: list[Json] = client.sandbox.records("conversation_handling_events")
        return [(one["conversation_id"], one["record"]["timestamp"], one["record"]["type"],
                 one["record"]["teammate"]["id"]) for one in records]  # fmt: skip

    before = told()
    client.sandbox.change(conversations={"update": 60})
    after = told()
    assert len(set(after)) == len(after) > len(before)
    assert set(before) < set(after)


def test_a_crowd_of_linked_objects(shared: Client) -> None:
    crowds = [one["linked_objects"] for one in shared.sandbox.records("conversations")]
    assert max(one["total_count"] for one in crowds) > 10
    for one in crowds:
        assert len(one["data"]) == one["total_count"]
        assert {link["category"] for link in one["data"] if link["type"] == "conversation"} <= {None}
    categories = {one["id"]: one["category"] for one in shared.sandbox.records("tickets")}
    for one in shared.sandbox.records("conversation_linked_objects"):
        record: Json = one["record"]
        assert record["type"] == "conversation" or categories[record["id"]] == record["category"]


def test_activity_logs_by_type(shared: Client) -> None:
    names = [one["name"] for one in shared.sandbox.records("activity_log_event_types")]
    assert shared.get("/admins/activity_log_event_types", headers=NEW).json()["event_types"] == names
    logs = shared.sandbox.records("activity_logs")
    assert {one["activity_type"] for one in logs} <= set(names)
    body = {"created_at_after": 0, "event_types": ["app_name_change", "bulk_export"]}
    found = shared.post("/admins/activity_logs/search", body, headers=NEW, per_page=250).json()["activity_logs"]
    assert found == [one for one in reversed(logs) if one["activity_type"] in body["event_types"]]
    for wrong in ({}, {"created_at_after": "x"}, {"created_at_after": 0, "event_types": ["dance"]}):
        assert shared.post("/admins/activity_logs/search", wrong, headers=NEW).status_code == 400


def test_the_shapes_that_surprise_are_all_there(shared: Client) -> None:
    records = shared.sandbox.records
    assert records("brands")[0]["id"] == shared.get("/me").json()["app"]["id_code"]
    assert [one["is_default"] for one in records("brands")] == [True, False, False]
    assert all(isinstance(one["id"], int) for one in records("content_import_sources"))
    assert any(one["deleted"] for one in records("away_status_reasons"))
    for kind in ("ticket_types", "ticket_states", "ticket_type_attributes", "conversation_attributes"):
        assert {one["archived"] for one in records(kind)} == {True, False}
    assert any(one["body"] is None for one in records("macros"))
    assert any("id" in one.get("translated_content", {}) for one in records("articles"))
    assert any(one["parent_id"] is None for one in records("articles"))
    assert any(one["conversation_id"] is None for one in records("calls"))
    assert {one["state"] for one in records("news_items")} == {"draft", "live"}
    assert "parent_id" in shared.get("/articles").json()["data"][0]
    assert "parent_id" not in shared.get("/articles", headers=NEW).json()["data"][0]


# Change, versions, permissions.


@pytest.mark.parametrize("kind", list(KINDS))
def test_change(client: Client, kind: str) -> None:
    number = client.sandbox.server.ws.collection(kind).number_of

    def bare() -> dict[str, Json]:
        records = client.sandbox.records(kind)
        return {one.get("id") or one["receipt_id"]: one for one in (raw.get("record", raw) for raw in records)}

    before = bare()
    fixed = KINDS[kind].fixed
    asked = {"create": 1, "delete": 1} if fixed else {"update": 1, "create": 1, "delete": 1}
    done = client.sandbox.change(**{kind: asked})[kind]
    after = bare()
    touched = {verb: type(next(iter(before)))(names[0]) for verb, names in done.items() if names}
    assert set(after) - set(before) == {touched["create"]}
    assert set(before) - set(after) == {touched["delete"]}
    assert number(str(touched["create"])) is not None
    if not fixed:
        assert after[touched["update"]] != before[touched["update"]]
        rest = set(before) & set(after) - {touched["update"]}
        assert {name: after[name] for name in rest} == {name: before[name] for name in rest}


def ask(client: Client, endpoint: Endpoint, version: str) -> requests.Response:
    """Call an endpoint with whatever ids; the doorkeepers stand before these matter."""
    path = endpoint.path.replace("{id}", "1").replace("{type}", "Order")
    headers = {"Intercom-Version": version}
    return client.session.request(endpoint.method, client.sandbox.url + path, headers=headers, timeout=10)


def test_versions(shared: Client) -> None:
    for endpoint in shared.sandbox.server.router.endpoints:
        for version in ("2.11", "2.12", "2.13", "2.14", "2.15", "2.16"):
            if version < endpoint.since:
                assert error_of(ask(shared, endpoint, version)) == (400, "intercom_version_invalid")


def test_every_endpoint_wants_a_permission_but_one(client: Client) -> None:
    for endpoint in client.sandbox.server.router.endpoints:
        client.sandbox.settings.scopes = []
        answer = ask(client, endpoint, "2.17")
        if endpoint.permission is None:
            assert (endpoint.path, answer.status_code) == ("/me", 200)
            continue
        assert error_of(answer) in ((401, "token_unauthorized"), (403, "action_forbidden"))
        client.sandbox.settings.scopes = [endpoint.permission.label]
        assert ask(client, endpoint, "2.17").status_code in (200, 400, 404)
