"""What fails stays local, is told, and moves no state past what was not read."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
import requests
from airbyte_cdk.models import AirbyteStreamStatus, FailureType
from airbyte_cdk.test import entrypoint_wrapper
from source_reads import API, CONFIG, LOGGER, NAMES, NOW, Json, Output, Workspace, catalog, check, fault, read, saved

from source_intercom import source as module
from source_intercom.api.errors import TokenRejected, Unavailable
from source_intercom.options.config import ConfigError
from source_intercom.source import SourceIntercom
from source_intercom.sync.state import StateError
from source_intercom.sync.windows import DAY, HOUR

pytestmark = pytest.mark.timeout(60)


class TestStreamsWithoutState:
    """No state remembers for the next sync what Intercom announced and did not give, so the same sync asks again."""

    def short_search(self, workspace: Workspace, *answers: tuple[list[str], int]) -> None:
        workspace.network.register_uri(
            "POST",
            f"{API}/contacts/search",
            [
                {
                    "json": {
                        "data": [{"id": one, "updated_at": NOW - 5} for one in ids],
                        "pages": {},
                        "total_count": total,
                    }
                }
                for ids, total in answers
            ],
        )
        for contact in ("1", "2"):
            workspace.fail("GET", f"/events?intercom_user_id={contact}", json={"events": [{"name": f"of-{contact}"}]})

    def names(self, output: Output) -> list[str]:
        return [message.record.data["name"] for message in output.messages if message.record]

    def test_what_a_search_keeps_back_once_is_read(self, workspace: Workspace) -> None:
        self.short_search(workspace, (["1"], 2), (["1"], 2), (["1"], 1), (["2"], 1), (["1"], 2), ([], 0))
        output = read("contact_event_summaries", mode="full_refresh")
        assert output.error is None
        assert self.names(output) == ["of-1", "of-2"]

    def test_what_it_keeps_back_twice_is_taken_for_a_wrong_total(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As lists are: else a workspace whose totals are wrong for good would never get the stream."""
        self.short_search(workspace, *[(["1"], 2)] * 5, ([], 0))
        output = read("contact_event_summaries", mode="full_refresh")
        assert output.error is None
        assert self.names(output) == ["of-1"]
        # No sync before this one is spoken of: there was none.
        assert "as it did when this sync asked for the first time. Its total is taken to be wrong." in caplog.text
        assert workspace.calls("/contacts/search") >= 2

    def test_totals_that_disagree_are_no_reason_to_believe_one(self, workspace: Workspace) -> None:
        self.short_search(workspace, *[(["1"], 3)] * 2, *[(["1"], 2)] * 3, ([], 0))
        output = read("contact_event_summaries", mode="full_refresh")
        assert output.statuses("contact_event_summaries")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert "announces 2 records" in output.errors()[0][2]


class TestFailures:
    @pytest.mark.complaint(53)
    def test_a_missing_permission_ends_its_stream_and_no_other(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets")
        workspace.lists["/tags"] = [{"id": 1}]
        workspace.records["conversations"] = [{"id": "7", "updated_at": NOW}]
        output = read("tickets", "tags", "conversations", state=saved(tickets={"updated_at": NOW - 99 * DAY}))
        assert output.statuses("tickets")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert output.statuses("tags")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.statuses("conversations")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.ids("tags") == ["1"]
        assert output.ids("conversations") == ["7"]
        ((stream, kind, message),) = output.errors()
        assert (stream, kind) == ("tickets", FailureType.config_error)
        assert '"Read tickets"' in message
        assert output.error is not None, "a read that missed a stream must not look like a success"
        # Nothing of the stream was read, so its state stays where it was.
        assert output.states("tickets")[-1] == {"updated_at": NOW - 99 * DAY}

    def test_before_the_first_error_the_log_lists_all_that_the_token_may_not_read(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        """airbyte-serverless and Meltano's wrapper end a read at its first error."""
        workspace.deny("Read tickets", "Read tags")
        reading = SourceIntercom().read(LOGGER, CONFIG, catalog("tickets", "ticket_types", "tags", "admins"))
        with caplog.at_level(logging.INFO):
            next(message for message in reading if message.trace and message.trace.error)
            (said,) = [line for line in caplog.records if line.message.startswith("Without the permission")]
            assert Output(reading).error is not None
        assert said.levelname == "WARNING"
        assert 'the permission "Read tickets" these streams cannot be synced: tickets, ticket_types.' in said.message
        assert 'the permission "Read tags" these streams cannot be synced: tags.' in said.message
        assert sum(line.startswith("Without the permission") for line in caplog.messages) == 1
        incomplete = [line.split()[0] for line in caplog.messages if line.endswith("incomplete: its error is above")]
        assert sorted(incomplete) == ["tags", "ticket_types", "tickets"]

    def test_a_token_that_is_revoked_meanwhile_costs_only_the_list(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        workspace.deny("Read tags")
        workspace.fail("POST", "/tickets/search", status_code=401, json=fault("token_revoked"))
        with caplog.at_level(logging.INFO):
            output = read("tags", "tickets")
        assert sorted(stream for stream, _, _ in output.errors()) == ["tags", "tickets"]
        assert sum(line.startswith("What else the token may not read is not known") for line in caplog.messages) == 1

    def test_a_permission_that_is_granted_meanwhile_leaves_nothing_to_list(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        answers = [{"status_code": 401, "json": fault("token_unauthorized")}, {"json": {"data": [], "pages": {}}}]
        workspace.network.register_uri("GET", f"{API}/tags", answers)
        with caplog.at_level(logging.INFO):
            output = read("tags")
        assert [stream for stream, _, _ in output.errors()] == ["tags"]
        assert workspace.calls("/tags") == 2
        assert "do not select these streams" not in caplog.text

    def test_an_error_of_another_kind_asks_nothing_more(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/tags", status_code=400, json=fault("parameter_invalid"))
        assert read("tags", "admins").error is not None
        assert workspace.calls("/tags") == 1

    def test_a_stream_that_failed_at_once_has_a_state_that_covers_nothing(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets")
        output = read("tickets", start_date="2025-09-01")
        start = 1_756_684_800
        assert output.states("tickets")[-1]["updated_at"] < start

    def test_a_window_that_cannot_be_read_leaves_a_hole_and_the_rest(self, workspace: Workspace) -> None:
        heavy = NOW - 50 * DAY

        def logs(request: Any, context: Any) -> Json:
            after, before = int(request.qs["created_at_after"][0]), int(request.qs["created_at_before"][0])
            if after < heavy < before:
                context.status_code = 504
                return {}
            return {"activity_logs": [{"id": str(before), "created_at": before - 1}], "pages": {}}

        workspace.network.get(f"{API}/admins/activity_logs", json=logs)
        output = read("activity_logs")
        assert output.statuses("activity_logs")[-1] is AirbyteStreamStatus.INCOMPLETE
        state = output.states("activity_logs")[-1]
        first, *_, second = state["slices"]
        assert max(0, first["end"]) == state["created_at"] < heavy < second["start"]
        assert second["end"] == NOW
        repeated = read("activity_logs", state=saved(activity_logs=state))
        assert repeated.statuses("activity_logs")[-1] is AirbyteStreamStatus.INCOMPLETE
        # The hole grows no larger, but for the hour before it that is always read again with it.
        kept, *_, behind = repeated.states("activity_logs")[-1]["slices"]
        assert (kept["start"], kept["end"] < heavy) == (first["start"], True)
        assert -HOUR <= second["start"] - behind["start"] <= HOUR
        assert behind["end"] == NOW

    def test_what_a_follower_could_not_get_is_read_again(self, workspace: Workspace) -> None:
        """Conversations complete; their parts are tried again by the next sync."""
        conversation = {"id": "7", "updated_at": NOW - 5}
        workspace.records["conversations"] = [conversation]
        workspace.fail("GET", "/conversations/7", status_code=503, text="busy")
        output = read("conversations", "conversation_parts", start_date="2025-09-01")
        assert output.statuses("conversations")[-1] is AirbyteStreamStatus.COMPLETE
        assert output.statuses("conversation_parts")[-1] is AirbyteStreamStatus.INCOMPLETE
        assert output.states("conversations")[-1] == {"updated_at": NOW}
        state = output.states("conversation_parts")[-1]
        assert state["updated_at"] < NOW - 5
        detail = {"conversation_parts": {"conversation_parts": [{"id": "8"}], "total_count": 1}}
        workspace.network.get(f"{API}/conversations/7", json=detail)
        states = saved(conversations=output.states("conversations")[-1], conversation_parts=state)
        again = read("conversations", "conversation_parts", start_date="2025-09-01", state=states)
        assert again.ids("conversation_parts") == ["8"]
        assert again.states("conversation_parts")[-1] == {"updated_at": NOW}

    def test_a_bad_token_ends_a_read_at_once(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        output = read(*NAMES)
        assert isinstance(output.error, TokenRejected)
        assert output.error.failure_type is FailureType.config_error
        assert output.messages == []
        assert workspace.calls() == 1

    def test_a_bad_token_is_a_config_error_for_airbyte(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        output = entrypoint_wrapper.read(SourceIntercom(), CONFIG, catalog("tags"), expecting_exception=True)
        (message,) = output.errors
        assert message.trace is not None
        assert message.trace.error is not None
        assert message.trace.error.failure_type is FailureType.config_error
        assert "secret-token" not in str(output.get_formatted_error_message())

    def test_a_host_that_does_not_answer_ends_a_read(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", exc=requests.exceptions.ConnectionError)
        output = read("tags")
        assert isinstance(output.error, Unavailable)
        assert output.error.failure_type is FailureType.transient_error

    def test_an_unknown_stream_is_named(self, workspace: Workspace) -> None:
        output = read("tags", "visitors", "leads")
        assert isinstance(output.error, ConfigError)
        assert "visitors, leads" in str(output.error.message)
        assert "tags" not in str(output.error.message)
        assert workspace.calls() == 0

    def test_an_empty_catalog_reads_nothing(self, workspace: Workspace) -> None:
        output = read()
        assert output.messages == []
        assert output.error is None
        assert workspace.calls() == 0

    def test_a_faulty_config_reads_nothing(self, workspace: Workspace) -> None:
        output = read("tags", start_date="soon")
        assert isinstance(output.error, ConfigError)
        assert workspace.calls() == 0

    def test_a_value_that_is_probably_not_meant_is_told_once(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert read("tags", num_workers=10).error is None
        assert read("tags").error is None
        assert len([one for one in caplog.messages if "'num_workers' is 10" in one]) == 1

    def test_a_state_that_nobody_can_read_is_named(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": "garbage"}))
        assert isinstance(output.error, StateError)
        assert "'tickets'" in str(output.error.message)
        # Not even /me is asked before the sentence.
        assert workspace.calls() == 0

    def test_threads_and_connections_are_let_go(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        closed: list[str] = []
        original = module.Transport.close

        def close(self: Any) -> None:
            closed.append("closed")
            original(self)

        monkeypatch.setattr(module.Transport, "close", close)
        read("tags")
        check()
        workspace.fail("GET", "/me", status_code=401, json=fault("unauthorized"))
        read("tags")
        check()
        assert closed == ["closed"] * 4

    def test_a_state_behind_the_end_date_stays_and_is_told(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        end_date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 5 * DAY))
        output = read("tickets", state=saved(tickets={"updated_at": NOW - DAY}), end_date=end_date)
        assert output.ids("tickets") == []
        assert output.states("tickets")[-1] == {"updated_at": NOW - DAY}
        assert "tickets: the saved state is later than the end date of the options" in caplog.text
