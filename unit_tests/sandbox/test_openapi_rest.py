"""The rest of the API, what hangs on the core records and beside them, against Intercom's own description.

Works as `test_openapi` does, but the tables name keys by pattern, and hold one version each: streams that
exist only there are read at 2.16, all others at 2.15.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openapi_files import Description, compare, complaints, read
from sandbox_client import Client, Json, serve

EXAMPLE = "the description's own examples show it"
CAPTURED = "in live captures of estuary/connectors, read 2026-11"
CUSTOMERS = "customers choose the type of their own attributes"
LINKED = "seen live by estuary/connectors: lists by number link to the next page"
SEARCHED = "seen live by estuary/connectors in answers of searches"
SEEN = "seen live by estuary/connectors"
TOLD_ELSEWHERE = "/admins shows it; the examples of what hangs on notes leave it out"
LANGUAGES = "the sandbox's help center has four languages"

Answer = tuple[str, Json, str | None]
"""`METHOD path` in the description, the answer, and the component it must be where the path names a wrong one."""


@dataclass(frozen=True)
class Tables:
    """What deviates from the description, and where that is proved."""

    lies: dict[str, str]
    extra: dict[str, str]
    hidden: dict[str, str]


CONTACT_EXTRAS = {
    r"contact\.(enabled_push_messaging|opted_\w+|referrer|sms_consent|unsubscribed_from_sms|utm_\w+)": CAPTURED,
    r"contact_(companies|notes|social_profiles|tags)\.type": CAPTURED,
    r"contact_location\.(continent|country)_code": CAPTURED,
}
TABLES = {
    "2.15": Tables(
        lies={
            r"pages\.next: type": LINKED,
            r"input_options: type \(None": EXAMPLE,
            r"custom_attributes\.[^:]+: type": CUSTOMERS,
        },
        extra={
            **CONTACT_EXTRAS,
            r"contact_attached_companies\.data": EXAMPLE,
            r"note\.company": EXAMPLE,
            r"ticket_type\.is_internal": CAPTURED,
            r"ticket_type_attribute_list\.data": SEEN,
        },
        hidden={
            r"admin\.(avatar|away_status_reason_id|job_title|team_priority_level)": TOLD_ELSEWHERE,
            r"(article|group)_translated_content\.[\w-]+": LANGUAGES,
            r"segment\.count": "only /segments shows it, when asked",
            r"ticket_type_attribute_list\.ticket_type_attributes": SEEN,
        },
    ),
    "2.16": Tables(
        lies={
            r"pages\.next: type": LINKED,
            r"data\.body(_text)?: type \(None": EXAMPLE,
            r"metadata\.(before|after): type": EXAMPLE,
        },
        extra={
            **CONTACT_EXTRAS,
            r"activity_log_metadata\.message": EXAMPLE,
            r"starting_after_paging\.page": SEARCHED,
        },
        hidden={
            r"conversation_part\.\w+": f"of side conversations: {EXAMPLE}",
            r"conversation_part_author\.(from_ai_agent|is_ai_answer)": f"of side conversations: {EXAMPLE}",
            r"starting_after_paging\.per_page": SEARCHED,
        },
    ),
}


@pytest.fixture(scope="module", params=["2.15", "2.16"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def description(version: str) -> Description:
    return read(version)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(contacts=500, conversations=400, tickets=60, companies=200, rate_limit=0, teams=12, admins=12) as made:
        kinds = ("contact_notes", "company_notes", "contact_events", "contact_merge_history")
        made.sandbox.change(**{kind: {"create": 3} for kind in kinds})
        yield made


class Asker:
    """Asks for a path of the description: its parameters are filled in, in order."""

    def __init__(self, client: Client, version: str) -> None:
        self.client = client
        self.headers: dict[str, str | None] = {"Intercom-Version": version}

    def get(self, path: str, *names: str, component: str | None = None, **query: object) -> Answer:
        url = path
        for name in names:
            url = re.sub(r"\{\w+\}", name, url, count=1)
        answer = self.client.get(url, headers=self.headers, **query)
        assert answer.status_code == 200, f"{url}: {answer.text}"
        return f"GET {path}", answer.json(), component

    def post(self, path: str, body: Json, **query: object) -> Answer:
        answer = self.client.post(path, body, headers=self.headers, **query)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return f"POST {path}", answer.json(), None

    def ids(self, kind: str, count: int = 80) -> list[str]:
        return [str(one["id"]) for one in self.client.sandbox.records(kind)][:count]

    def parents(self, kind: str, key: str, count: int = 40) -> list[str]:
        """Those that have a child of the kind."""
        return list(dict.fromkeys(str(one[key]) for one in self.client.sandbox.records(kind)))[:count]


def answers_of_2_15(ask: Asker) -> Iterator[Answer]:
    for what in ("tags", "notes", "segments", "subscriptions"):
        for name in ask.ids("contacts", 20) + ask.parents(f"contact_{what}", "contact_id"):
            yield ask.get(f"/contacts/{{contact_id}}/{what}", name)
    for name in ask.parents("contact_companies", "contact_id"):
        path, answer, _ = ask.get("/contacts/{contact_id}/companies", name)
        yield path, answer, None
        # The schema's own key, so that the companies too are looked at.
        yield path, {"companies": answer["data"]}, None
    for name in ask.parents("contact_events", "intercom_user_id"):
        yield ask.get("/events", component="data_event_list", type="user", intercom_user_id=name, per_page=2)
        yield ask.get("/events", type="user", intercom_user_id=name, summary="true")
    for note in ask.client.sandbox.records("contact_notes")[:40]:
        record: Any = note["record"]
        yield ask.get("/notes/{note_id}", record["id"])
    for name in ask.ids("companies") + ask.parents("company_notes", "company_id"):
        yield ask.get("/companies/{company_id}/contacts", name)
        yield ask.get("/companies/{company_id}/notes", name)
    for name in ask.ids("conversations"):
        yield ask.get("/conversations/{id}/handling_events", name)
    for path in ("/ticket_types", "/ticket_states", "/subscription_types", "/away_status_reasons", "/brands", "/emails",
                 "/help_center/help_centers"):  # fmt: skip
        yield ask.get(path)
    for kind in ask.get("/ticket_types")[1]["data"]:
        for one in kind["ticket_type_attributes"]["data"]:
            yield "GET /ticket_types", one, "ticket_type_attribute"
    for path in ("/calls", "/articles", "/help_center/collections", "/internal_articles", "/news/news_items",
                 "/news/newsfeeds", "/ai/content_import_sources", "/ai/external_pages"):  # fmt: skip
        yield ask.get(path, per_page=25)
    for path in ("/articles", "/help_center/collections", "/news/news_items"):
        yield ask.get(path, per_page=150)
    for name in ask.ids("articles"):
        yield ask.get("/articles/{article_id}", name)
    yield ask.post("/calls/search", {"conversation_ids": ask.parents("call_transcripts", "conversation_id", 20)})
    for name in ask.ids("newsfeeds"):
        yield ask.get("/news/newsfeeds/{newsfeed_id}/items", name)
    yield from reports(ask, "conversation_id")


def answers_of_2_16(ask: Asker) -> Iterator[Answer]:
    for name in ask.parents("contact_merge_history", "contact_id"):
        yield ask.get("/contacts/{id}/merge_history", name)
        yield ask.get("/contacts/{contact_id}", name, include_merge_history="true")
    yield ask.get("/contacts", per_page=150, include_merge_history="true")
    for name in ask.ids("conversations"):
        yield ask.get("/conversations/{id}/side_conversations", name)
    for path in ("/conversations/deleted", "/office_hours_schedules", "/audiences", "/content_snippets",
                 "/admins/activity_log_event_types", "/macros", "/data_connectors"):  # fmt: skip
        yield ask.get(path)
    yield ask.get("/conversations/deleted", per_page=3)
    yield ask.get("/macros", per_page=5)
    yield ask.get("/data_connectors", per_page=2)
    yield ask.get("/conversations/attributes", include_archived="true")
    yield ask.post("/admins/activity_logs/search", {"created_at_after": 0}, per_page=250)
    for name in ask.ids("office_hours_schedules"):
        yield ask.get("/office_hours_schedules/{office_hours_schedule_id}/office_hours_exceptions", name)
    for name in ask.ids("data_connectors"):
        yield ask.get("/data_connectors/{data_connector_id}/execution_results", name, start_ts=0, per_page=30,
                      include_bodies="true")  # fmt: skip
    for name in ask.ids("articles"):
        yield ask.get("/articles/{article_id}/versions", name)
    for name in ask.ids("teams"):
        yield ask.get("/teams/{team_id}/metrics", name)
    for name in ask.ids("help_centers"):
        yield ask.get("/help_center/help_centers/{help_center_id}/redirects", name)
    yield ask.get("/custom_object_instances/{custom_object_type_identifier}", "Order")
    yield from reports(ask, "standard.conversation_id")


def reports(ask: Asker, attribute: str) -> Iterator[Answer]:
    yield ask.get("/export/reporting_data/get_datasets")
    now = int(time.time())
    asked: Json = {"dataset_id": "conversation", "attribute_ids": [attribute]}
    made = ask.post("/export/reporting_data/enqueue", {**asked, "start_time": now - 86_400, "end_time": now})
    yield made
    yield ask.get("/export/reporting_data/{job_identifier}", made[1]["job_identifier"])


@pytest.fixture(scope="module")
def judged(version: str, description: Description, client: Client) -> list[tuple[str, Json, object]]:
    """Every answer beside the schema it must keep to."""
    found: list[tuple[str, Json, object]] = []
    ask = Asker(client, version)
    for name, answer, component in answers_of_2_15(ask) if version == "2.15" else answers_of_2_16(ask):
        method, path = name.split(" ")
        schema = description.component(component) if component else description.response(method, path, 200)
        found.append((name, schema, answer))
    return found


def allowed(found: set[str], table: dict[str, str]) -> tuple[list[str], list[str]]:
    """What no pattern of a table allows, and the patterns that nothing needs."""
    strange = [one for one in found if not any(re.search(pattern, one) for pattern in table)]
    idle = [pattern for pattern in table if not any(re.search(pattern, one) for one in found)]
    return sorted(strange), idle


def test_answers_keep_to_the_description(version: str, judged: list[tuple[str, Json, object]]) -> None:
    found = {f"{name} -> {one}" for name, schema, answer in judged for one in complaints(schema, answer)}
    assert allowed(found, TABLES[version].lies) == ([], [])


def test_no_key_is_made_up_and_none_is_left_out(version: str, judged: list[tuple[str, Json, object]]) -> None:
    extra: set[str] = set()
    described: set[str] = set()
    shown: set[str] = set()
    for _, schema, answer in judged:
        compare(schema, schema["components"]["schemas"], answer, "", extra, described, shown)
    assert allowed(extra, {f"^{key}$": why for key, why in TABLES[version].extra.items()}) == ([], [])
    hidden = {f"^{key}$": why for key, why in TABLES[version].hidden.items()}
    assert allowed(described - shown, hidden) == ([], [])


NEWER_THAN_DESCRIBED = {
    "GET /dynamic_contents": "Intercom's reference of 2.17, read 2026-11, as are those of the preview",
}
ANOTHER_BEFORE = {"GET /custom_object_instances/{}": "up to 2.15 it finds one object by external id"}


def test_every_endpoint_is_described(client: Client) -> None:
    """No path of the sandbox is made up, and none answers in a version that does not have it."""
    paths: dict[str, set[str]] = {}
    for version in ("2.11", "2.15", "2.16", "preview"):
        found = read(version).root["paths"]
        paths[version] = {nameless(method.upper(), path) for path in found for method in found[path]}
    for endpoint in client.sandbox.server.router.endpoints:
        name = nameless(endpoint.method, endpoint.path)
        if endpoint.since == "2.17":
            assert name not in paths["2.16"]
            assert (name in paths["preview"]) != (name in NEWER_THAN_DESCRIBED)
            continue
        assert name in paths["2.16"]
        if name not in ANOTHER_BEFORE:
            assert (endpoint.since != "2.16") == (name in paths["2.15"]), name
            assert (endpoint.since == "2.11") == (name in paths["2.11"]), name


def nameless(method: str, path: str) -> str:
    return f"{method} {re.sub('{[^}]*}', '{}', path)}"
