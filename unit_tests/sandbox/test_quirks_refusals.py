"""Quirks of what is refused, to whom, and with which words: on and off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import NOW, Client, either, error_of, serve, where

from sandbox.permissions import Permission

DAY = 86_400
LATEST: dict[str, str | None] = {"Intercom-Version": "2.16"}
PEOPLE_ONLY = [one.label for one in Permission.all_reads() if one is not Permission.READ_TICKETS]


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=40, conversations=60, tickets=30, companies=5) as made:
        yield made


def test_conversations_that_are_tickets_are_hidden(client: Client) -> None:
    every = {one["id"]: one for one in client.sandbox.records("conversations")}
    tickets = {name for name, one in every.items() if one["ticket"]}
    assert 5 < len(tickets) < 30
    client.sandbox.settings.quirks = ["hidden-tickets"]
    assert len(client.all("/conversations", "conversations", per_page=20)) == 60
    client.sandbox.settings.scopes = PEOPLE_ONLY
    left = set(every) - tickets
    assert {one["id"] for one in client.all("/conversations", "conversations", per_page=7)} == left
    assert {one["id"] for one in client.walk("conversations", where("created_at", ">", 1), per_page=7)} == left
    assert client.search("conversations", where("updated_at", ">", 1)).json()["total_count"] == len(left)
    named = either(*(where("id", "=", name) for name in sorted(tickets)[:3]))
    assert client.search("conversations", named).json()["total_count"] == 0
    for name in sorted(tickets)[:3]:
        for path in ("", "/handling_events", "/side_conversations"):
            refused = client.get(f"/conversations/{name}{path}", headers=LATEST)
            assert error_of(refused) == (403, "action_forbidden")
    assert client.get(f"/conversations/{min(left)}").status_code == 200
    assert {one["id"] for one in client.sandbox.records("conversations")} == left
    assert {one["conversation_id"] for one in client.sandbox.records("conversation_parts")} <= left
    assert {one["conversation_id"] for one in client.sandbox.records("conversation_contacts")} <= left
    client.sandbox.settings.quirks = []
    assert client.get(f"/conversations/{min(tickets)}").status_code == 200
    assert len(client.sandbox.records("conversations")) == 60


@pytest.mark.parametrize("status", [403, 400])
def test_one_conversation_is_refused(client: Client, status: int) -> None:
    whole = client.sandbox.records("conversation_parts")
    client.sandbox.settings.quirks = [f"refused-conversation={status}"]
    answers = {one["id"]: client.get(f"/conversations/{one['id']}") for one in client.sandbox.records("conversations")}
    refused = [name for name, answer in answers.items() if answer.status_code != 200]
    assert len(refused) == 1
    assert answers[refused[0]].status_code == status
    assert answers[refused[0]].json()["type"] == "error.list"
    assert client.get(f"/conversations/{refused[0]}").status_code == status
    assert client.search("conversations", where("id", "=", refused[0])).json()["total_count"] == 1
    truth = client.sandbox.records("conversation_parts")
    assert truth == [one for one in whole if one["conversation_id"] != refused[0]]
    client.sandbox.settings.quirks = []
    assert client.get(f"/conversations/{refused[0]}").status_code == 200


def test_a_page_of_html_now_and_then(client: Client) -> None:
    client.sandbox.settings.quirks = ["html-403=3"]
    answers = [client.get("/tags") for _ in range(9)]
    assert [one.status_code for one in answers] == [200, 200, 403, 200, 200, 405, 200, 200, 403]
    assert answers[2].headers["Content-Type"].partition(";")[0] == "text/html"
    client.sandbox.settings.quirks = []
    assert {client.get("/tags").status_code for _ in range(9)} == {200}


def test_a_request_that_met_a_page_of_html_meets_none_when_it_is_made_again(client: Client) -> None:
    """The sixth try of one request in a hundred thousand failed too, in a read that makes thousands."""
    client.sandbox.settings.quirks = ["html-403=2"]
    assert [client.get("/tags").status_code for _ in range(2)] == [200, 403]
    assert client.get("/teams").status_code == 200
    assert client.get("/tags").status_code == 200, "each second request meets one, but this one has met one before"
    assert [client.get("/teams").status_code for _ in range(2)] == [200, 403]


@pytest.mark.parametrize(
    ("quirk", "path", "wanted"),
    [
        ("resource-401", "/tags", (401, "unauthorized")),
        ("resource-401=GET /teams", "/teams", (401, "unauthorized")),
        ("me-refused", "/me", (403, "action_forbidden")),
        ("probe-errors", "/segments", (500, "server_error")),
        ("probe-errors=404:GET /teams", "/teams", (404, "not_found")),
        ("probe-errors=400:GET /contacts", "/contacts", (400, "server_error")),
        ("missing-endpoint", "/news/newsfeeds", (404, "not_found")),
        ("missing-endpoint=GET /brands", "/brands", (404, "not_found")),
    ],
)
def test_one_endpoint_fails_for_ever(client: Client, quirk: str, path: str, wanted: tuple[int, str]) -> None:
    assert client.get(path).status_code == 200
    client.sandbox.settings.quirks = [quirk]
    assert [error_of(client.get(path)) for _ in range(3)] == [wanted] * 3
    assert client.get("/admins").status_code == 200
    client.sandbox.settings.quirks = []
    assert client.get(path).status_code == 200


def test_one_version_is_refused(client: Client) -> None:
    client.sandbox.settings.quirks = ["version-refused"]
    assert error_of(client.get("/tags", headers=LATEST)) == (400, "intercom_version_invalid")
    assert client.get("/tags").status_code == 200
    client.sandbox.settings.quirks = ["version-refused=2.15"]
    assert error_of(client.get("/tags")) == (400, "intercom_version_invalid")
    client.sandbox.settings.quirks = []
    assert client.get("/tags", headers=LATEST).status_code == 200


@pytest.mark.parametrize("status", [422, 400])
def test_wide_ranges_of_activity_are_refused(client: Client, status: int) -> None:
    def ask(days: int, per_page: int) -> list[int]:
        span = {"created_at_after": NOW - days * DAY, "created_at_before": NOW}
        return [
            client.get("/admins/activity_logs", **span, per_page=per_page).status_code,
            client.post("/admins/activity_logs/search", span, headers=LATEST, per_page=per_page).status_code,
        ]

    assert ask(300, 200) == [200, 200]
    client.sandbox.settings.quirks = [f"activity-log-range={status}"]
    assert ask(31, 50) == [status] * 2
    assert ask(30, 51) == [status] * 2
    assert ask(30, 50) == [200, 200]
    assert client.get("/admins/activity_logs").status_code == 200


def test_in_is_refused(client: Client) -> None:
    query = {"operator": "AND", "value": [where("created_at", ">", 1), where("state", "IN", ["open", "closed"])]}
    assert client.search("conversations", query).status_code == 200
    client.sandbox.settings.quirks = ["refused-in-operator"]
    assert error_of(client.search("conversations", query)) == (400, "data_invalid")
    assert error_of(client.search("tickets", where("admin_assignee_id", "IN", ["1"]))) == (400, "data_invalid")
    assert client.search("conversations", where("state", "=", "open")).status_code == 200
    assert client.search("conversations", where("id", "IN", ["1"])).status_code == 200
    client.sandbox.settings.quirks = ["refused-in-operator=invalid_field"]
    assert error_of(client.search("conversations", query)) == (400, "invalid_field")


def test_a_field_is_refused(client: Client) -> None:
    state = where("state", "=", "resolved")
    assert client.search("tickets", state).status_code == 200
    client.sandbox.settings.quirks = ["refused-field"]
    assert error_of(client.search("tickets", state)) == (400, "invalid_field")
    assert client.search("conversations", where("state", "=", "open")).status_code == 200
    client.sandbox.settings.quirks = ["refused-field=contacts.role"]
    assert error_of(client.search("contacts", where("role", "=", "user"))) == (400, "invalid_field")


def test_merge_history_is_not_included(client: Client) -> None:
    def shown() -> set[bool]:
        users = [one["id"] for one in client.sandbox.records("contacts") if one["role"] == "user"]
        return {
            "merge_history" in client.get(f"/contacts/{name}", headers=LATEST, include_merge_history="true").json()
            for name in users
        }

    assert shown() == {True}
    client.sandbox.settings.quirks = ["no-merge-history"]
    assert shown() == {False}
    assert client.sandbox.records("contact_merge_history")


def test_other_headers(client: Client) -> None:
    settings = client.sandbox.settings
    plain = client.get("/tags").headers
    assert plain["Intercom-Version"] == "2.15"
    settings.quirks = ["other-version-served"]
    assert client.get("/tags").headers["Intercom-Version"] == "2.14"
    assert client.get("/nowhere").headers["Intercom-Version"] == "2.14"
    settings.quirks = ["odd-rate-headers"]
    assert client.get("/tags").headers["X-RateLimit-Limit"] == "0"
    for value, wanted in (("past", "17"), ("same", "1700000000"), ("ms", "000"), ("endless", "9" * 400)):
        settings.quirks = [f"odd-rate-headers={value}"]
        reset = client.get("/tags").headers["X-RateLimit-Reset"]
        assert wanted in reset
        assert len(reset) == {"ms": 13, "endless": 400}.get(value, 10)


@pytest.mark.parametrize(("value", "shift"), [("", -365 * DAY), ("=future", 365 * DAY), ("=-120", -120)])
def test_another_date(client: Client, value: str, shift: int) -> None:
    from email.utils import parsedate_to_datetime

    plain = parsedate_to_datetime(client.get("/tags").headers["Date"]).timestamp()
    client.sandbox.settings.quirks = [f"odd-date{value}"]
    odd = parsedate_to_datetime(client.get("/tags").headers["Date"]).timestamp()
    assert abs(odd - plain - shift) < 5


def test_another_region(client: Client) -> None:
    assert client.get("/me").json()["app"]["region"] == "US"
    client.sandbox.settings.quirks = ["other-region"]
    assert client.get("/me").json()["app"]["region"] == "EU"
    client.sandbox.settings.quirks = ["other-region=AU"]
    assert client.get("/me").json()["app"]["region"] == "AU"
