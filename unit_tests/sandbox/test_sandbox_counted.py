"""What is counted of articles and teams, and the feed of what happened to contacts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_client import Client, error_of, serve

NEW: dict[str, str | None] = {"Intercom-Version": "2.17"}


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=60, companies=20, conversations=60, tickets=10, rate_limit=0) as made:
        yield made


def test_an_article_alone_has_statistics(client: Client) -> None:
    counted = {str(one["article_id"]): one["record"] for one in client.sandbox.records("article_statistics")}
    for article in client.sandbox.records("articles"):
        name = str(article["id"])
        assert client.get(f"/articles/{name}").json() == {**article, "statistics": counted.get(name)}
    struck = client.sandbox.change(article_statistics={"create": 3})["article_statistics"]["create"]
    after = {str(one["article_id"]): one["record"] for one in client.sandbox.records("article_statistics")}
    assert {name for name in counted if counted[name] != after[name]} == set(struck) & set(counted)
    assert error_of(client.get("/articles/1")) == (404, "not_found")


def test_teams_have_metrics_where_the_workspace_has_the_feature(client: Client) -> None:
    team = client.sandbox.records("teams")[0]["id"]
    assert client.get(f"/teams/{team}/metrics", headers=NEW).status_code == 200
    assert error_of(client.get("/teams/1/metrics", headers=NEW)) == (404, "team_not_found")
    client.sandbox.settings.realtime_monitoring = False
    assert error_of(client.get(f"/teams/{team}/metrics", headers=NEW)) == (403, "api_plan_restricted")


def test_the_feed_of_contacts(client: Client) -> None:
    events = client.sandbox.records("contact_activities")
    assert {str(one["event_type"]).partition(".")[2] for one in events} >= {"created", "merged", "deleted"}
    pages, after = [], None
    while True:
        page = client.get("/contacts/activities", headers=NEW, per_page=40, starting_after=after).json()
        pages.append(page["data"])
        if not page["data"]:
            assert page["pages"] == {"type": "pages", "per_page": 40}
            break
        after = page["pages"]["next"]["starting_after"]
    assert [one for page in pages for one in page] == events
    times = [one["created_at"] for one in events]
    assert times == sorted(times)
    gone = client.sandbox.change(contacts={"delete": 2})["contacts"]["delete"]
    new = client.get("/contacts/activities", headers=NEW, starting_after=after).json()["data"]
    assert {(one["event_type"], one["contact_id"]) for one in new} == {("contact.deleted", one) for one in gone}
    assert client.get("/contacts/activities", headers=NEW, per_page=1_000).json()["pages"]["per_page"] == 150
    assert error_of(client.get("/contacts/activities", headers=NEW, per_page=0)) == (400, "invalid_per_page")
    assert error_of(client.get("/contacts/activities", headers=NEW, starting_after="x")) == (400, "client_error")


def test_a_feed_whose_store_cannot_be_read_is_empty(client: Client) -> None:
    client.sandbox.settings.quirks = ["empty-activities=2"]
    first = client.get("/contacts/activities", headers=NEW).json()
    assert len(first["data"]) == 50
    following = client.get("/contacts/activities", headers=NEW, **first["pages"]["next"])
    assert (following.status_code, following.json()) == (
        200,
        {"type": "list", "data": [], "pages": {"type": "pages", "per_page": 50}},
    )
    client.sandbox.settings.quirks = []
    assert client.get("/contacts/activities", headers=NEW, **first["pages"]["next"]).json()["data"]
