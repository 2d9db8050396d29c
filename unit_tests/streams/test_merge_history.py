"""Whom ``contact_merge_history`` asks where the search shows no merges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stream_fakes import FakeIntercom, Json, made, page, rows_of

from source_intercom.api.errors import NotOffered, RecordGone
from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import ContactMergeHistory
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(0, 2_000)
MERGED = {"source_contact_id": "lead"}


def contacts(role: str) -> list[Json]:
    return [{"id": f"{role}{number}", "role": role, "updated_at": 1_500} for number in range(4)]


def test_leads_have_none_and_are_not_asked(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("POST", "/contacts/search?include_merge_history=true", page("data", *contacts("lead")))
    assert list(rows_of(made(ContactMergeHistory, new_sync(begin=2_000), intercom), WINDOW)) == []
    assert [path for method, path, _ in intercom.calls if method == "GET"] == []


def test_users_beside_them_are_asked(new_sync: NewSync, intercom: FakeIntercom) -> None:
    users = contacts("user")
    intercom.on("POST", "/contacts/search?include_merge_history=true", page("data", *contacts("lead"), *users))
    for user in users:
        intercom.on("GET", f"/contacts/{user['id']}/merge_history", {"data": [MERGED]})
    rows = list(rows_of(made(ContactMergeHistory, new_sync(begin=2_000), intercom), WINDOW))
    assert [row["contact_id"] for row in rows] == [user["id"] for user in users]


def test_where_no_user_has_the_path_it_is_not_offered(new_sync: NewSync, intercom: FakeIntercom) -> None:
    users = contacts("user")
    intercom.on("POST", "/contacts/search?include_merge_history=true", page("data", *users))
    for user in users:
        intercom.on("GET", f"/contacts/{user['id']}/merge_history", RecordGone("gone"))
        intercom.on("GET", f"/contacts/{user['id']}", user)
    with pytest.raises(NotOffered):
        list(rows_of(made(ContactMergeHistory, new_sync(begin=2_000), intercom), WINDOW))
