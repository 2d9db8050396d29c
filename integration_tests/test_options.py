"""Every option that chooses what is synced, against what the sandbox holds."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import STREAMS, Json, Process, assert_same, catalog, config, key_of, truth
from sandbox import Sandbox

Wanted = Callable[[Json], bool]


def assert_chosen(
    process: Process, sandbox: Sandbox, stream: str, wanted: Wanted, mode: str = "full_refresh", **options: Any
) -> None:
    """Exactly the wanted records come, none of them twice, and there are some of both kinds."""
    held = truth(sandbox, stream)
    chosen = {key: record for key, record in held.items() if wanted(record)}
    assert 0 < len(chosen) < len(held), "the test chooses nothing or everything"
    output = process.run("read", sandbox.url, config=config(**options), catalog=catalog(stream, mode=mode))
    assert output.code == 0, output.errors
    got = {key_of(stream, record): record for record in output.records[stream]}
    assert len(got) == len(output.records[stream])
    assert_same(stream, got, chosen)


@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
@pytest.mark.parametrize("states", [["open"], ["closed", "snoozed"]])
def test_conversation_states(process: Process, workspace: Workspace, states: list[str], mode: str) -> None:
    assert_chosen(
        process,
        workspace(),
        "conversations",
        lambda record: record["state"] in states,
        mode=mode,
        filters={"conversations": {"states": states}},
    )


def test_conversations_of_nobody(process: Process, workspace: Workspace) -> None:
    unassigned = {"conversations": {"assignee": "unassigned"}}
    assert_chosen(
        process,
        workspace(),
        "conversations",
        lambda record: record.get("admin_assignee_id") in (None, 0),
        filters=unassigned,
    )


def test_conversations_of_teammates(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    admins = sorted({r["admin_assignee_id"] for r in sandbox.records("conversations") if r["admin_assignee_id"]})[:2]
    chosen = {"conversations": {"assignee": "admins", "admin_ids": [str(admin) for admin in admins]}}
    assert_chosen(
        process, sandbox, "conversations", lambda record: record.get("admin_assignee_id") in admins, filters=chosen
    )


def test_parts_obey_the_filters_of_their_conversations(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    closed = {record["id"] for record in sandbox.records("conversations") if record["state"] == "closed"}
    assert_chosen(
        process,
        sandbox,
        "conversation_parts",
        lambda part: part["conversation_id"] in closed,
        filters={"conversations": {"states": ["closed"]}},
    )


@pytest.mark.parametrize("stream", ["conversations", "contacts"])
def test_just_these_ids_and_an_unknown_one_is_said(process: Process, workspace: Workspace, stream: str) -> None:
    sandbox = workspace()
    ids = [record["id"] for record in sandbox.records(stream)][3:8]
    options = {"filters": {stream: {"ids": [*ids, "404404"]}}}
    assert_chosen(process, sandbox, stream, lambda record: record["id"] in ids, **options)
    output = process.run("read", sandbox.url, config=config(**options), catalog=catalog(stream))
    assert "no record with the id '404404'" in output.log


@pytest.mark.parametrize("role", ["user", "lead"])
def test_contact_roles(process: Process, workspace: Workspace, role: str) -> None:
    assert_chosen(
        process,
        workspace(),
        "contacts",
        lambda record: record["role"] == role,
        mode="incremental",
        filters={"contacts": {"roles": [role]}},
    )


def test_contact_emails(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    emails = [record["email"] for record in sandbox.records("contacts") if record.get("email")][:3]
    assert_chosen(
        process,
        sandbox,
        "contacts",
        lambda record: record.get("email") in emails,
        filters={"contacts": {"emails": emails}},
    )


@pytest.mark.parametrize("count", [1, 7])
def test_contact_tags(process: Process, workspace: Workspace, count: int) -> None:
    """Seven tags are more than one search takes; a contact with several of them comes once."""
    sandbox = workspace()
    links = sandbox.records("contact_tags")
    tags = sorted({link["record"]["id"] for link in links})[:count]
    tagged = {link["contact_id"] for link in links if link["record"]["id"] in tags}
    assert_chosen(
        process, sandbox, "contacts", lambda record: record["id"] in tagged, filters={"contacts": {"tag_ids": tags}}
    )


def test_contact_segments_and_roles_combine(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    links = sandbox.records("contact_segments")
    segment = links[0]["record"]["id"]
    inside = {link["contact_id"] for link in links if link["record"]["id"] == segment}
    assert_chosen(
        process,
        sandbox,
        "contacts",
        lambda record: record["id"] in inside and record["role"] == "user",
        filters={"contacts": {"segment_ids": [segment], "roles": ["user"]}},
    )


def test_contacts_of_companies(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    links = sandbox.records("contact_companies")
    companies = sorted({link["record"]["id"] for link in links})[:2]
    members = {link["contact_id"] for link in links if link["record"]["id"] in companies}
    assert_chosen(
        process,
        sandbox,
        "contacts",
        lambda record: record["id"] in members,
        filters={"contacts": {"company_ids": companies}},
    )


def test_just_these_notes(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    ids = [note["record"]["id"] for note in sandbox.records("contact_notes")][:3]
    assert_chosen(
        process, sandbox, "contact_notes", lambda record: str(record["id"]) in ids, filters={"notes": {"ids": ids}}
    )


@pytest.mark.parametrize("role", ["user", "lead"])
def test_events_of_users_or_leads(process: Process, workspace: Workspace, role: str) -> None:
    sandbox = workspace()
    people = {record["id"] for record in sandbox.records("contacts") if record["role"] == role}
    assert_chosen(
        process,
        sandbox,
        "contact_events",
        lambda event: event["intercom_user_id"] in people,
        filters={"events": {"contact_roles": [role]}},
    )


@pytest.mark.complaint(23)
def test_lists_inside_contacts_are_completed(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    cut = [record["id"] for record in sandbox.records("contacts") if record["tags"]["has_more"]]
    assert cut
    output = process.run("read", sandbox.url, config=config(expand=["tags"]), catalog=catalog("contacts"))
    links = sandbox.records("contact_tags")
    for contact in output.records["contacts"]:
        assert contact["tags"]["has_more"] is False
        tags = {tag["id"] for tag in contact["tags"]["data"]}
        assert tags == {link["record"]["id"] for link in links if link["contact_id"] == contact["id"]}


def test_a_bounded_back_fill_ends_at_its_end(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(history_days=200)
    moments = sorted(record["updated_at"] for record in sandbox.records("tickets"))
    end = moments[len(moments) // 2]
    text = datetime.fromtimestamp(end, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert_chosen(process, sandbox, "tickets", lambda record: record["updated_at"] <= end, end_date=text)
    output = process.run(
        "read", sandbox.url, config=config(end_date=text), catalog=catalog("tickets", mode="incremental")
    )
    assert output.state[0]["stream"]["stream_state"] == {"updated_at": end, "workspace": "sandbox00001"}


def test_order_by_creation_changes_catalog_query_and_state(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    options = config(order_by="created_at")
    [found] = process.run("discover", config=options).of("CATALOG")
    cursors = {stream["name"]: stream.get("default_cursor_field") for stream in found["streams"]}
    for stream in ("contacts", "conversations", "tickets"):
        assert cursors[stream] == ["created_at"]
        output = process.run("read", sandbox.url, config=options, catalog=catalog(stream, mode="incremental"))
        assert output.code == 0
        got = {key_of(stream, record): record for record in output.records[stream]}
        assert_same(stream, got, truth(sandbox, stream))
        assert list(output.state[0]["stream"]["stream_state"]) == ["created_at", "workspace", "order_by"]


def test_failed_conversations_are_left_out_on_demand(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=12)
    victim = next(
        record["id"]
        for record in sandbox.records("conversations")
        if (record["statistics"] or {}).get("count_conversation_parts")
    )
    sandbox.fault("GET /conversations/{id}", "status:500", ids=[victim])
    options = config(skip_failed_conversations=True)
    output = process.run("read", sandbox.url, config=options, catalog=catalog("conversation_parts"))
    assert output.code == 0
    assert victim in output.log
    assert victim not in {part["conversation_id"] for part in output.records["conversation_parts"]}


def test_bodies_as_plain_text(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=20)
    bodies = {}
    for plain in (False, True):
        options = config(plain_text_bodies=plain)
        output = process.run("read", sandbox.url, config=options, catalog=catalog("conversation_parts"))
        bodies[plain] = [part.get("body") or "" for part in output.records["conversation_parts"]]
    assert any("<p>" in body for body in bodies[False])
    assert not any("<p>" in body for body in bodies[True])


def test_changed_filters_are_noticed(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    wanted = catalog("conversations", mode="incremental")
    before = config(filters={"conversations": {"states": ["open"]}})
    first = process.run("read", sandbox.url, config=before, catalog=wanted)
    same = process.run("read", sandbox.url, config=before, catalog=wanted, state=first.state)
    assert "filters have changed" not in same.log
    other = process.run("read", sandbox.url, config=config(), catalog=wanted, state=first.state)
    assert other.log.count("filters have changed") == 1


def test_counts_are_what_the_workspace_holds(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("counts"))
    counted = {key_of("counts", row): row["count"] for row in output.records["counts"]}
    contacts = sandbox.records("contacts")
    conversations = sandbox.records("conversations")
    for role in ("user", "lead"):
        assert counted[("contacts", "role", role)] == sum(contact["role"] == role for contact in contacts)
    for state in ("open", "closed", "snoozed"):
        assert counted[("conversations", "state", state)] == sum(one["state"] == state for one in conversations)
    links = sandbox.records("contact_tags")
    for tag in sandbox.records("tags"):
        assert counted[("contacts", "tag", tag["id"])] == sum(link["record"]["id"] == tag["id"] for link in links)
    assert {key[1] for key in counted} == {"role", "state", "segment", "tag"}
    assert STREAMS["counts"].key == ("entity", "dimension", "value")
