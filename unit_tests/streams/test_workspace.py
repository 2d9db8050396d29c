"""What describes the workspace: rows of teams, of their figures and of data connectors, and custom objects by type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, made, rows_of

from source_intercom.api.errors import AccessDenied, NotOffered, RecordGone
from source_intercom.shapes.base import Sync
from source_intercom.streams.workspace import (
    CustomObjectInstances,
    DataConnectorExecutionResults,
    TeamAdmins,
    TeamMetrics,
)
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
WINDOW = Window(NOW - DAY, NOW)


def teams(*teams: Json) -> Json:
    return {"teams": list(teams)}


class TestTeamAdmins:
    def test_are_a_row_for_each_teammate_of_each_team(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        members = [{"id": "1", "admin_ids": [7, 8]}, {"id": "2", "admin_ids": [8]}]
        empty = [{"id": "3", "admin_ids": []}, {"id": "4", "admin_ids": None}, {"id": "5"}]
        intercom.on("GET", "/teams", teams(*members, *empty))
        rows = [(row["team_id"], row["admin_id"]) for row in rows_of(made(TeamAdmins, new_sync(), intercom), WINDOW)]
        assert rows == [("1", 7), ("1", 8), ("2", 8)]
        assert len(intercom.calls) == 1


class TestTeamMetrics:
    def test_are_figures_of_a_moment(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """The moment is that of the sync: all figures of one sync can be added up."""
        intercom.on("GET", "/teams", teams({"id": "1"}, {"id": "2"}))
        intercom.on("GET", "/teams/1/metrics", {"data": [{"admin_id": "7", "open": 3}, None]})
        intercom.on("GET", "/teams/2/metrics", {"data": []})
        stream = made(TeamMetrics, new_sync(), intercom)
        assert list(rows_of(stream, WINDOW)) == [{"admin_id": "7", "open": 3, "team_id": "1", "counted_at": NOW}]
        assert stream.client.tally.odd == 1

    def test_a_probe_asks_for_those_of_one_team(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """The list of teams can be read by tokens that may not read their figures."""
        intercom.on("GET", "/teams", teams({"id": "1"}, {"id": "2"})).on("GET", "/teams/1/metrics", AccessDenied("no"))
        with pytest.raises(AccessDenied):
            made(TeamMetrics, new_sync(), intercom).probe()

    def test_a_probe_takes_a_team_that_is_gone_for_an_answer(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/teams", teams({"id": "1"}, {"id": "2"})).on("GET", "/teams/1/metrics", RecordGone("gone"))
        made(TeamMetrics, new_sync(), intercom).probe()
        assert [path for _, path, _ in intercom.calls] == ["/teams", "/teams/1/metrics"]

    def test_a_probe_of_a_workspace_without_teams_asks_no_more(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/teams", teams())
        made(TeamMetrics, new_sync(), intercom).probe()
        assert len(intercom.calls) == 1


class TestDataConnectorExecutionResults:
    def test_of_a_connector_that_changes_while_the_list_is_read_are_asked_for(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        """It moves to the front, behind the reader. The next sync asks only for what happened since this one."""
        first, second = {"id": "1", "updated_at": 30}, {"id": "2", "updated_at": 20}
        moved = {"id": "3", "updated_at": NOW + 1}
        following = {"pages": {"next": {"starting_after": "c1"}}}
        intercom.on("GET", "/data_connectors", {"data": [first], **following}, {"data": [second]}, {"data": [moved]})
        for connector in (first, second, moved):
            results = {"data": [{"id": f"of {connector['id']}"}]}
            intercom.on("GET", f"/data_connectors/{connector['id']}/execution_results", results)
        rows = rows_of(made(DataConnectorExecutionResults, new_sync(), intercom), WINDOW)
        assert [row["id"] for row in rows] == ["of 1", "of 2", "of 3"]

    def test_are_asked_for_by_the_window_and_followed_to_the_last_page(
        self, new_sync: NewSync, intercom: FakeIntercom
    ) -> None:
        results = "/data_connectors/5/execution_results"
        following = f"{results}?page=2"
        intercom.on("GET", "/data_connectors", {"data": [{"id": "5", "updated_at": 1}], "pages": {}})
        intercom.on("GET", results, {"data": [{"id": "a"}], "pages": {"next": f"https://api.intercom.io{following}"}})
        intercom.on("GET", following, {"data": [{"id": "b"}], "pages": {"next": None}})
        stream = made(DataConnectorExecutionResults, new_sync(), intercom)
        # A connector that has not changed for years may have run today.
        (page,) = stream.source.pages(Window(0, NOW), None)
        rows = [row for rows in stream.rows(page, WINDOW) for row in rows]
        assert rows == [{"id": "a", "data_connector_id": "5"}, {"id": "b", "data_connector_id": "5"}]
        (asked,) = intercom.asked(results)
        assert (asked["start_ts"], asked["end_ts"]) == (WINDOW.start, WINDOW.end)


class TestCustomObjectInstances:
    def test_of_a_type_that_intercom_does_not_know_are_left_out_with_a_warning(
        self, new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
    ) -> None:
        intercom.on("GET", "/custom_object_instances/Order", {"data": [{"id": "1"}], "pages": {}})
        intercom.on("GET", "/custom_object_instances/Ordr", RecordGone("gone"))
        stream = made(CustomObjectInstances, new_sync(custom_object_types=["Ordr", "Order"]), intercom)
        assert list(rows_of(stream, WINDOW)) == [{"id": "1", "type_identifier": "Order"}]
        assert "Intercom knows no custom object type 'Ordr'" in caplog.text

    def test_of_no_type_that_intercom_knows_are_no_empty_table(self, new_sync: NewSync, intercom: FakeIntercom) -> None:
        """All of it may be switched off, or out of order: a full refresh would empty the table, and say all is well."""
        for name in ("Ordr", "Bike"):
            intercom.on("GET", f"/custom_object_instances/{name}", RecordGone("gone"))
        stream = made(CustomObjectInstances, new_sync(custom_object_types=["Ordr", "Bike"]), intercom)
        with pytest.raises(NotOffered, match="knows none of the custom object types"):
            list(rows_of(stream, WINDOW))
        assert len(intercom.calls) == 2

    @pytest.mark.parametrize("odd", [None, "x", []], ids=repr)
    def test_that_are_no_objects_cost_no_other(self, odd: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
        intercom.on("GET", "/custom_object_instances/Order", {"data": [odd, {"id": "1"}], "pages": {}})
        stream = made(CustomObjectInstances, new_sync(custom_object_types=["Order"]), intercom)
        assert [row["id"] for row in rows_of(stream, WINDOW)] == ["1"]
        assert stream.client.tally.odd == 1
