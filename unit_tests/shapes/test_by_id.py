"""Records that the filters name by id, each asked for by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import FakeIntercom, ids, made

from source_intercom.api.errors import IntercomError, RecordGone, RequestRefused, TokenRejected, Unavailable
from source_intercom.shapes.base import Sync
from source_intercom.shapes.by_id import records_by_id
from source_intercom.streams.tickets import Tickets

NewSync = Callable[..., Sync]


def records(sync: Sync, intercom: FakeIntercom, *wanted: str) -> list[Any]:
    stream = made(Tickets, sync, intercom)
    return [record for page in records_by_id(stream, "/tickets/{id}", wanted) for record in page]


def test_come_in_the_order_in_which_they_are_named(new_sync: NewSync, intercom: FakeIntercom) -> None:
    for number in "123":
        intercom.on("GET", f"/tickets/{number}", {"id": number})
    assert ids(records(new_sync(), intercom, "2", "1", "3")) == ["2", "1", "3"]


def test_an_id_that_intercom_does_not_have_is_said(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    intercom.on("GET", "/tickets/1", RecordGone("gone")).on("GET", "/tickets/2", {"id": "2"})
    assert ids(records(new_sync(), intercom, "1", "2")) == ["2"]
    assert "no record with the id '1'" in caplog.text


@pytest.mark.parametrize("error", [Unavailable("no answer"), RequestRefused("odd")])
def test_those_that_cannot_be_had_are_named_after_all_others(
    error: IntercomError, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    intercom.on("GET", "/tickets/1", error).on("GET", "/tickets/2", {"id": "2"})
    stream = made(Tickets, new_sync(), intercom)
    found: list[Any] = []
    with pytest.raises(Unavailable, match=r"ids of the filters: 1\. All others were read"):
        for page in records_by_id(stream, "/tickets/{id}", ["1", "2"]):
            found += page
    assert ids(found) == ["2"]


def test_what_concerns_all_requests_ends_it_at_once(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("GET", "/tickets/1", TokenRejected("no")).on("GET", "/tickets/2", {"id": "2"})
    with pytest.raises(TokenRejected):
        records(new_sync(), intercom, "1", "2")
