"""What a check says of streams whose endpoints do not answer, and of permissions of which nobody can tell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from stream_fakes import FakeIntercom, made

from source_intercom.api.errors import AccessDenied, TokenRejected, Unavailable
from source_intercom.engine import access
from source_intercom.engine.access import Access, explain, missing_for
from source_intercom.shapes.base import Sync
from source_intercom.streams.conversations import Conversations
from source_intercom.streams.tickets import Tickets
from source_intercom.streams.workspace import Tags, Teams

NewSync = Callable[..., Sync]


def probed(intercom: FakeIntercom, sync: Sync, *kinds: type) -> Access:
    found = Access([made(kind, sync, intercom) for kind in kinds])
    found.probe()
    return found


def test_an_endpoint_that_does_not_answer_in_time_is_a_line_of_the_report(
    new_sync: NewSync, intercom: FakeIntercom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_PATIENCE", 0.2)
    never = threading.Event()

    def hangs(_asked: object) -> dict[str, object]:
        never.wait(20)
        return {"data": []}

    intercom.on("GET", "/tags", hangs).on("GET", "/teams", {"teams": []})
    try:
        found = probed(intercom, new_sync(), Tags, Teams)
    finally:
        never.set()
    assert "did not answer within" in found.report()
    assert found.report().endswith("tags.")
    assert not found.nothing_is_readable


def test_a_fault_of_one_endpoint_is_told_in_its_own_words(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("GET", "/tags", Unavailable("It is down.")).on("GET", "/teams", {"teams": []})
    report = probed(intercom, new_sync(), Tags, Teams).report()
    assert report == "It is down. So it is not known whether these streams can be read: tags."


def test_what_a_plan_lacks_is_no_permission(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("GET", "/tags", AccessDenied("x", by_plan=True)).on("GET", "/teams", {"teams": []})
    assert "the plan of this workspace does not include" in probed(intercom, new_sync(), Tags, Teams).report()


@pytest.mark.parametrize("error", [TokenRejected("no"), RuntimeError("a fault of ours")])
def test_what_is_no_matter_of_one_endpoint_ends_the_check(
    error: Exception, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    intercom.on("GET", "/tags", error).on("GET", "/teams", {"teams": []})
    with pytest.raises(type(error)):
        probed(intercom, new_sync(), Tags, Teams)


def test_a_permission_that_nobody_can_tell_of_does_not_count_as_missing(
    new_sync: NewSync, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_stream: object) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(Tickets, "probe", fails)
    sync = new_sync()
    with caplog.at_level(logging.INFO):
        assert missing_for([Conversations(sync)]) == (frozenset(), {Tickets.permission: True})
    assert 'permission "Read tickets" is not known' in caplog.text


def test_an_error_of_the_network_names_the_host() -> None:
    assert "api.intercom.io cannot be reached" in explain(Unavailable("x"), "api.intercom.io")
