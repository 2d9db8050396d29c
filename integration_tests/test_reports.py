"""Reports: streams that the options name, whole and with the columns of the workspace."""

import pytest

from integration_tests.conftest import Workspace
from integration_tests.report_support import (
    ALL,
    CREATE,
    DATASETS,
    DAY,
    EMPTY,
    ENDS,
    MANNERS,
    REPORTS,
    assert_whole,
    calls,
    catalog,
    counted,
    discovered,
    field_of,
    held,
    jobs,
    options,
    plain,
    read,
    wanted,
)
from integration_tests.support import STREAMS, Json, Process, config

# --- Without the option ---


def test_without_the_option_nothing_is_asked_for_and_nothing_is_new(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    found = process.run("discover", sandbox.url, config=config()).of("CATALOG")[0]["streams"]
    assert [stream["name"] for stream in found] == list(STREAMS)
    assert process.run("check", sandbox.url, config=config()).of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    assert "reporting_data" not in str(sandbox.calls()["by_endpoint"])


# --- Discover and check ---


def test_a_stream_for_each_dataset_with_the_columns_of_the_workspace(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    streams, _ = discovered(process, sandbox)
    assert list(streams) == [*STREAMS, *ALL]
    assert (calls(sandbox, DATASETS), calls(sandbox, CREATE)) == (1, 0)
    conversation = streams["report_conversation"]
    assert conversation["source_defined_primary_key"] == [["conversation_id"], ["row_number"]]
    assert conversation["default_cursor_field"] == ["occurred_at"]
    columns = conversation["json_schema"]["properties"]
    expected = {field_of(name) for record in sandbox.records("report_conversation") for name in record}
    assert set(columns) == expected | {"occurred_at", "row_number"}
    assert columns["people_Brand"]["description"] == "Brand (people) (people.Brand in Intercom)."
    assert streams["report_admin_status_change"]["source_defined_primary_key"] == [["occurred_at"], ["row_number"]]


def test_only_some_attributes_by_short_and_full_names(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=20)
    report = {"dataset": "conversation", "attributes": ["channel", "people.Brand"]}
    streams, _ = discovered(process, sandbox, report)
    names = {"occurred_at", "row_number", "conversation_id", "conversation_started_at", "channel", "people_Brand"}
    assert set(streams["report_conversation"]["json_schema"]["properties"]) == names
    output = process.run("read", sandbox.url, config=options(report), catalog=catalog([streams["report_conversation"]]))
    expected = [{name: value for name, value in row.items() if name in names} for row in held(sandbox, ALL[0])]
    assert counted(output.records["report_conversation"]) == counted(expected)


def test_a_token_that_may_not_ask_discovers_what_is_known(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(scopes=["Read admins"])
    streams, output = discovered(process, sandbox)
    assert {"conversation_id", "channel", "row_number"} <= set(streams[ALL[0]]["json_schema"]["properties"])
    assert set(streams["report_admin_status_change"]["json_schema"]["properties"]) == {"occurred_at", "row_number"}
    assert "The columns of reports are named as far as this connector knows them" in output.log


def test_check_names_the_permission_and_unknown_datasets(process: Process, workspace: Workspace) -> None:
    reports = [{"dataset": "conversation"}, {"dataset": "conversatoin"}]
    sandbox = workspace()
    status = process.run("check", sandbox.url, config=options(*reports)).of("CONNECTION_STATUS")[0]
    assert status["status"] == "SUCCEEDED"
    assert "no reporting dataset 'conversatoin'" in status["message"]
    assert status["message"].endswith("So it is not known whether these streams can be read: report_conversatoin.")
    assert calls(sandbox, CREATE) == 0
    sandbox.settings.scopes = ["Read admins"]
    status = process.run("check", sandbox.url, config=options(*reports)).of("CONNECTION_STATUS")[0]
    assert (
        'Without the permission "Export reporting data" these streams cannot be synced: report_conversation, '
        "report_conversatoin." in status["message"]
    )


def test_an_unknown_dataset_or_attribute_costs_its_stream_alone(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    reports = [{"dataset": "calls"}, {"dataset": "conversation", "attributes": ["chanel"]}, REPORTS[2]]
    asked = plain("report_calls", "report_conversation", "report_admin_status_change")
    output = process.run("read", sandbox.url, config=options(*reports), catalog=asked)
    assert output.status == {
        "report_calls": "INCOMPLETE",
        "report_conversation": "INCOMPLETE",
        "report_admin_status_change": "COMPLETE",
    }
    assert "It has: conversation, consolidated_conversation_part" in output.errors["report_calls"]["message"]
    assert "has no attribute 'chanel'" in output.errors["report_conversation"]["message"]
    assert output.errors["report_conversation"]["failure_type"] == "config_error"


def test_a_missing_permission_is_named(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(scopes=["Read admins"])
    output = read(process, sandbox)
    assert set(output.status.values()) == {"INCOMPLETE"}
    assert '"Export reporting data"' in output.errors["report_conversation"]["message"]


# --- Record by record ---


@pytest.mark.complaint(21)
@pytest.mark.parametrize("quirk", MANNERS)
def test_reports_are_whole(process: Process, workspace: Workspace, quirk: str) -> None:
    """A year is seven jobs of each dataset; conversations that nobody answered are among them."""
    days = 100 if quirk else 365
    sandbox = workspace(conversations=60, history_days=days, max_parts=12, quirks=quirk.split())
    if quirk == "report-names":
        # Nobody could tell two attributes of one name apart.
        streams, reports = ALL[1:], REPORTS[1:]
    else:
        streams, reports = ALL, REPORTS
    output = process.run("read", sandbox.url, config=options(*reports), catalog=plain(*streams))
    assert_whole(output, sandbox, *streams)
    if not quirk:
        silent = [row for row in output.records[ALL[0]] if row["conversation_id"].startswith("314")]
        assert len(silent) == sandbox.settings.silent_conversations
        assert jobs(sandbox, "conversation") == ["complete"] * 7
        # Several rows of one second, which only their numbers tell apart.
        assert max(row["row_number"] for row in output.records["report_admin_status_change"]) > 1


def test_nothing_is_asked_for_that_is_older_than_two_years(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=80, history_days=1_500, silent_conversations=40)
    output = read(process, sandbox, "report_conversation")
    assert output.code == 0, output.errors
    expected = held(sandbox, "report_conversation", sandbox.now - 729 * DAY)
    found = output.records["report_conversation"]
    assert len(held(sandbox, "report_conversation")) > len(found) >= len(expected) > 0
    assert not counted(expected) - counted(found)
    # What is not asked for counts as read.
    assert output.state[0]["stream"]["stream_state"]["occurred_at"] > sandbox.now - 600


def test_a_full_refresh_has_the_columns_of_discover(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=30)
    output = read(process, sandbox, asked=wanted(process, sandbox, mode="full_refresh"))
    assert_whole(output, sandbox)


@pytest.mark.parametrize("quirk", EMPTY)
def test_a_workspace_without_rows_is_complete(process: Process, workspace: Workspace, quirk: str) -> None:
    sandbox = workspace(conversations=0, silent_conversations=0, history_days=40, quirks=[quirk] if quirk else [])
    output = read(process, sandbox, "report_conversation", "report_consolidated_conversation_part")
    assert output.code == 0, output.errors
    assert set(output.status.values()) == {"COMPLETE"}
    assert not output.of("RECORD")
    assert calls(sandbox, CREATE) == 2


@pytest.mark.parametrize("quirk", ENDS)
def test_a_job_that_ends_badly_is_told(process: Process, workspace: Workspace, quirk: str) -> None:
    said = "canceled" if "canceled" in quirk else "failed"
    sandbox = workspace(quirks=[quirk])
    output = process.run(
        "read",
        sandbox.url,
        config=options(),
        catalog=catalog([*(one["stream"] for one in plain("report_conversation")["streams"]), team_stream()]),
    )
    assert output.code != 0
    assert output.status == {"report_conversation": "INCOMPLETE", "teams": "COMPLETE"}
    assert said in output.errors["report_conversation"]["message"]
    assert "export of reporting data" in output.errors["report_conversation"]["message"]


def team_stream() -> Json:
    return {"name": "teams", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
