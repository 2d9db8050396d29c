"""What totals of searches tell: as many as there are records."""

from __future__ import annotations

from sandbox_client import Client, Json, either, where


def total(client: Client, kind: str, query: Json) -> int:
    answer = client.search(kind, query, pagination={"per_page": 1})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total_count"])


def test_totals_of_contacts_agree_with_the_records(shared: Client) -> None:
    contacts = shared.sandbox.records("contacts")
    for role in ("user", "lead"):
        expected = sum(one["role"] == role for one in contacts)
        assert total(shared, "contacts", where("role", "=", role)) == expected > 0
    for field, stream in (("tag_id", "contact_tags"), ("segment_id", "contact_segments")):
        held: list[Json] = shared.sandbox.records(stream)
        for name in sorted({one["record"]["id"] for one in held})[:8]:
            expected = sum(one["record"]["id"] == name for one in held)
            assert total(shared, "contacts", where(field, "=", name)) == expected > 0
    for segment in shared.get("/segments", include_count="true").json()["segments"]:
        assert total(shared, "contacts", where("segment_id", "=", segment["id"])) == segment["count"] > 0
    some: Json = next(one for one in contacts if one["email"] and one["external_id"] and one["owner_id"])
    for field in ("email", "external_id", "owner_id", "id"):
        expected = sum(one[field] == some[field] for one in contacts)
        assert total(shared, "contacts", where(field, "=", some[field])) == expected
    names = [one["id"] for one in contacts[:7]]
    assert total(shared, "contacts", where("id", "IN", names)) == 7
    assert total(shared, "contacts", either(where("role", "=", "user"), where("role", "=", "lead"))) == len(contacts)


def test_totals_of_conversations_and_tickets_agree_with_the_records(shared: Client) -> None:
    shared.sandbox.change(conversations={"update": 20}, tickets={"update": 10})
    conversations: list[Json] = shared.sandbox.records("conversations")
    for state in ("open", "closed", "snoozed"):
        expected = sum(one["state"] == state for one in conversations)
        assert total(shared, "conversations", where("state", "=", state)) == expected > 0
    for field in ("open", "admin_assignee_id", "team_assignee_id", "source.type", "priority", "read"):
        head, _, rest = field.partition(".")
        for value in {one[head][rest] if rest else one[head] for one in conversations} - {None}:
            expected = sum((one[head][rest] if rest else one[head]) == value for one in conversations)
            assert total(shared, "conversations", where(field, "=", value)) == expected > 0
    tags: list[Json] = shared.sandbox.records("conversation_tags")
    for name in {one["record"]["id"] for one in tags}:
        expected = sum(one["record"]["id"] == name for one in tags)
        assert total(shared, "conversations", where("tag_ids", "=", name)) == expected
    tickets: list[Json] = shared.sandbox.records("tickets")
    for name in ("100", "101", "102", "103"):
        expected = sum(one["ticket_type"]["id"] == name for one in tickets)
        assert total(shared, "tickets", where("ticket_type_id", "=", name)) == expected
    for state in {one["ticket_state"]["category"] for one in tickets}:
        expected = sum(one["ticket_state"]["category"] == state for one in tickets)
        assert total(shared, "tickets", where("state", "=", state)) == expected
    for value in (True, False):
        assert total(shared, "tickets", where("open", "=", value)) == sum(one["open"] is value for one in tickets)
