"""Figures of a moment: a figure that Intercom refuses costs that figure only, and is not taken for nought."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stream_fakes import FakeIntercom, Json, made, rows_of

from source_intercom.api.errors import RequestRefused
from source_intercom.shapes.base import Sync
from source_intercom.streams.counts import Counts
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]


def test_a_figure_that_is_refused_is_left_out_with_a_warning(
    new_sync: NewSync, intercom: FakeIntercom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def tickets(body: Json) -> Json:
        if body["query"]["value"] == "in_progress":
            raise RequestRefused("no such state")
        return {"total_count": 4}

    for entity in ("contacts", "conversations"):
        intercom.on("POST", f"/{entity}/search", {"total_count": 5})
    intercom.on("POST", "/tickets/search", tickets)
    intercom.on("GET", "/segments", {"segments": []}).on("GET", "/tags", {"data": []})
    stream = made(Counts, new_sync(), intercom)
    monkeypatch.setattr(Counts, "client_for", lambda _self, _permission: stream.client)
    counted = {(row["entity"], row["value"]): row["count"] for row in rows_of(stream, Window(1_000, 2_000))}
    assert {value for entity, value in counted if entity == "tickets"} == {
        "submitted",
        "waiting_on_customer",
        "resolved",
    }
    assert len(counted) == 2 + 3 + 3
    (said,) = caplog.messages
    assert said.startswith("tickets with state 'in_progress' are not counted: no such state")
