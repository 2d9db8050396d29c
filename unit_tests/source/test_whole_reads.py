"""Reads of all streams together, on a network that is made of answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStreamStatus, ConfiguredAirbyteCatalog
from airbyte_cdk.test import entrypoint_wrapper
from source_reads import (
    API,
    CONFIG,
    LOGGER,
    NAMES,
    NOW,
    OFFICIAL,
    Json,
    Output,
    Workspace,
    catalog,
    read,
    saved,
)

from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE
from source_intercom.sync.windows import DAY, Window

pytestmark = pytest.mark.timeout(60)


class TestWholeReads:
    def test_every_stream_completes(self, workspace: Workspace) -> None:
        workspace.lists["/tags"] = [{"id": 1, "name": "a"}]
        workspace.records["conversations"] = [
            {"id": 7, "updated_at": NOW - 5, "statistics": {"count_conversation_parts": 1}}
        ]
        detail = {"conversation_parts": {"conversation_parts": [{"id": 8}], "total_count": 1}}
        workspace.network.get(f"{API}/conversations/7", json=detail)
        company = {"id": "c", "updated_at": NOW - 9}
        pages = [{"data": [company], "scroll_param": "p"}, {"data": [], "scroll_param": "p"}]
        workspace.network.get(f"{API}/companies/scroll", [{"json": page} for page in pages])
        workspace.network.get(f"{API}/companies/c/segments", json={"data": [{"id": "s"}]})
        output = read(*OFFICIAL)
        assert output.error is None
        complete = dict.fromkeys(OFFICIAL, AirbyteStreamStatus.COMPLETE)
        assert {name: output.statuses(name)[-1] for name in OFFICIAL} == complete
        found = {name: output.ids(name) for name in OFFICIAL if output.ids(name)}
        assert found == {
            "tags": ["1"],
            "conversations": ["7"],
            "conversation_parts": ["8"],
            "companies": ["c"],
            "company_segments": ["s"],
        }
        # One walk for both of its streams, an empty page at its end.
        assert workspace.calls("/companies/scroll") == 2
        # One search for conversations and their parts.
        assert workspace.calls("/conversations/search") == 1

    @pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
    def test_all_streams_of_the_catalogue_together(self, mode: str, workspace: Workspace) -> None:
        output = read(*NAMES, mode=mode)
        assert output.error is None
        complete = dict.fromkeys(NAMES, AirbyteStreamStatus.COMPLETE)
        assert {name: output.statuses(name)[-1] for name in NAMES} == complete

    def test_each_list_is_a_stream_of_its_own(self, workspace: Workspace) -> None:
        for number, path in enumerate(("/admins", "/tags", "/segments")):
            workspace.lists[path] = [{"id": number}]
        output = read("admins", "tags", "segments")
        assert [output.ids(name) for name in ("admins", "tags", "segments")] == [["0"], ["1"], ["2"]]

    def scroll(self, workspace: Workspace) -> Callable[[], int]:
        """One company; counts how often a scroll is opened."""
        opened: list[str] = []

        def answer(request: Any, _context: Any) -> Json:
            if "scroll_param" not in request.qs:
                opened.append(request.url)
                company = {"id": "c", "updated_at": NOW - 9, "tags": {"tags": [{"id": "t"}]}}
                return {"data": [company], "scroll_param": "p"}
            return {"data": [], "scroll_param": "p"}

        workspace.network.get(f"{API}/companies/scroll", json=answer)
        return lambda: len(opened)

    def test_companies_and_a_stream_that_was_added_later_are_one_walk(self, workspace: Workspace) -> None:
        """The one has a state, the other has none; Intercom allows one scroll at a time all the same."""
        opened = self.scroll(workspace)
        workspace.network.get(f"{API}/companies/c/segments", json={"data": [{"id": "s"}]})
        state = saved(companies={"updated_at": NOW - DAY})
        output = read("companies", "company_tags", "company_segments", state=state)
        assert output.error is None
        assert (output.ids("companies"), output.ids("company_tags")) == (["c"], ["t"])
        assert output.ids("company_segments") == ["s"]
        assert opened() == 1

    def test_children_of_companies_in_two_modes_are_one_walk(self, workspace: Workspace) -> None:
        opened = self.scroll(workspace)
        wanted = [*catalog("company_segments").streams, *catalog("company_contacts", mode="full_refresh").streams]
        output = Output(SourceIntercom().read(LOGGER, CONFIG, ConfiguredAirbyteCatalog(streams=wanted), None))
        assert output.error is None
        assert opened() == 1

    def test_events_of_a_contact_that_changes_while_it_is_read_are_not_lost(self, workspace: Workspace) -> None:
        """The next sync asks for its events since this one only."""
        workspace.records["contacts"] = [{"id": "1", "updated_at": NOW + 5}]
        event = {"id": "e", "event_name": "bought", "created_at": NOW - 7 * DAY, "intercom_user_id": "1"}
        workspace.network.get(f"{API}/events", json={"type": "event.list", "events": [event]})
        assert read("contact_events").ids("contact_events") == ["e"]

    @pytest.mark.parametrize("names", [("companies", "company_segments"), ("company_segments", "companies")])
    def test_a_company_that_breaks_its_stream_does_not_hang_the_other(
        self, names: tuple[str, ...], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (companies,) = [stream for stream in CATALOGUE if stream.__name__ == "Companies"]

        def wanted(_self: Any, _record: Json, _window: Window) -> bool:
            raise TypeError("a record of another kind")

        monkeypatch.setattr(companies, "wants", wanted)
        pages = [{"data": [{"id": "c"}], "scroll_param": "p"}, {"data": [], "scroll_param": "p"}]
        workspace.network.get(f"{API}/companies/scroll", [{"json": page} for page in pages])
        ended = threading.Event()
        outputs: list[Output] = []

        def work() -> None:
            outputs.append(read(*names))
            ended.set()

        threading.Thread(target=work, daemon=True).start()
        assert ended.wait(10), "the read never ends"
        # Each has its own failures: the scroll went on, so the other stream has its companies.
        assert outputs[0].statuses("companies")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert outputs[0].statuses("company_segments")[-1] is AirbyteStreamStatus.COMPLETE

    def test_as_airbyte_runs_it(self, workspace: Workspace) -> None:
        workspace.lists["/tags"] = [{"id": 1}, {"id": 2}]
        output = entrypoint_wrapper.read(SourceIntercom(), CONFIG, catalog("tags", mode="full_refresh"))
        assert [message.record.data for message in output.records if message.record] == [{"id": "1"}, {"id": "2"}]
        assert output.errors == []
        assert output.get_stream_statuses("tags")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.state_messages[-1].state is not None
        assert output.state_messages[-1].state.sourceStats is not None
        assert output.state_messages[-1].state.sourceStats.recordCount == 2.0
