"""spec, check and discover, as a process and as a container."""

import socket

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import STREAMS, TOKEN, Connector, Process, config


def test_spec(connector: Connector) -> None:
    output = connector.run("spec")
    assert output.code == 0
    [spec] = output.of("SPEC")
    properties = spec["connectionSpecification"]["properties"]
    assert properties["access_token"]["airbyte_secret"] is True
    assert spec["connectionSpecification"]["required"] == ["access_token"]
    assert spec["advanced_auth"]["auth_flow_type"] == "oauth2.0"


def test_discover_needs_no_network(connector: Connector) -> None:
    output = connector.run("discover", url="http://127.0.0.1:1", config=config())
    assert output.code == 0
    [found] = output.of("CATALOG")
    assert [stream["name"] for stream in found["streams"]] == list(STREAMS)
    for stream in found["streams"]:
        assert stream["source_defined_primary_key"], stream["name"]
        assert stream["json_schema"]["properties"], stream["name"]


def test_check_of_a_good_token(connector: Connector, workspace: Workspace) -> None:
    output = connector.run("check", workspace().url, config=config())
    assert output.code == 0
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


def test_check_of_a_bad_token(connector: Connector, workspace: Workspace) -> None:
    output = connector.run("check", workspace().url, config=config(access_token="no-such-token-0815"))
    [status] = output.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "does not accept the access token" in status["message"]
    assert "region" in status["message"]
    assert "no-such-token-0815" not in str(output.messages) + output.stderr


@pytest.mark.complaint(66)
def test_check_names_what_a_missing_permission_costs(connector: Connector, workspace: Workspace) -> None:
    scopes = [stream.permission for stream in STREAMS.values() if stream.permission != "Read tickets"]
    output = connector.run("check", workspace(scopes=scopes).url, config=config())
    [status] = output.of("CONNECTION_STATUS")
    assert status["status"] == "SUCCEEDED"
    assert status["message"] == (
        'Without the permission "Read tickets" these streams cannot be synced: tickets, ticket_parts, '
        "ticket_contacts, ticket_types, ticket_type_attributes, ticket_states, counts. "
        'Without the permission "Read tickets" Intercom leaves records out of these streams: conversations, '
        "conversation_parts, conversation_attachments, conversation_contacts, conversation_tags, "
        "conversation_teammates, conversation_linked_objects, conversation_handling_events, side_conversations."
    )


def test_check_says_once_what_the_plan_lacks(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(plan_restricted=["Read tickets"])
    [status] = process.run("check", sandbox.url, config=config()).of("CONNECTION_STATUS")
    assert status["status"] == "SUCCEEDED"
    assert status["message"].startswith("As the plan of this workspace does not include")
    assert status["message"].count("ticket_parts") == 1
    assert "these streams cannot be synced" in status["message"]
    assert status["message"].count("Without the permission") == 1, "only of what it leaves out of other streams"


def test_check_fails_when_nothing_can_be_read(process: Process, workspace: Workspace) -> None:
    [status] = process.run("check", workspace(scopes=[]).url, config=config()).of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    # One that makes no request can always be read.
    for stream in STREAMS.keys() - {"reconciliations"}:
        assert stream in status["message"]


def test_check_costs_one_call_an_endpoint(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    process.run("check", sandbox.url, config=config())
    endpoints = {(stream.permission, stream.endpoint, stream.version) for stream in STREAMS.values()}
    # Custom objects are asked for only where the options name a type, and reconciliations never.
    assert sandbox.calls()["total"] <= 1 + len(endpoints)
    assert sandbox.calls()["without_version"] == 0


def test_check_of_an_unreachable_host(connector: Connector) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        output = connector.run("check", url, config=config())
    [status] = output.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "cannot be reached" in status["message"]
    assert "ConnectionError" in output.log
    assert "Traceback" not in output.log
    assert TOKEN not in str(output.messages) + output.stderr


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ({"access_token": None}, ["'access_token'", "is missing"]),
        ({"start_date": "yesterday"}, ["'start_date'", "is not a date", "2024-01-31"]),
        ({"start_date": "2999-01-01"}, ["'start_date'", "is in the future"]),
        ({"region": "mars"}, ["'region'", "us, eu or au"]),
        ({"num_workers": "many"}, ["'num_workers'", "from 1 to 100"]),
    ],
)
def test_a_faulty_config_is_explained_before_any_call(
    process: Process, workspace: Workspace, faulty: dict[str, object], words: list[str]
) -> None:
    sandbox = workspace()
    output = process.run("check", sandbox.url, config=config(**faulty))
    [status] = output.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    for word in words:
        assert word in status["message"]
    assert sandbox.calls()["total"] == 0


def test_a_read_with_a_faulty_config_ends_with_the_same_sentence(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    output = process.run("read", sandbox.url, config=config(start_date="soon"), catalog={"streams": []})
    assert output.code != 0
    assert "'start_date' is \"soon\", which is not a date" in output.errors[""]["message"]
    assert output.errors[""]["failure_type"] == "config_error"
    assert sandbox.calls()["total"] == 0


def test_only_the_runner_may_aim_the_connector_elsewhere(process: Process) -> None:
    output = process.run("check", "http://intercom.example.com", config=config())
    assert "INTERCOM_API_URL must be an https:// address" in output.errors[""]["message"]
