"""Reads on a network that is made of answers: their bounds and their days."""

from __future__ import annotations

import logging
import time
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airbyte_cdk.models import AirbyteStreamStatus
from source_reads import (
    API,
    NAMES,
    NOW,
    Json,
    Workspace,
    fault,
    read,
    saved,
)

from source_intercom.streams import CATALOGUE
from source_intercom.sync.windows import DAY, HOUR

pytestmark = pytest.mark.timeout(60)


class TestReadBounds:
    """What one read asks for, and where its state ends."""

    def test_ends_when_it_began_and_keeps_later_changes_for_the_next(self, workspace: Workspace) -> None:
        times = {"1": NOW - 5, "2": NOW, "3": NOW + 1}
        workspace.records["tickets"] = [{"id": number, "updated_at": time} for number, time in times.items()]
        output = read("tickets", start_date="2025-10-01")
        assert output.ids("tickets") == ["1", "2"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_ends_at_intercoms_time_when_our_clock_is_ahead(self, workspace: Workspace) -> None:
        workspace.server_time = NOW - 500
        workspace.records["tickets"] = [{"id": "1", "updated_at": NOW - 500}, {"id": "2", "updated_at": NOW - 499}]
        output = read("tickets", start_date="2025-10-01")
        assert output.ids("tickets") == ["1"]
        assert output.states("tickets")[-1] == {"updated_at": NOW - 500}

    def test_ends_at_intercoms_time_also_where_intercom_does_not_tell_of_the_workspace(
        self, workspace: Workspace
    ) -> None:
        date = formatdate(NOW - 2 * DAY, usegmt=True)
        workspace.fail("GET", "/me", status_code=403, json=fault("action_forbidden"), headers={"Date": date})
        output = read("tickets", start_date="2025-10-01")
        assert output.states("tickets")[-1] == {"updated_at": NOW - 2 * DAY}

    @pytest.mark.parametrize("server_time", [NOW + 500, None])
    def test_ends_at_our_time_when_our_clock_is_behind_or_intercom_names_none(
        self, server_time: int | None, workspace: Workspace
    ) -> None:
        workspace.server_time = server_time
        output = read("tickets", start_date="2025-10-01")
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_a_start_that_intercoms_clock_has_not_reached_is_the_moment_it_began(self, workspace: Workspace) -> None:
        workspace.server_time = 1_740_000_000
        output = read("tickets", start_date="2025-06-01")
        assert output.error is None
        assert output.states("tickets")[-1] == {"updated_at": 1_740_000_000}

    def test_a_clock_before_this_connector_was_made_is_not_believed(self, workspace: Workspace) -> None:
        workspace.server_time = 1_600_000_000
        assert read("tickets").states("tickets")[-1] == {"updated_at": NOW}

    @pytest.mark.complaint(103)
    def test_a_clock_before_the_newest_state_is_not_believed(self, workspace: Workspace) -> None:
        workspace.server_time = NOW - 30 * DAY
        state = saved(tickets={"updated_at": NOW - HOUR})
        assert read("tickets", state=state).states("tickets")[-1] == {"updated_at": NOW}

    def test_a_clock_that_was_put_back_moves_no_state_back(self, workspace: Workspace) -> None:
        workspace.server_time = NOW - 90
        fields = {stream().name: stream().cursor_field for stream in CATALOGUE}
        cursors = {name: field for name, field in fields.items() if isinstance(field, str)}
        output = read(*cursors, state=saved(**{name: {field: NOW} for name, field in cursors.items()}))
        for name, field in cursors.items():
            assert {state[field] for state in output.states(name)} == {NOW}, name

    def test_what_changes_after_a_clock_was_put_back_comes(self, workspace: Workspace) -> None:
        workspace.server_time = NOW - 90
        state = read("tickets", state=saved(tickets={"updated_at": NOW})).states("tickets")[-1]
        workspace.records["tickets"] = [{"id": "1", "updated_at": NOW - 80}]
        workspace.server_time = NOW - 70
        assert read("tickets", state=saved(tickets=state)).ids("tickets") == ["1"]

    @pytest.mark.parametrize(("server_time", "end"), [(NOW - 500, NOW - 500), (NOW, NOW - 100)])
    def test_ends_at_the_end_date_unless_intercom_has_not_reached_it(
        self, server_time: int, end: int, workspace: Workspace
    ) -> None:
        workspace.server_time = server_time
        end_date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 100))
        output = read("tickets", start_date="2025-10-01", end_date=end_date)
        assert output.states("tickets")[-1] == {"updated_at": end}

    def test_incremental_begins_an_hour_before_its_state(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        workspace.records["tickets"] = [
            {"id": "old", "updated_at": NOW - DAY - HOUR},
            {"id": "again", "updated_at": NOW - DAY - HOUR + 1},
            {"id": "new", "updated_at": NOW},
        ]
        # This workspace answers every search with all it has, as if the index were late.
        assert set(read("tickets", state=state).ids("tickets")) == {"again", "new"}

    def test_and_by_the_lookback_window_more(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        first = NOW - DAY - HOUR - 3 * DAY + 1
        workspace.records["tickets"] = [{"id": "a", "updated_at": first - 1}, {"id": "b", "updated_at": first}]
        assert read("tickets", state=state, lookback_window=3).ids("tickets") == ["b"]

    def test_full_refresh_ignores_an_old_state(self, workspace: Workspace) -> None:
        state = saved(tickets={"updated_at": NOW - DAY})
        workspace.records["tickets"] = [{"id": "old", "updated_at": NOW - 50 * DAY}]
        output = read("tickets", state=state, mode="full_refresh")
        assert output.ids("tickets") == ["old"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}

    def test_full_refresh_bears_a_state_that_nobody_can_read(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": "garbage"}), mode="full_refresh")
        assert output.error is None

    def test_full_refresh_looks_again_at_the_end(self, workspace: Workspace) -> None:
        workspace.records["tickets"] = [{"id": "moved", "updated_at": NOW + 60}]
        output = read("tickets", mode="full_refresh")
        assert output.ids("tickets") == ["moved"]
        assert output.states("tickets")[-1] == {"updated_at": NOW}
        between, *_ = workspace.bodies["tickets"][-1]["query"]["value"]
        assert between["value"][0]["value"] == NOW + 1

    def test_the_start_date_bounds_the_first_read(self, workspace: Workspace) -> None:
        start = 1_759_276_800  # 2025-10-01
        workspace.records["tickets"] = [{"id": "a", "updated_at": start - 1}, {"id": "b", "updated_at": start}]
        assert read("tickets", start_date="2025-10-01T00:00:00Z").ids("tickets") == ["b"]

    def test_a_state_in_the_future_reads_the_last_hour(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": NOW + HOUR}))
        asked = [body["query"] for body in workspace.bodies["tickets"] if body["query"]["operator"] == "OR"]
        assert asked[-1]["value"][0]["value"][0]["value"] == NOW - HOUR + 1
        assert output.states("tickets")[-1] == {"updated_at": NOW + HOUR}

    def test_a_state_further_in_the_future_goes_back_to_what_the_next_sync_reads_again(
        self, workspace: Workspace
    ) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": NOW + 5 * HOUR}))
        assert output.states("tickets")[-1] == {"updated_at": NOW + HOUR}

    def test_a_state_that_cannot_have_been_read_yet_is_refused(self, workspace: Workspace) -> None:
        output = read("tickets", state=saved(tickets={"updated_at": NOW + 10**6}))
        assert output.error is not None
        assert "lies in the future" in str(output.error.message)
        assert output.ids("tickets") == []

    @pytest.mark.parametrize("mode", ["incremental", "full_refresh"])
    def test_every_stream_gives_a_state_even_when_there_was_nothing(self, mode: str, workspace: Workspace) -> None:
        output = read(*NAMES, mode=mode)
        assert output.error is None
        for name, field in ((stream().name, stream().cursor_field) for stream in CATALOGUE):
            assert output.statuses(name)[-1] is AirbyteStreamStatus.COMPLETE, name
            # A feed that is empty proves nothing, and moves no state.
            moment = 0 if (name, mode) == ("contact_activities", "incremental") else NOW
            ended = {field: moment} if field else {"__ab_no_cursor_state_message": True}
            assert output.states(name)[-1] == ended, name

    def test_a_second_read_of_unchanged_data_is_one_search(self, workspace: Workspace) -> None:
        state = saved(conversation_parts={"updated_at": NOW - 600})
        read("conversation_parts", state=state)
        assert workspace.calls("/conversations") == 1


class TestZone:
    def starts(self, workspace: Workspace) -> list[int]:
        """Where windows of contacts begin when there are many: the first search says so, none after it."""
        workspace.records["contacts"] = [{"id": "1", "updated_at": NOW - 40 * DAY}]
        totals = iter([8 * 40 * 150])

        def search(request: Any, _context: Any) -> Json:
            workspace.bodies["contacts"].append(request.json())
            total = next(totals, 0)
            following = {"next": {"starting_after": "c"}} if total else {}
            return {"data": workspace.records["contacts"], "pages": following, "total_count": total}

        workspace.network.post(f"{API}/contacts/search", json=search)
        output = read("contacts")
        assert output.error is None
        assert output.ids("contacts") == ["1"]
        queries = [body["query"] for body in workspace.bodies["contacts"] if body["pagination"]["per_page"] > 1]
        # What lies between the two days at the ends, and these.
        return sorted(query["value"][1]["value"] for query in queries[1:])[1:]

    def test_contacts_are_read_by_the_workspaces_days(self, workspace: Workspace) -> None:
        workspace.me["app"]["timezone"] = "Pacific/Kiritimati"
        starts = self.starts(workspace)
        assert len(starts) > 5
        # 14 hours ahead of UTC
        assert {(start + 14 * HOUR) % DAY for start in starts} == {0}

    @pytest.mark.parametrize(
        "me",
        [
            pytest.param({"app": {"timezone": "Mars/Olympus_Mons"}}, id="unknown"),
            pytest.param({"app": {"timezone": ""}}, id="empty"),
            pytest.param({"app": {"timezone": None}}, id="null"),
            pytest.param({"app": {"timezone": "America"}}, id="a region without a city"),
            pytest.param({"app": {"timezone": "../etc/passwd"}}, id="a path"),
            pytest.param({"app": {"timezone": "Pacific Time (US & Canada)"}}, id="another naming"),
            pytest.param({"app": {}}, id="none"),
            pytest.param({"app": None}, id="no app"),
            pytest.param({}, id="nothing"),
        ],
    )
    def test_without_a_usable_one_days_are_utc(
        self, me: Json, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        workspace.me = {"type": "admin", **me}
        with caplog.at_level(logging.INFO):
            starts = self.starts(workspace)
        assert {start % DAY for start in starts} == {0}
        assert "is not known here" in caplog.text

    @pytest.mark.parametrize("created_at", [NOW - 45 * DAY, (NOW - 45 * DAY) * 1000, str(NOW - 45 * DAY)])
    def test_a_birth_is_told_in_many_ways(self, created_at: Any, workspace: Workspace) -> None:
        workspace.me["app"]["created_at"] = created_at
        output = read("activity_logs", activity_logs_time_step=30)
        assert output.error is None
        assert workspace.calls("/admins/activity_logs") == 2

    @pytest.mark.parametrize("created_at", [None, "soon", 0, [], "1970-01-01"])
    def test_a_birth_that_is_unknown_is_that_of_intercom(self, created_at: Any, workspace: Workspace) -> None:
        workspace.me["app"]["created_at"] = created_at
        output = read("activity_logs", activity_logs_time_step=30)
        assert output.error is None
        assert workspace.calls("/admins/activity_logs") > 100

    def test_a_zone_that_airbytes_image_must_know(self) -> None:
        assert ZoneInfo("America/Argentina/Buenos_Aires")
