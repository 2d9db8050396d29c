"""What is attached to contacts and companies: the endpoints, their paging, and what `change` adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from sandbox_client import NOW, Client, Json, error_of, serve

DAY = 86_400
NEW: dict[str, str | None] = {"Intercom-Version": "2.16"}

CHILDREN = [
    # stream, parent kind, path, key of the parent in the truth, key of the records in the answer, page size
    ("contact_tags", "contacts", "/contacts/{}/tags", "contact_id", "data", None),
    ("contact_companies", "contacts", "/contacts/{}/companies", "contact_id", "data", 2),
    ("contact_segments", "contacts", "/contacts/{}/segments", "contact_id", "data", None),
    ("contact_subscriptions", "contacts", "/contacts/{}/subscriptions", "contact_id", "data", None),
    ("contact_notes", "contacts", "/contacts/{}/notes", "contact_id", "data", 3),
    ("contact_events", "contacts", "/events?type=user&intercom_user_id={}", "intercom_user_id", "events", 3),
    ("contact_event_summaries", "contacts", "/events?type=user&intercom_user_id={}&summary=true", "intercom_user_id",
     "events", None),
    ("company_contacts", "companies", "/companies/{}/contacts", "company_id", "data", 3),
    ("company_notes", "companies", "/companies/{}/notes", "company_id", "data", 3),
]  # fmt: skip


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=120, companies=30, conversations=5, tickets=5, rate_limit=0) as made:
        yield made


def truth(client: Client, kind: str, key: str) -> dict[str, list[Json]]:
    """Records by parent."""
    found: dict[str, list[Json]] = defaultdict(list)
    for one in client.sandbox.records(kind):
        record = one["record"]
        assert isinstance(record, dict)
        found[str(one[key])].append(record)
    return found


def contact_with(client: Client, kind: str, least: int, key: str = "contact_id") -> tuple[str, list[Json]]:
    """A contact with at least so many records of a kind."""
    return next((name, held) for name, held in truth(client, kind, key).items() if len(held) >= least)


@pytest.mark.parametrize(("kind", "parents", "path", "key", "holder", "size"), CHILDREN)
def test_what_is_listed_is_the_truth(
    shared: Client, kind: str, parents: str, path: str, key: str, holder: str, size: int | None
) -> None:
    expected = truth(shared, kind, key)
    query = {} if size is None else {"per_page": size}
    names = [str(one["id"]) for one in shared.sandbox.records(parents)]
    asked = [*list(expected)[:40], *[name for name in names if name not in expected][:5]]
    assert any(size is None or len(held) > size for held in expected.values())
    for name in asked:
        pages = shared.pages(path.format(name), holder, "2.15", **query)
        assert [one for page in pages for one in page] == expected.get(name, [])
        assert all(len(page) == size for page in pages[:-1])


@pytest.mark.parametrize("kind", ["contact_tags", "contact_companies", "contact_notes", "contact_subscriptions"])
def test_the_first_ten_stand_in_the_contact(shared: Client, kind: str) -> None:
    whole, cut = truth(shared, kind, "contact_id"), 0
    for contact in shared.sandbox.records("contacts"):
        held: Json = contact
        names = {one["id"] for one in whole.get(held["id"], [])}
        if kind == "contact_subscriptions":
            nested = [held["opted_in_subscription_types"], held["opted_out_subscription_types"]]
        else:
            nested = [held[kind.removeprefix("contact_")]]
        assert sum(one["total_count"] for one in nested) == len(names)
        shown = {one["id"] for part in nested for one in part["data"]}
        cut += any(part["has_more"] for part in nested)
        assert shown <= names
        assert shown == names or any(part["has_more"] and len(part["data"]) == 10 for part in nested)
    assert cut


def test_opting_follows_the_kind_of_consent(shared: Client) -> None:
    consent = {one["id"]: one["consent_type"] for one in shared.sandbox.records("subscription_types")}
    for contact in shared.sandbox.records("contacts"):
        for way in ("in", "out"):
            nested: Json = contact[f"opted_{way}_subscription_types"]
            assert {consent[one["id"]] for one in nested["data"]} <= {f"opt_{way}"}


def test_companies_and_contacts_name_each_other(shared: Client) -> None:
    forth = {
        (name, one["id"]) for name, held in truth(shared, "contact_companies", "contact_id").items() for one in held
    }
    back = {(one["id"], name) for name, held in truth(shared, "company_contacts", "company_id").items() for one in held}
    assert forth == back
    assert len(forth) > 100


def test_most_contacts_and_companies_have_no_notes(shared: Client) -> None:
    for kind, key, total in (("contact_notes", "contact_id", 700), ("company_notes", "company_id", 250)):
        by_parent = truth(shared, kind, key)
        assert 0 < len(by_parent) < total / 3
        ids = [one["id"] for held in by_parent.values() for one in held]
        assert len(set(ids)) == len(ids)
        for held in by_parent.values():
            stamps = [one["created_at"] for one in held]
            assert stamps == sorted(stamps, reverse=True)


def test_a_note_by_its_id(shared: Client) -> None:
    for kind in ("contact_notes", "company_notes"):
        for one in shared.sandbox.records(kind)[:10]:
            record: Json = one["record"]
            assert shared.get(f"/notes/{record['id']}").json() == record
    for name in ("1", "30000999", "²", "x", "0030000000", "99999999999999999"):
        assert error_of(shared.get(f"/notes/{name}")) == (404, "not_found")


# Events.


def test_events_are_paged_by_milliseconds_and_told_in_seconds(shared: Client) -> None:
    name, held = contact_with(shared, "contact_events", 8, "intercom_user_id")
    first = shared.get("/events", type="user", intercom_user_id=name, per_page=3).json()
    query = parse_qs(urlsplit(first["pages"]["next"]).query)
    assert int(query["before"][0]) // 1000 == first["events"][-1]["created_at"]
    assert (query["type"], query["intercom_user_id"], query["per_page"]) == (["user"], [name], ["3"])
    assert shared.get(first["pages"]["since"]).json()["events"] == []
    middle = held[4]["created_at"] * 1000
    newer = shared.get("/events", type="user", intercom_user_id=name, since=middle).json()["events"]
    assert newer == [one for one in held if one["created_at"] * 1000 >= middle]
    stamps = [one["created_at"] for one in held]
    assert stamps == sorted(stamps, reverse=True)
    assert len({one["id"] for one in held}) == len(held)


def test_old_events_are_counted_but_not_listed(shared: Client) -> None:
    events = truth(shared, "contact_events", "intercom_user_id")
    summaries = truth(shared, "contact_event_summaries", "intercom_user_id")
    assert set(events) < set(summaries)
    assert all(one["created_at"] >= NOW - 90 * DAY for held in events.values() for one in held)
    for name, held in summaries.items():
        assert sum(one["count"] for one in held) >= len(events.get(name, []))
        assert all(one["last"].endswith("+00:00 ") and one["first"] <= one["last"] for one in held)


def test_leads_have_events_without_an_id_of_the_customers(shared: Client) -> None:
    roles = {one["id"]: one["role"] for one in shared.sandbox.records("contacts")}
    events = truth(shared, "contact_events", "intercom_user_id")
    assert {roles[name] for name in events} == {"user", "lead"}
    for name, held in events.items():
        assert all(("user_id" in one) == (roles[name] == "user") for one in held)


def test_a_page_of_events_has_its_limit(shared: Client) -> None:
    name, held = contact_with(shared, "contact_events", 101, "intercom_user_id")
    assert len(shared.get("/events", type="user", intercom_user_id=name, per_page=5000).json()["events"]) == 100
    assert len(shared.get("/events", type="user", intercom_user_id=name).json()["events"]) == 50
    assert shared.all(f"/events?type=user&intercom_user_id={name}", "events") == held


def test_whose_events(shared: Client) -> None:
    contact = next(one for one in shared.sandbox.records("contacts") if one["external_id"] and one["email"])
    wanted = shared.get("/events", type="user", intercom_user_id=contact["id"]).json()["events"]
    assert shared.get("/events", type="user", user_id=contact["external_id"]).json()["events"] == wanted
    assert shared.get("/events", type="user", email=contact["email"]).json()["events"] == wanted
    assert error_of(shared.get("/events", type="lead", intercom_user_id=contact["id"])) == (400, "parameter_invalid")
    assert error_of(shared.get("/events", intercom_user_id=contact["id"])) == (400, "parameter_invalid")
    assert error_of(shared.get("/events", type="user")) == (400, "parameter_not_found")
    for wrong in ({"intercom_user_id": "nobody"}, {"user_id": "7"}, {"user_id": "x"}, {"email": "person0@nowhere"}):
        assert error_of(shared.get("/events", type="user", **wrong)) == (404, "not_found")


# Merges.


def test_merge_history(shared: Client) -> None:
    by_contact = truth(shared, "contact_merge_history", "contact_id")
    name, held = contact_with(shared, "contact_merge_history", 5)
    assert shared.all(f"/contacts/{name}/merge_history", per_page=2) == held
    assert shared.all(f"/contacts/{name}/merge_history", per_page=2, order="asc") == held[::-1]
    sources = [one["source_contact_id"] for held in by_contact.values() for one in held]
    assert len(set(sources)) == len(sources)
    living = {one["id"]: one["role"] for one in shared.sandbox.records("contacts")}
    assert not set(sources) & set(living)
    assert {living[name] for name in by_contact} == {"user"}
    lead = next(name for name, role in living.items() if role == "lead")
    path = "/contacts/{}/merge_history"
    assert error_of(shared.get(path.format(lead), headers=NEW)) == (404, "not_found")
    assert error_of(shared.get(path.format(name))) == (400, "intercom_version_invalid")
    assert error_of(shared.get(path.format(name), headers=NEW, order="up")) == (400, "parameter_invalid")
    for cursor in ("!", "YXQ6LTU=", "aGVsbG8="):
        assert error_of(shared.get(path.format(name), headers=NEW, cursor=cursor)) == (400, "client_error")


def test_merge_history_inside_contacts(shared: Client) -> None:
    by_contact = truth(shared, "contact_merge_history", "contact_id")
    query = {"query": {"field": "created_at", "operator": ">", "value": 1}, "pagination": {"per_page": 150}}
    for version, wanted in (("2.16", True), ("2.15", False)):
        headers: dict[str, str | None] = {"Intercom-Version": version}
        found = [
            *shared.post("/contacts/search", query, headers=headers, include_merge_history="true").json()["data"],
            *shared.get("/contacts", headers=headers, include_merge_history="true", per_page=150).json()["data"],
        ]
        assert any(one["id"] in by_contact for one in found)
        for one in found:
            assert ("merge_history" in one) == (wanted and one["role"] == "user")
            assert one.get("merge_history", []) == (by_contact.get(one["id"], []) if wanted else [])
    assert "merge_history" not in shared.get("/contacts", headers=NEW).json()["data"][0]


# Change.


@pytest.mark.parametrize("kind", ["contact_notes", "company_notes", "contact_events", "contact_merge_history"])
def test_something_is_attached(client: Client, kind: str) -> None:
    parents = "companies" if kind == "company_notes" else "contacts"
    key = {"company_notes": "company_id", "contact_events": "intercom_user_id"}.get(kind, "contact_id")
    before, stood = truth(client, kind, key), {one["id"] for one in client.sandbox.records(parents)}
    touched = client.sandbox.change(**{kind: {"create": 4}})[kind]["create"]
    after, stands = truth(client, kind, key), {one["id"]: one for one in client.sandbox.records(parents)}
    assert len(set(touched)) == 4
    for name in touched:
        assert after[name][1:] == before[name]
        # Events may have grown too old since, but nothing else may be gone.
        stamp = after[name][0].get("created_at", after[name][0].get("merged_at"))
        assert NOW <= stamp <= NOW + 60
        assert int(str(stands[name]["updated_at"])) >= NOW
    gone = {after[name][0]["source_contact_id"] for name in touched} if kind == "contact_merge_history" else set()
    assert stood - set(stands) == gone
    unmoved = set(before) - set(touched) - gone
    assert {name: before[name] for name in unmoved} == {name: after[name] for name in unmoved}


def test_notes_that_are_added_are_counted_in_the_contact(client: Client) -> None:
    name = client.sandbox.change(contact_notes={"create": 1})["contact_notes"]["create"][0]
    notes = client.get(f"/contacts/{name}/notes").json()["data"]
    assert client.get(f"/contacts/{name}").json()["notes"]["total_count"] == len(notes)
    assert client.get(f"/notes/{notes[0]['id']}").json() == notes[0]


def test_only_what_can_be_attached_is(client: Client) -> None:
    with pytest.raises(ValueError, match="create"):
        client.sandbox.change(contact_notes={"update": 1})


def test_children_of_nobody(client: Client) -> None:
    for _, parents, path, _, _, _ in CHILDREN:
        code = "company_not_found" if parents == "companies" else "not_found"
        assert error_of(client.get(path.format("nobody"))) == (404, code)
    gone = client.sandbox.change(contacts={"delete": 1})["contacts"]["delete"][0]
    for _, parents, path, _, _, _ in CHILDREN:
        if parents == "contacts":
            assert error_of(client.get(path.format(gone))) == (404, "not_found")


def test_children_of_companies_that_have_vanished(client: Client) -> None:
    client.sandbox.settings.vanished_percent = 50
    kinds = set()
    for company in client.sandbox.records("companies"):
        answers = [client.get(f"/companies/{company['id']}/{what}") for what in ("contacts", "notes", "segments")]
        kinds.add((answers[0].status_code, answers[0].headers["Content-Type"].partition(";")[0]))
        assert len({answer.status_code for answer in answers}) == 1
    assert kinds == {(200, "application/json"), (404, "application/json"), (404, "text/html")}
    living = truth(client, "company_contacts", "company_id")
    assert all(client.get(f"/companies/{name}/contacts").status_code == 200 for name in living)
