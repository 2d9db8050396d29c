"""Who is let in: tokens, permissions, versions, and the rate limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
from sandbox_client import Client, error_of, serve, where

from sandbox import Settings
from sandbox.endpoints.shapes import numbered_list, plain_list
from sandbox.limiter import Limiter
from sandbox.permissions import Permission
from sandbox.router import Reply, Router

SEARCH = {"query": where("created_at", ">", 1)}
READS: list[tuple[str, str, str]] = [
    ("GET", "/admins", "Read admins"),
    ("GET", "/teams", "Read admins"),
    ("GET", "/tags", "Read tags"),
    ("GET", "/segments", "Read users and companies"),
    ("GET", "/data_attributes?model=contact", "Read users and companies"),
    ("GET", "/admins/activity_logs", "Read admin activity logs"),
    ("GET", "/contacts", "Read users and companies"),
    ("POST", "/contacts/search", "Read users and companies"),
    ("GET", "/companies/scroll", "Read users and companies"),
    ("POST", "/companies/list", "Write users and companies"),
    ("GET", "/conversations", "Read conversations"),
    ("POST", "/conversations/search", "Read conversations"),
    ("POST", "/tickets/search", "Read tickets"),
]


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=20, conversations=10, companies=5, tickets=5) as made:
        yield made


def ask(client: Client, method: str, path: str) -> int:
    return (client.post(path, SEARCH) if method == "POST" else client.get(path)).status_code


@pytest.mark.parametrize("authorization", [None, "Bearer nobody", "Basic sandbox-token", "sandbox-token"])
def test_unknown_tokens(client: Client, authorization: str | None) -> None:
    answer = client.get("/me", headers={"Authorization": authorization})
    assert error_of(answer) == (401, "unauthorized")
    assert "Access Token Invalid" in answer.text
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]


@pytest.mark.parametrize(("method", "path", "label"), READS)
def test_each_endpoint_needs_its_permission_and_no_other(client: Client, method: str, path: str, label: str) -> None:
    others = sorted({other for _, _, other in READS} - {label})
    client.sandbox.settings.scopes = others
    refused = client.post(path, SEARCH) if method == "POST" else client.get(path)
    assert error_of(refused) == (401, "token_unauthorized")
    client.sandbox.settings.scopes = [label]
    assert ask(client, method, path) == 200
    assert client.get("/me").status_code == 200


def test_all_permissions_read_and_none_writes(client: Client) -> None:
    assert {ask(client, method, path) for method, path, label in READS if label.startswith("Read")} == {200}
    assert ask(client, "POST", "/companies/list") == 401


def test_several_tokens(client: Client) -> None:
    client.sandbox.settings.tokens["other"] = ["Read tags"]
    other: dict[str, str | None] = {"Authorization": "Bearer other"}
    assert client.get("/tags", headers=other).status_code == 200
    assert error_of(client.get("/admins", headers=other)) == (401, "token_unauthorized")


def test_a_plan_that_lacks_a_feature(client: Client) -> None:
    client.sandbox.settings.plan_restricted = ["Read admin activity logs"]
    assert error_of(client.get("/admins/activity_logs")) == (403, "api_plan_restricted")
    assert client.get("/admins").status_code == 200


def test_young_endpoints_refuse_with_403_and_name_the_scope() -> None:
    router = Router()
    router.get("/calls", Permission.READ_CONVERSATIONS, since="2.14")(lambda _: Reply(b"{}"))
    refusal = router.endpoints[0].refusal()
    assert (refusal.status, refusal.code) == (403, "action_forbidden")
    assert "read_conversations" in refusal.message


def test_versions(client: Client) -> None:
    assert error_of(client.get("/tags", headers={"Intercom-Version": None})) == (400, "intercom_version_invalid")
    assert error_of(client.get("/tags", headers={"Intercom-Version": "2.1"})) == (400, "intercom_version_invalid")
    assert client.get("/tags").headers["Intercom-Version"] == "2.15"
    calls = client.sandbox.calls()
    assert calls["without_version"] == 1
    assert calls["versions"] == {"2.1": 1, "2.15": 1}


def test_what_2_16_shows_differently(client: Client) -> None:
    newer: dict[str, str | None] = {"Intercom-Version": "2.16"}
    old = client.post("/contacts/search", SEARCH).json()["data"]
    new = client.post("/contacts/search", SEARCH, headers=newer).json()["data"]
    owned = [(a["owner_id"], b["owner_id"]) for a, b in zip(old, new, strict=True) if a["owner_id"] is not None]
    assert owned
    assert all(b == str(a) for a, b in owned)
    conversations = client.post("/conversations/search", SEARCH, headers=newer).json()["conversations"]
    assert {one["priority"] for one in conversations} <= {"none", "high"}
    assert all(isinstance(one["admin_assignee_id"], int) for one in conversations)
    assert 0 in {one["admin_assignee_id"] for one in conversations}
    tickets = client.post("/tickets/search", SEARCH, headers=newer).json()["tickets"]
    assert {type(one["team_assignee_id"]) for one in tickets} == {int}
    moved = client.get("/data_attributes", model="conversation", headers=newer)
    assert error_of(moved) == (422, "parameter_invalid")


def test_unknown_paths_and_methods(client: Client) -> None:
    assert error_of(client.get("/nothing/here")) == (404, "not_found")
    assert error_of(client.post("/tags", {})) == (404, "not_found")
    assert error_of(client.get("/contacts/nobody")) == (404, "not_found")
    assert error_of(client.get("/tickets/nobody")) == (404, "ticket_not_found")
    assert error_of(client.get("/data_attributes", model="pet")) == (400, "parameter_invalid")


class Clock:
    def __init__(self, second: float) -> None:
        self.second = second

    def __call__(self) -> float:
        return self.second


@pytest.mark.parametrize(("a_minute", "a_window"), [(10_000, 1_667), (1_000, 167), (500, 83), (60, 10)])
def test_a_window_is_a_sixth_of_a_minute(a_minute: int, a_window: int) -> None:
    assert Limiter(Settings(rate_limit=a_minute), Clock(0)).limit == a_window


def test_windows_stand_on_whole_tens_of_seconds() -> None:
    clock = Clock(1_760_000_009.5)
    limiter = Limiter(Settings(rate_limit=60), clock)
    assert [limiter.take() for _ in range(10)] == [None] * 10
    assert limiter.headers() == {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0",
                                 "X-RateLimit-Reset": "1760000010"}  # fmt: skip
    refused = limiter.take()
    assert refused is not None
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert refused.message == "Exceeded rate limit of 10 in 10_seconds"
    clock.second = 1_760_000_010.0
    assert limiter.take() is None
    assert limiter.headers()["X-RateLimit-Remaining"] == "9"
    limiter.spend(20)
    assert limiter.headers()["X-RateLimit-Remaining"] == "0"
    assert limiter.take() is not None


def test_the_limit_over_http(client: Client) -> None:
    client.sandbox.settings.rate_limit = 30
    while time.time() % 10 > 9:  # a window must not end between the calls below
        time.sleep(0.1)
    answers = [client.get("/tags") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    reset = int(answers[0].headers["X-RateLimit-Reset"])
    assert reset % 10 == 0
    assert 0 < reset - time.time() <= 10
    assert error_of(answers[5]) == (429, "rate_limit_exceeded")
    assert client.sandbox.calls()["rate_limited"] == 1


@pytest.mark.parametrize("ahead", [3_607, -3_607])
def test_a_clock_that_is_not_ours(ahead: int) -> None:
    with serve(now=None, clock_ahead_seconds=ahead, contacts=5, conversations=5, tickets=5) as client:
        answer = client.get("/tags")
        there = time.time() + ahead
        assert abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - there) < 5
        assert -5 < int(answer.headers["X-RateLimit-Reset"]) - there <= 10
        assert abs(client.sandbox.now - there) < 5


def test_another_app_spends_from_the_same_bucket(client: Client) -> None:
    while time.time() % 10 > 9:
        time.sleep(0.1)
    client.sandbox.spend(1_660)
    answer = client.get("/tags")
    assert answer.headers["X-RateLimit-Limit"] == "1667"
    assert answer.headers["X-RateLimit-Remaining"] == "6"


def test_headers_may_be_left_out_and_the_limit_off(client: Client) -> None:
    client.sandbox.settings.rate_headers = False
    assert "X-RateLimit-Limit" not in client.get("/tags").headers
    client.sandbox.settings.rate_headers = True
    client.sandbox.settings.rate_limit = 0
    answers = [client.get("/tags") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_an_endpoint_of_a_younger_version(client: Client) -> None:
    client.sandbox.server.router.get("/macros", None, since="2.16")(lambda _: Reply(b"{}"))
    assert error_of(client.get("/macros")) == (400, "intercom_version_invalid")
    assert client.get("/macros", headers={"Intercom-Version": "2.16"}).status_code == 200


def test_a_new_list_is_a_few_lines(client: Client) -> None:
    """What a family of endpoints looks like: declared, and at once guarded, counted and paged."""
    router = client.sandbox.server.router
    router.get("/pets", Permission.READ_TAGS, since="2.15")(
        lambda call: numbered_list(call, [{"id": str(n)} for n in range(7)], key="data", list_type="list",
                                   default=5, high=5))  # fmt: skip
    plain_list(router, "/pets/{id}/toys", key="data", list_type="list", permission=Permission.READ_TAGS,
               records=lambda call: [{"id": "ball", "pet_id": call.params["id"]}])  # fmt: skip
    first = client.get("/pets").json()
    assert (len(first["data"]), first["total_count"], first["pages"]["total_pages"]) == (5, 7, 2)
    assert [one["id"] for one in client.get(first["pages"]["next"]).json()["data"]] == ["5", "6"]
    assert client.get("/pets/3/toys").json()["data"] == [{"id": "ball", "pet_id": "3"}]
    assert client.sandbox.calls()["by_endpoint"] == {"GET /pets": 2, "GET /pets/{id}/toys": 1}
    client.sandbox.settings.scopes = []
    assert error_of(client.get("/pets")) == (403, "action_forbidden")
    assert error_of(client.get("/pets/3/toys")) == (401, "token_unauthorized")
