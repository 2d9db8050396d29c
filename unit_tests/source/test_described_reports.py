"""Reports in a catalog and in a check: what the workspace tells of its datasets, and what is said where it does not."""

from __future__ import annotations

import logging

import pytest
from airbyte_cdk.models import Status
from source_reads import API, CONFIG, LOGGER, Json, Workspace, check, fault

from source_intercom.api.datasets import PATH
from source_intercom.source import SourceIntercom

pytestmark = pytest.mark.timeout(60)

CONVERSATIONS = {
    "id": "conversation",
    "default_time_attribute_id": "conversation_started_at",
    "attributes": [
        {"qualified_id": "standard.conversation_id", "id": "conversation_id", "name": "Conversation ID"},
        {"qualified_id": "timestamp.conversation_started_at", "id": "conversation_started_at", "name": "Started at"},
        {"qualified_id": "people.Plan", "id": "Plan", "name": "Plan of the person"},
    ],
}


def columns(*datasets: str) -> dict[str, dict[str, Json]]:
    """The columns that the catalog shows of each report, as JSON schemas."""
    reports = [{"dataset": name} for name in datasets]
    catalog = SourceIntercom().discover(LOGGER, {**CONFIG, "reports": reports})
    return {
        stream.name.removeprefix("report_"): stream.json_schema["properties"]
        for stream in catalog.streams
        if stream.name.startswith("report_")
    }


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING)
    return caplog


def test_columns_are_those_that_the_workspace_has(workspace: Workspace, told: pytest.LogCaptureFixture) -> None:
    workspace.fail("GET", PATH, json={"data": [CONVERSATIONS, {"id": "call", "attributes": []}]})
    shown = columns("conversation")["conversation"]
    assert "Plan of the person (people.Plan in Intercom)." in shown["Plan"]["description"]
    # What this connector knows of other workspaces is not shown as if this one had it.
    assert "channel" not in shown
    assert workspace.calls(PATH) == 1
    assert told.messages == []


def test_a_dataset_that_the_workspace_does_not_have_is_named_with_those_it_has(
    workspace: Workspace, told: pytest.LogCaptureFixture
) -> None:
    workspace.fail("GET", PATH, json={"data": [CONVERSATIONS, {"id": "call", "attributes": []}]})
    shown = columns("conversation", "calls")
    assert "Plan" in shown["conversation"]
    # Its stream stays in the catalog: a sync of it says the same and ends with an error.
    assert {"occurred_at", "row_number"} <= set(shown["calls"])
    assert told.messages == [
        "report_calls: this Intercom workspace has no such reporting dataset. It has: conversation, call"
    ]


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_where_intercom_does_not_tell_the_catalog_is_there_all_the_same(
    status: int, workspace: Workspace, told: pytest.LogCaptureFixture
) -> None:
    code = {401: "token_unauthorized", 403: "forbidden", 404: "not_found"}.get(status, "service_unavailable")
    workspace.fail("GET", PATH, status_code=status, json=fault(code))
    shown = columns("conversation", "brand_new")
    assert "channel" in shown["conversation"], "columns that are known of any workspace"
    assert {"occurred_at", "row_number"} == set(shown["brand_new"])
    said = [line for line in told.messages if line.startswith("The columns of reports are named as far as")]
    assert len(said) == 1


def test_without_reports_nothing_is_asked(workspace: Workspace) -> None:
    assert columns() == {}
    assert workspace.calls() == 0


class TestCheck:
    @pytest.mark.parametrize(("dataset", "said"), [("conversation", ""), ("calls", "no reporting dataset 'calls'")])
    def test_tells_that_a_workspace_lacks_a_dataset(self, dataset: str, said: str, workspace: Workspace) -> None:
        workspace.fail("GET", PATH, json={"data": [CONVERSATIONS]})
        status, message = check(reports=[{"dataset": dataset}])
        assert status is Status.SUCCEEDED
        assert said in message
        assert (f"report_{dataset}" in message) == bool(said)
        assert workspace.network.request_history[-1].url.startswith(API)
