"""The sandbox's answers against Intercom's own description of them.

Where the live API is known to differ from the description, the sandbox follows the live API; each such place
stands in `LIES` with how it is known, and a lie that is never met fails the test too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from openapi_files import Description, compare, complaints, read
from sandbox_client import Client, Json, every, serve, where

EXAMPLE = "the description's own examples show it"
CAPTURED = "in live captures of estuary/connectors, read 2026-11"
CUSTOMERS = "customers choose the type of their own attributes"
FORGOTTEN = "served up to 2.15; the description forgets it"
LINKED = "seen live by estuary/connectors: lists by number link to the next page"
NULLS = "null in live captures of estuary/connectors, read 2026-11"
SEARCHED = "seen live by estuary/connectors in answers of searches"
SEEN = "seen live by estuary/connectors"
TOLD = "seen live: Intercom's OpenAPI issue 220, intercom-node issue 462"

LIES: dict[str, tuple[str, str]] = {
    # what: (pattern of a complaint, where it is proved)
    "pages.next is a URL": (r"pages\.next: type", LINKED),
    "source.type outside its list": (r"source\.type: (type|enum) \(None", NULLS),
    "source.subject null": (r"source\.subject: type \(None", NULLS),
    "company null": (r"(^| )(conversations\.)?company: type \(None", CAPTURED),
    "custom attributes of any type": (r"custom_attributes\.[^:]+: (type|anyOf)", CUSTOMERS),
    "log metadata as text": (r"metadata\.(before|after): type", EXAMPLE),
    "attributes of conversations": (r"data\.model: enum \('conversation'", FORGOTTEN),
    "ai_agent null": (r"ai_agent: type \(None", EXAMPLE),
    "assigned_to null": (r"assigned_to: type \(None", EXAMPLE),
    "email_message_metadata null": (r"email_message_metadata: type \(None", EXAMPLE),
}

EXTRA: dict[str, str] = {
    # a key that the description does not have: where it is proved
    "activity_log_metadata.message": EXAMPLE,
    "app.secure": EXAMPLE,
    **{f"contact.{key}": CAPTURED for key in (
        "enabled_push_messaging", "opted_in_subscription_types", "opted_out_subscription_types", "referrer",
        "sms_consent", "unsubscribed_from_sms", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term")},
    **{f"contact_{part}.type": CAPTURED for part in ("companies", "notes", "social_profiles", "tags")},
    "contact_location.continent_code": CAPTURED,
    "contact_location.country_code": CAPTURED,
    "conversation.ticket": CAPTURED,
    "conversation.topics": CAPTURED,
    "conversation_list_item.ticket": CAPTURED,
    "conversation_list_item.topics": CAPTURED,
    "conversation_part.translations": CAPTURED,
    "conversation_teammates.admins": TOLD,
    "starting_after_paging.page": SEARCHED,
    "ticket.channel": CAPTURED,
    "ticket_type.is_internal": CAPTURED,
    "ticket_type_attribute_list.data": SEEN,
}  # fmt: skip

NEVER_SHOWN: dict[str, str] = {
    # a key of the description that the sandbox never shows: why
    **{f"admin_with_app.{key}": f"left out by /me: {EXAMPLE}" for key in (
        "away_mode_enabled", "away_mode_reassign", "job_title", "team_ids")},
    "conversation_teammates.teammates": f"the key is admins, {TOLD}",
    "segment_list.pages": "no answer with it was found",
    "starting_after_paging.per_page": f"the key is page, {SEARCHED}",
    "ticket_type_attribute_list.ticket_type_attributes": f"the key is data, {SEEN}",
}  # fmt: skip


@pytest.fixture(scope="module")
def description() -> Description:
    return read("2.15")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    scopes = ["Read users and companies", "Write users and companies", "Read conversations", "Read tickets",
              "Read admins", "Read admin activity logs", "Read tags"]  # fmt: skip
    with serve(contacts=300, conversations=200, tickets=120, companies=100, activity_logs=120, rate_limit=0,
               scopes=scopes, teams=12, admins=12, max_parts=60) as made:  # fmt: skip
        made.sandbox.change(conversations={"update": 5}, tickets={"update": 5}, contacts={"update": 5})
        yield made


ALL = every(where("created_at", ">", 1))


def answers(client: Client) -> Iterator[tuple[str, str, object]]:
    """Every endpoint: method, path in the description, answer."""
    ids = {kind: [str(one["id"]) for one in client.sandbox.records(kind)] for kind in
           ("contacts", "companies", "conversations", "tickets")}  # fmt: skip
    for path in ("/me", "/admins", "/teams", "/tags", "/segments", "/contacts", "/conversations", "/companies/scroll"):
        yield "GET", path, client.get(path).json()
    yield "GET", "/segments", client.get("/segments", include_count="true").json()
    yield "GET", "/admins", client.get("/admins", display_avatar="true").json()
    for model in ("contact", "company", "conversation"):
        yield "GET", "/data_attributes", client.get("/data_attributes", model=model, include_archived="true").json()
    yield "GET", "/admins/activity_logs", client.get("/admins/activity_logs", created_at_after=1, per_page=250).json()
    for kind in ("contacts", "conversations", "tickets"):
        for sort in ("ascending", "descending"):
            body = {"pagination": {"per_page": 150}, "sort": {"field": "updated_at", "order": sort}}
            yield "POST", f"/{kind}/search", client.search(kind, ALL, **body).json()
    yield "POST", "/companies/list", client.post("/companies/list", {}, per_page=60).json()
    for name in ids["contacts"][:30]:
        yield "GET", "/contacts/{contact_id}", client.get(f"/contacts/{name}").json()
    for name in ids["conversations"][:30]:
        yield "GET", "/conversations/{conversation_id}", client.get(f"/conversations/{name}").json()
    for name in ids["tickets"][:30]:
        yield "GET", "/tickets/{ticket_id}", client.get(f"/tickets/{name}").json()
    for name in ids["companies"][:30]:
        yield "GET", "/companies/{company_id}", client.get(f"/companies/{name}").json()
        yield "GET", "/companies/{company_id}/segments", client.get(f"/companies/{name}/segments").json()


@pytest.fixture(scope="module")
def judged(description: Description, client: Client) -> list[tuple[str, Json, object]]:
    """Every answer beside the schema it must keep to."""
    return [(f"{method} {path}", description.response(method, path, 200), answer)
            for method, path, answer in answers(client)]  # fmt: skip


def test_answers_keep_to_the_description(judged: list[tuple[str, Json, object]]) -> None:
    unknown: set[str] = set()
    met: set[str] = set()
    for name, schema, answer in judged:
        for complaint in complaints(schema, answer):
            lies = [lie for lie, (pattern, _) in LIES.items() if re.search(pattern, complaint)]
            met.update(lies)
            if not lies:
                unknown.add(f"{name} -> {complaint}")
    assert not unknown, "\n".join(sorted(unknown))
    assert met == set(LIES), f"no longer met: {set(LIES) - met}"


def test_errors_keep_to_the_description(description: Description, client: Client) -> None:
    nobody: dict[str, str | None] = {"Authorization": "Bearer nobody"}
    for answer in (client.get("/tags", headers=nobody), client.get("/conversations/1"), client.get("/companies/1")):
        path = {401: "/tags", 404: "/companies/{company_id}"}[answer.status_code]
        assert list(complaints(description.response("GET", path, answer.status_code), answer.json())) == []


def test_no_key_is_made_up_and_none_is_left_out(judged: list[tuple[str, Json, object]]) -> None:
    """A schema allows any further key, so the validator cannot see these two faults."""
    extra: set[str] = set()
    described: set[str] = set()
    shown: set[str] = set()
    for _, schema, answer in judged:
        compare(schema, schema["components"]["schemas"], answer, "", extra, described, shown)
    assert extra == set(EXTRA), f"{sorted(extra - set(EXTRA))} are made up; {sorted(set(EXTRA) - extra)} are gone"
    hidden = described - shown
    assert hidden == set(NEVER_SHOWN), f"{sorted(hidden - set(NEVER_SHOWN))}; {sorted(set(NEVER_SHOWN) - hidden)}"
