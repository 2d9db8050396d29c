"""The data itself: repeatable, capped as Intercom caps it, changing on demand, and large when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from sandbox_client import NOW, Client, ascending, every, serve, where

from sandbox import Settings
from sandbox.kinds import KINDS
from sandbox.settings import DATA_SETTINGS
from sandbox.truths import TRUTHS, truth
from sandbox.workspace import CORE, Workspace

ALL = where("created_at", ">", 1)
Records = list[dict[str, Any]]


def records(workspace: Workspace, kind: str) -> Records:
    return list(truth(workspace, kind))


# The same again.


def everything(**settings: Any) -> bytes:
    workspace = Workspace(Settings(now=NOW, **settings))
    return b"\n".join(orjson.dumps(record) for kind in TRUTHS for record in truth(workspace, kind))


def test_the_same_seed_and_moment_give_the_same_bytes() -> None:
    assert everything(seed=5, vanished_percent=10) == everything(seed=5, vanished_percent=10)
    assert everything(seed=5) != everything(seed=6)


def test_the_same_calls_give_the_same_bytes() -> None:
    def play() -> list[bytes]:
        with serve(seed=3) as client:
            said = [client.get("/companies/scroll").content]
            for kind in ("contacts", "conversations", "tickets"):
                said.append(client.search(kind, ALL, sort=ascending()).content)
            chosen = client.sandbox.change(contacts={"update": 3, "delete": 2}, conversations={"update": 2})
            return [*said, orjson.dumps(chosen)]

    assert play() == play()


def test_time_runs_from_the_given_moment() -> None:
    workspace = Workspace(Settings(now=NOW))
    assert NOW <= workspace.clock() <= NOW + 2
    assert abs(Workspace(Settings()).clock() - Workspace(Settings()).laid_out_at) <= 2


def test_what_is_in_it_is_settled_when_it_is_laid_out() -> None:
    assert set(KINDS) <= DATA_SETTINGS


def test_an_empty_workspace_is_one_too() -> None:
    nothing = dict.fromkeys((*CORE, *KINDS, "deleted_conversations", "silent_conversations"), 0)
    workspace = Workspace(Settings(now=NOW, **nothing))
    left = {kind for kind in TRUTHS if records(workspace, kind)}
    assert left == {"contact_attributes", "company_attributes", "ticket_types", "ticket_states",
                    "ticket_type_attributes", "activity_log_event_types"}  # fmt: skip


@pytest.mark.parametrize("without", [*CORE, *KINDS])
def test_a_workspace_may_lack_any_one_thing(without: str) -> None:
    sizes = dict.fromkeys((*CORE, *KINDS), 8) | {without: 0}
    workspace = Workspace(Settings(now=NOW, **sizes))
    assert all(isinstance(record, dict) for kind in TRUTHS for record in records(workspace, kind))
    with serve(**sizes) as client:
        for endpoint in client.sandbox.server.router.endpoints:
            if endpoint.method == "GET" and "{" not in endpoint.path and endpoint.path != "/events":
                assert client.get(endpoint.path, {"Intercom-Version": "2.17"}).status_code == 200


# What is in it.


def test_ids_are_unique_and_sort_by_creation() -> None:
    workspace = Workspace(Settings(now=NOW, contacts=2000, conversations=500, max_parts=60))
    for kind in ("contacts", "companies", "conversations", "tickets", "activity_logs", "tags", "segments"):
        ids = [one["id"] for one in records(workspace, kind)]
        assert len(set(ids)) == len(ids) > 0
        assert ids == sorted(ids)
    parts = [one["part"]["id"] for one in records(workspace, "conversation_parts")]
    assert len(set(parts)) == len(parts) > 1000
    own = [part["id"] for ticket in records(workspace, "tickets") for part in ticket["ticket_parts"]["ticket_parts"]]
    assert len(set(own)) == len(own) > 100


def test_times_lie_within_the_history() -> None:
    workspace = Workspace(Settings(now=NOW, contacts=2000, history_days=100))
    for kind in ("contacts", "companies", "conversations", "tickets"):
        for one in records(workspace, kind):
            assert NOW - 100 * 86_400 <= one["created_at"] <= one["updated_at"] <= NOW


def test_even_updates_fill_the_history() -> None:
    weeks = Counter((NOW - one["updated_at"]) // (7 * 86_400) for one in records(
        Workspace(Settings(now=NOW, contacts=5200)), "contacts"))  # fmt: skip
    assert all(40 < weeks[week] < 250 for week in range(52))


def test_a_burst_puts_most_in_one_week_and_many_on_one_second() -> None:
    workspace = Workspace(Settings(now=NOW, contacts=4000, skew="burst"))
    stamps = [one["updated_at"] for one in records(workspace, "contacts")]
    weeks = Counter((NOW - stamp) // 86_400 for stamp in stamps)
    assert sum(count for _, count in weeks.most_common(8)) > 2000
    assert Counter(stamps).most_common(1)[0][1] > 150


def test_the_shapes_that_lie_are_all_there() -> None:
    workspace = Workspace(Settings(now=NOW, contacts=2000, conversations=400, tickets=300, companies=300))
    contacts, companies = records(workspace, "contacts"), records(workspace, "companies")
    conversations, tickets = records(workspace, "conversations"), records(workspace, "tickets")
    parts = [one["part"] for one in records(workspace, "conversation_parts")]
    assert any("\n" in (one["name"] or "") for one in contacts)
    assert any("🦊" in (one["name"] or "") for one in contacts)
    assert any((one["custom_attributes"].get("birthday_at") or 0) < 0 for one in contacts)
    assert {one["tags"]["type"] for one in contacts} == {"list"}
    assert any(one["plan"] == {} for one in companies) and any(one["plan"] for one in companies)
    for key in ("size", "website", "industry", "remote_created_at", "last_request_at"):
        assert 0 < sum(key in one for one in companies) < 300
    assert any(one["statistics"] is None for one in conversations)
    assert any(one["teammates"] and one["teammates"]["admins"] for one in conversations)
    assert any(one["admin_assignee_id"] is None for one in conversations)
    assert any(one["source"]["type"] is None for one in conversations)
    assert any(part["body"] is None for part in parts)
    assert any(part["event_details"] == {} for part in parts) and any(part["event_details"] for part in parts)
    assert any(one["admin_assignee_id"] == "0" for one in tickets)
    assert any(one["updated_at"] < one["ticket_parts"]["ticket_parts"][-1]["updated_at"] for one in tickets)
    assert any("job_title" not in one for one in records(workspace, "admins"))
    assert any("id" not in one for one in records(workspace, "contact_attributes"))
    names = Counter(one["name"] for one in records(workspace, "company_attributes"))
    assert names.most_common(1)[0][1] > 1
    full = [one["full_name"] for one in records(workspace, "company_attributes")]
    assert len(set(full)) == len(full)


# Caps.


def test_nested_lists_of_a_contact_stop_at_ten() -> None:
    contacts = records(Workspace(Settings(now=NOW, contacts=3000)), "contacts")
    for name in ("tags", "notes", "companies"):
        cut = [one[name] for one in contacts if one[name]["has_more"]]
        assert cut
        assert all(len(nested["data"]) == 10 < nested["total_count"] for nested in cut)
        whole = [one[name] for one in contacts if not one[name]["has_more"]]
        assert all(len(nested["data"]) == nested["total_count"] <= 10 for nested in whole)
    assert contacts[0]["tags"]["url"] == f"/contacts/{contacts[0]['id']}/tags"


def test_only_the_newest_500_parts_are_shown() -> None:
    with serve(conversations=40, max_parts=900) as client:
        capped = 0
        for one in client.sandbox.records("conversations"):
            shown = client.get(f"/conversations/{one['id']}").json()["conversation_parts"]
            assert len(shown["conversation_parts"]) == min(500, shown["total_count"])
            times = [part["created_at"] for part in shown["conversation_parts"]]
            assert times == sorted(times)
            if shown["total_count"] > 500:
                capped += 1
                found = client.search("conversations", where("id", "=", one["id"])).json()["conversations"][0]
                counted = found["statistics"] or {"count_conversation_parts": shown["total_count"]}
                assert counted["count_conversation_parts"] == shown["total_count"]
        assert 5 < capped < 40


def test_search_shows_conversations_without_parts(client: Client) -> None:
    found = client.search("conversations", ALL).json()["conversations"]
    assert found
    assert all("conversation_parts" not in one for one in found)


def test_truth_of_parts_is_what_the_api_shows(client: Client) -> None:
    shown = []
    for one in client.sandbox.records("conversations"):
        whole = client.get(f"/conversations/{one['id']}").json()
        shown += [
            {"conversation_id": one["id"], "part": part} for part in whole["conversation_parts"]["conversation_parts"]
        ]
    assert shown == client.sandbox.records("conversation_parts")
    assert len(shown) > 100


def test_plain_text(client: Client) -> None:
    name = client.sandbox.records("conversation_parts")[0]["conversation_id"]
    marked = client.get(f"/conversations/{name}").text
    plain = client.get(f"/conversations/{name}", display_as="plaintext").text
    assert "<p>" in marked
    assert "<p>" not in plain


# Change.


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=50, conversations=30, tickets=20, companies=20) as made:
        yield made


@pytest.mark.parametrize("kind", ["contacts", "conversations", "tickets", "companies"])
def test_change(client: Client, kind: str) -> None:
    before = {one["id"]: one for one in client.sandbox.records(kind)}
    done = client.sandbox.change(**{kind: {"update": 5, "create": 2, "delete": 1}})[kind]
    after = {one["id"]: one for one in client.sandbox.records(kind)}
    assert {verb: len(set(ids)) for verb, ids in done.items()} == {"update": 5, "create": 2, "delete": 1}
    assert set(after) == set(before) - set(done["delete"]) | set(done["create"])
    assert len({name for ids in done.values() for name in ids}) == 8
    for name in done["update"]:
        assert after[name]["updated_at"] >= NOW
        assert after[name] != before[name]
    untouched = set(after) - set(done["update"]) - set(done["create"])
    assert len(untouched) == len(before) - 6
    assert all(after[name] == before[name] for name in untouched)
    if kind != "companies":
        assert {one["id"]: one for one in client.walk(kind, ALL, ascending())} == after


def test_a_changed_conversation_gains_a_part(client: Client) -> None:
    names = [str(one["id"]) for one in client.sandbox.records("conversations")]
    before = {name: client.get(f"/conversations/{name}").json()["conversation_parts"] for name in names}
    for name in client.sandbox.change(conversations={"update": 8})["conversations"]["update"]:
        whole = client.get(f"/conversations/{name}").json()
        parts = whole["conversation_parts"]
        assert parts["total_count"] == before[name]["total_count"] + 1
        assert parts["conversation_parts"][:-1] == before[name]["conversation_parts"]
        assert parts["conversation_parts"][-1]["created_at"] == whole["updated_at"]
        assert whole["statistics"]["count_conversation_parts"] == parts["total_count"]


def test_small_tables_change_too_and_others_show_it(client: Client) -> None:
    gone = client.sandbox.change(tags={"delete": 20}, segments={"update": 2})
    assert len(gone["tags"]["delete"]) == 20
    names = {one["id"] for one in client.get("/tags").json()["data"]}
    assert len(names) == 5
    shown = {tag["id"] for one in client.walk("contacts", ALL) for tag in one["tags"]["data"]}
    assert shown
    assert shown <= names
    assert sum(one["updated_at"] >= NOW for one in client.get("/segments").json()["segments"]) == 2


def test_records_change_while_they_are_read(client: Client) -> None:
    client.sandbox.settings.touch_every = 2
    for _ in range(16):
        client.get("/me")
    for kind in ("contacts", "conversations", "tickets", "companies"):
        assert sum(int(str(one["updated_at"])) >= NOW for one in client.sandbox.records(kind)) in (1, 2)


# Much of it.


def test_two_hundred_thousand_contacts() -> None:
    with serve(contacts=200_000, rate_limit=0, conversations=5, tickets=5) as client:
        window = every(where("updated_at", ">", NOW - 9 * 86_400), where("updated_at", "<", NOW - 7 * 86_400))
        found = client.walk("contacts", window, ascending())
        assert len({one["id"] for one in found}) == len(found)
        assert 300 < len(found) < 2000
        assert client.search("contacts", ALL, pagination={"per_page": 1}).json()["total_count"] == 200_000
        changed = client.sandbox.change(contacts={"update": 1000, "delete": 10})["contacts"]
        today = client.walk("contacts", where("updated_at", "=", NOW), ascending())
        assert set(changed["update"]) <= {one["id"] for one in today}
