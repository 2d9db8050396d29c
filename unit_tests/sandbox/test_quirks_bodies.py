"""Quirks of what stands in a body: on and off, with what the truth says of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest
import requests
from sandbox_client import NOW, Client, Json, serve, where

ALL = where("created_at", ">", 1)


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=120, conversations=60, tickets=30, companies=5) as made:
        yield made


def search(client: Client, kind: str) -> requests.Response:
    return client.search(kind, ALL, pagination={"per_page": 150})


def test_an_avatar_is_text(client: Client) -> None:
    truth = {one["id"]: one["avatar"] for one in client.sandbox.records("contacts")}
    client.sandbox.settings.quirks = ["avatar-text"]
    shown = {one["id"]: one["avatar"] for one in search(client, "contacts").json()["data"]}
    assert shown == {name: avatar and avatar["image_url"] for name, avatar in truth.items()}
    assert any(isinstance(avatar, str) for avatar in shown.values())
    name = next(name for name, avatar in shown.items() if avatar)
    assert isinstance(client.get(f"/contacts/{name}").json()["avatar"], str)
    assert isinstance(client.get("/me").json()["avatar"], dict)
    assert {one["id"]: one["avatar"] for one in client.sandbox.records("contacts")} == truth


def test_metadata_that_holds_objects(client: Client) -> None:
    def before() -> set[type]:
        logs = client.get("/admins/activity_logs", per_page=250, created_at_after=1).json()["activity_logs"]
        return {type(one["metadata"]["before"]) for one in logs if one["metadata"] and "message" in one["metadata"]}

    assert before() == {str}
    client.sandbox.settings.quirks = ["open-metadata"]
    assert before() == {dict}
    logs = client.get("/admins/activity_logs", per_page=250, created_at_after=1).json()["activity_logs"]
    truth = {one["id"]: one for one in client.sandbox.records("activity_logs")}
    assert all(one == truth[one["id"]] for one in logs)


def second_of(value: Any) -> int:
    """What a time means, however it is written."""
    if isinstance(value, str) and not value.isdecimal():
        return int(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp())
    number = float(value)
    return int(number / 1_000 if number >= 1e11 else number)


@pytest.mark.parametrize("kind", ["contacts", "conversations", "tickets"])
def test_times_come_in_every_way(client: Client, kind: str) -> None:
    truth = {one["id"]: one for one in client.sandbox.records(kind)}
    client.sandbox.settings.quirks = ["odd-times"]
    key = "data" if kind == "contacts" else kind
    shown = search(client, kind).json()[key]
    assert len(shown) == len(truth)
    ways = {type(one["updated_at"]) for one in shown}
    assert ways == {int, float, str}
    assert any(isinstance(one["updated_at"], int) and one["updated_at"] > 1e11 for one in shown)
    for one in shown:
        assert second_of(one["updated_at"]) == truth[one["id"]]["updated_at"]
        assert second_of(one["created_at"]) == truth[one["id"]]["created_at"]
        assert one.get("custom_attributes") == truth[one["id"]].get("custom_attributes")
        assert one.get("ticket_attributes") == truth[one["id"]].get("ticket_attributes")
    assert {one["id"]: one for one in client.sandbox.records(kind)} == truth
    client.sandbox.settings.quirks = []
    assert {type(one["updated_at"]) for one in search(client, kind).json()[key]} == {int}


def test_parts_and_calls_have_odd_times_too(client: Client) -> None:
    client.sandbox.settings.quirks = ["odd-times"]
    calls = client.get("/calls", per_page=25).json()["data"]
    assert {type(one["initiated_at"]) for one in calls} > {int, str} or len(
        {type(one["initiated_at"]) for one in calls}
    ) > 1
    parent = client.sandbox.records("conversation_parts")[0]["conversation_id"]
    parts = client.get(f"/conversations/{parent}").json()["conversation_parts"]["conversation_parts"]
    truth = [one["part"] for one in client.sandbox.records("conversation_parts") if one["conversation_id"] == parent]
    assert [second_of(one["created_at"]) for one in parts] == [one["created_at"] for one in truth]


ODD: dict[str, bytes] = {
    "surrogate": rb"\ud83d", "nan": b":NaN", "huge": b":1e400", "latin": b"caf\xe9",
    "digits": b"12345678901234567890123",     "nesting": b"[" * 1_100,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["contacts", "conversations", "tickets"])
@pytest.mark.parametrize("odd", ODD)
def test_what_strict_json_refuses(client: Client, kind: str, odd: str) -> None:
    plain = search(client, kind).content
    assert ODD[odd] not in plain
    client.sandbox.settings.quirks = [f"odd-json={odd}"]
    body = search(client, kind).content
    assert ODD[odd] in body
    if odd == "digits":
        assert isinstance(_odd_of(orjson.loads(body), kind)[0], float)
    else:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(body)


def _odd_of(body: Json, kind: str) -> list[object]:
    holder = "ticket_attributes" if kind == "tickets" else "custom_attributes"
    return [one[holder]["odd"] for one in body["data" if kind == "contacts" else kind] if "odd" in one[holder]]


def test_all_odd_json_and_its_truth(client: Client) -> None:
    client.sandbox.settings.quirks = ["odd-json"]
    raw = search(client, "contacts").content
    assert raw.startswith(b"\xef\xbb\xbf")
    body = json.loads(raw[3:].decode(errors="replace"))
    truth = {one["id"]: one for one in client.sandbox.records("contacts")}
    kinds = set()
    for one in body["data"]:
        odd, told = one["custom_attributes"].pop("odd", ""), truth[one["id"]]["custom_attributes"].pop("odd", "")
        assert one == truth[one["id"]]
        kinds.add(type(odd))
        if isinstance(odd, float):
            assert not math.isfinite(odd) and told is None
        elif isinstance(odd, str):
            assert told == odd.encode(errors="surrogatepass").decode(errors="replace").replace("\ufffd" * 3, "\ufffd")
        else:
            assert odd == told == 12_345_678_901_234_567_890_123
    assert kinds == {str, float, int}
    lines = requests.get(f"{client.sandbox.url}/_sandbox/records/contacts", timeout=5).content.splitlines()
    assert [json.loads(line) for line in lines] == client.sandbox.records("contacts")


def test_odd_items_in_nested_lists(client: Client) -> None:
    def items() -> list[object]:
        found = search(client, "conversations").json()["conversations"]
        return [tag for one in found for tag in one["tags"]["tags"] if not isinstance(tag, dict)]

    def parts() -> list[object]:
        found = search(client, "tickets").json()["tickets"]
        return [part for one in found for part in one["ticket_parts"]["ticket_parts"] if not isinstance(part, dict)]

    truth = client.sandbox.records("conversation_tags")
    assert items() == parts() == []
    client.sandbox.settings.quirks = ["odd-nested-items"]
    assert set(map(str, items())) == set(map(str, parts())) == {"None", "text"}
    assert sum("id" not in one for one in client.get("/tags").json()["data"]) == 1
    assert client.sandbox.records("conversation_tags") == truth
    client.sandbox.settings.quirks = ["odd-nested-items=null"]
    assert set(items()) == {None}
    assert all("id" in one for one in client.get("/tags").json()["data"])
    client.sandbox.settings.quirks = ["odd-nested-items=no-id"]
    assert items() == []
    assert sum("id" not in one for one in client.get("/segments").json()["segments"]) == 1


def test_times_of_the_truth_are_seconds(client: Client) -> None:
    client.sandbox.settings.quirks = ["odd-times", "avatar-text", "odd-nested-items"]
    for kind in ("contacts", "conversations", "tickets"):
        assert all(0 < one["updated_at"] <= NOW for one in client.sandbox.records(kind))
