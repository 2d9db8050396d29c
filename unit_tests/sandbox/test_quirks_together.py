"""All quirks at once that can be combined: whoever asks again gets everything."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sandbox_client import Client, Json, serve, where

from sandbox.quirks.names import QUIRKS, TOGETHER


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=130, conversations=90, tickets=70, companies=5) as made:
        made.sandbox.settings.quirks = list(TOGETHER)
        yield made


def read(answer: bytes) -> Json:
    found: Json = json.loads(answer.removeprefix(b"\xef\xbb\xbf").decode(errors="replace"))
    return found


def search(client: Client, kind: str, after: str | None) -> Json:
    """One page, asked for until it comes."""
    pagination = {"per_page": 20} | ({"starting_after": after} if after else {})
    for _ in range(4):
        answer = client.search(kind, where("created_at", ">", 1), pagination=pagination)
        if answer.status_code == 200:
            return read(answer.content)
    raise AssertionError(answer.text)


def walk(client: Client, kind: str) -> tuple[set[str], int]:
    """Ids met until a page brings nothing new, and the total that was told."""
    found: set[str] = set()
    after = None
    while True:
        page = search(client, kind, after)
        fresh = {one["id"] for one in page["data" if kind == "contacts" else kind]} - found
        found |= fresh
        after = (page["pages"].get("next") or {}).get("starting_after")
        if not fresh or not after:
            return found, page["total_count"]


@pytest.mark.parametrize("kind", ["contacts", "conversations", "tickets"])
def test_nothing_is_lost_for_good(client: Client, kind: str) -> None:
    truth = {one["id"] for one in client.sandbox.records(kind)}
    early, total = walk(client, kind)
    assert len(early) < total == len(truth)
    again, _ = walk(client, kind)
    assert early | again == truth


def test_together_are_known_names() -> None:
    assert set(TOGETHER) < set(QUIRKS)


@pytest.mark.parametrize("name", QUIRKS)
def test_no_quirk_makes_the_server_fail(name: str) -> None:
    """Every endpoint answers what it answers, or what the quirk says, but never breaks the server."""
    with serve(contacts=20, conversations=20, tickets=20, companies=5, quirks=[name]) as client:
        for path in ("/me", "/tags", "/contacts", "/conversations", "/articles", "/macros", "/calls", "/segments",
                     "/admins/activity_logs", "/companies/scroll", "/content_snippets", "/news/newsfeeds"):  # fmt: skip
            answer = client.get(path, headers={"Intercom-Version": "2.17"})
            assert answer.status_code in (200, 400, 401, 403, 404, 405, 422) or name == "probe-errors", path
        for kind in ("contacts", "conversations", "tickets"):
            assert client.search(kind, where("created_at", ">", 1)).status_code in (200, 403, 405)
