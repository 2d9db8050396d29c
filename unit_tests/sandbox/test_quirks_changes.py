"""What happens without a trace: changes that move no time, by quirk or by the control endpoint's own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from sandbox_client import NOW, Client, Json, error_of, serve, where

ALL = where("created_at", ">", 1)
DAY = 86_400
LATEST: dict[str, str | None] = {"Intercom-Version": "2.16"}


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=80, conversations=20, tickets=30, companies=12) as made:
        yield made


def change(client: Client, **verbs: dict[str, int]) -> dict[str, dict[str, list[str]]]:
    """By the control endpoint, as a test of another process does it."""
    answer = requests.post(f"{client.sandbox.url}/_sandbox/change", json=verbs, timeout=5)
    assert answer.status_code == 200, answer.text
    done: dict[str, dict[str, list[str]]] = answer.json()
    return done


def tickets(client: Client) -> dict[str, Json]:
    found = client.search("tickets", ALL, pagination={"per_page": 150}).json()["tickets"]
    return {one["id"]: one for one in found}


def check_quiet(before: Json, after: Json) -> None:
    assert after["updated_at"] == before["updated_at"]
    parts = after["ticket_parts"]["ticket_parts"]
    assert len(parts) == len(before["ticket_parts"]["ticket_parts"]) + 1 == after["ticket_parts"]["total_count"]
    assert parts[:-1] == before["ticket_parts"]["ticket_parts"]
    assert parts[-1]["created_at"] > after["updated_at"]
    assert parts[-1]["part_type"] == "assignment"
    assert after["admin_assignee_id"] == parts[-1]["assigned_to"]["id"]


def test_a_ticket_assigned_quietly(client: Client) -> None:
    before = tickets(client)
    struck = change(client, tickets={"assign_quietly": 4})["tickets"]["assign_quietly"]
    after = tickets(client)
    assert len(set(struck)) == 4
    for name in before:
        if name in struck:
            assert after[name]["open"]
            check_quiet(before[name], after[name])
        else:
            assert after[name] == before[name]
    assert {one["id"]: one for one in client.sandbox.records("tickets")} == after
    parts = [one["record"]["id"] for one in client.sandbox.records("ticket_parts")]
    assert len(set(parts)) == len(parts)


@pytest.mark.parametrize("quirks", [["late-ticket-parts"], []])
def test_updates_of_open_tickets(client: Client, quirks: list[str]) -> None:
    before = tickets(client)
    client.sandbox.settings.quirks = quirks
    struck = change(client, tickets={"update": 10})["tickets"]["update"]
    after = tickets(client)
    quiet = [name for name in struck if quirks and before[name]["open"]]
    assert bool(quiet) == bool(quirks)
    for name in struck:
        if name in quiet:
            check_quiet(before[name], after[name])
        else:
            assert after[name]["updated_at"] > before[name]["updated_at"]


@pytest.mark.parametrize("quirks", [["quiet-contact-changes"], []])
@pytest.mark.parametrize("verb", ["create", "delete"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [("contact_tags", "tags"), ("contact_companies", "companies"), ("contact_subscriptions", "subscriptions"),
     ("contact_notes", "notes")],
)  # fmt: skip
def test_what_hangs_on_contacts_comes_and_goes(
    client: Client, kind: str, path: str, verb: str, quirks: list[str]
) -> None:
    client.sandbox.settings.quirks = quirks
    old = {one["id"]: one for one in client.sandbox.records("contacts")}
    held = {name: [one["id"] for one in client.all(f"/contacts/{name}/{path}")] for name in old}
    struck = change(client, **{kind: {verb: 3}})[kind][verb]
    assert len(set(struck)) == 3
    for name in {*struck, *list(old)[::8]}:
        now = [one["id"] for one in client.all(f"/contacts/{name}/{path}")]
        shown = client.get(f"/contacts/{name}").json()
        if name not in struck:
            assert (now, shown) == (held[name], old[name])
            continue
        more, less = (now, held[name]) if verb == "create" else (held[name], now)
        assert len(more) == len(less) + 1
        assert set(more) > set(less)
        assert (shown["updated_at"] > old[name]["updated_at"]) == (not quirks)
        if path in ("tags", "companies", "notes"):
            assert shown[path]["total_count"] == len(now)
        found = client.search("contacts", where("id", "=", name)).json()["data"][0]
        assert found == shown
    truth = [one["record"]["id"] for one in client.sandbox.records(kind) if one["contact_id"] == struck[0]]
    assert truth == [one["id"] for one in client.all(f"/contacts/{struck[0]}/{path}")]


def test_a_new_company_knows_its_contacts(client: Client) -> None:
    change(client, contact_companies={"create": 5, "delete": 2})
    by_contact = {(one["contact_id"], one["record"]["id"]) for one in client.sandbox.records("contact_companies")}
    by_company = {(one["record"]["id"], one["company_id"]) for one in client.sandbox.records("company_contacts")}
    assert by_contact == by_company
    for company in client.sandbox.records("companies"):
        listed = {one["id"] for one in client.all(f"/companies/{company['id']}/contacts")}
        assert listed == {contact for contact, name in by_company if name == company["id"]}


def test_a_note_that_is_gone(client: Client) -> None:
    before = {one["record"]["id"] for one in client.sandbox.records("contact_notes")}
    change(client, contact_notes={"delete": 1})
    gone = before - {one["record"]["id"] for one in client.sandbox.records("contact_notes")}
    assert len(gone) == 1
    assert error_of(client.get(f"/notes/{gone.pop()}")) == (404, "not_found")


def test_contacts_and_companies_can_be_deleted(client: Client) -> None:
    done = change(client, contacts={"delete": 2}, companies={"delete": 1})
    for name in done["contacts"]["delete"]:
        assert client.get(f"/contacts/{name}").status_code == 404
    assert client.get(f"/companies/{done['companies']['delete'][0]}").status_code == 404
    assert len(client.sandbox.records("contacts")) == 78


def events(client: Client, name: str) -> list[int]:
    found = client.get("/events", type="user", intercom_user_id=name, per_page=100).json()["events"]
    return [one["created_at"] for one in found]


@pytest.mark.parametrize(
    ("quirks", "verb", "late"), [([], "create", False), ([], "create_late", True), (["late-events"], "create", True)]
)
def test_events_that_come_late(client: Client, quirks: list[str], verb: str, late: bool) -> None:
    client.sandbox.settings.quirks = quirks
    old = {one["id"]: events(client, one["id"]) for one in client.sandbox.records("contacts")}
    done = change(client, contact_events={verb: 3})["contact_events"]
    struck = done["create_late" if late else "create"]
    assert len(set(struck)) == 3
    for name in struck:
        now = events(client, name)
        assert now == sorted(now, reverse=True)
        (new,) = (Counter(now) - Counter(old[name])).elements()
        assert abs(new - (NOW - 2 * DAY if late else NOW)) < 60
    truth = [one["record"] for one in client.sandbox.records("contact_events")]
    assert len({one["id"] for one in truth}) == len(truth)


def test_a_ticket_of_many_parts(client: Client) -> None:
    def most() -> Json:
        found = [one["ticket_parts"] for one in tickets(client).values()]
        return max(found, key=lambda parts: int(parts["total_count"]))

    assert most()["total_count"] < 100
    client.sandbox.settings.quirks = ["many-ticket-parts"]
    assert most()["total_count"] == 520
    parts = most()["ticket_parts"]
    assert len({one["id"] for one in parts}) == 500


@pytest.mark.parametrize(
    "body",
    [{"contact_tags": {"update": 1}}, {"contacts": {"assign_quietly": 1}}, {"contact_events": {"delete": 1}},
     {"contact_segments": {"create": 1}}],
)  # fmt: skip
def test_what_cannot_happen_is_refused(client: Client, body: Json) -> None:
    answer = requests.post(f"{client.sandbox.url}/_sandbox/change", json=body, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
