"""What goes wrong in real workspaces must be said, must stay local, and must never look like success."""

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import HELD, STREAMS, Process, assert_delivered, catalog, config

PERMISSIONS = sorted({stream.permission for stream in STREAMS.values()})


# Two that touch most shapes of streams; what each permission costs is told by the streams' own facts.
@pytest.mark.complaint(51)
@pytest.mark.parametrize("lacking", ["Read tickets", "Read users and companies"])
def test_a_missing_permission_ends_its_streams_and_no_other(
    process: Process, workspace: Workspace, lacking: str
) -> None:
    sandbox = workspace(scopes=[permission for permission in PERMISSIONS if permission != lacking])
    output = process.run("read", sandbox.url, config=config(), catalog=catalog(mode="incremental"))
    assert output.code != 0
    without = {name for name, stream in STREAMS.items() if lacking in (stream.permission, *stream.also_needs)}
    # Made by the connector, without any request.
    without.discard("reconciliations")
    assert {name for name, status in output.status.items() if status == "INCOMPLETE"} == without
    assert_delivered(output, sandbox, *(set(HELD) - without))
    for name in without:
        # Counts go on with what can be counted.
        assert output.records[name] == [] or name == "counts"
        assert f'lacks the permission "{lacking}"' in output.errors[name]["message"]
        assert output.errors[name]["failure_type"] == "config_error"
        assert f"Exception while syncing stream {name}: The access token lacks" in output.log
    # One trace a stream, however many windows it has, and one for the read.
    errors = [trace for trace in output.of("TRACE") if trace["type"] == "ERROR"]
    assert len(errors) == len(without) + 1


def test_a_bad_token_stops_the_read_at_once(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    output = process.run("read", sandbox.url, config=config(access_token="wrong-token"), catalog=catalog())
    assert output.code != 0
    assert "does not accept the access token" in output.errors[""]["message"]
    assert sandbox.calls()["total"] == 1


@pytest.mark.parametrize(
    ("match", "kind"),
    [
        pytest.param("POST /contacts/search", "status:503", marks=pytest.mark.real_waits),
        ("POST /contacts/search", "html:502"),
        ("POST /conversations/search", "reset"),
        ("POST /conversations/search", "truncate"),
        ("POST /tickets/search", "empty"),
        ("GET /conversations/{id}", "status:500"),
        ("GET /conversations/{id}", "html:502"),
        ("GET /companies/{id}/segments", "status:500"),
        ("GET /admins", "empty"),
    ],
)
def test_passing_faults_are_ridden_out(process: Process, workspace: Workspace, match: str, kind: str) -> None:
    sandbox = workspace(contacts=100, companies=30, conversations=30, tickets=30)
    sandbox.fault(match, kind, times=2)
    # All streams that make one of these requests, and no others, which have nothing to ride out.
    streams = ("contacts", "companies", "company_segments", "conversations", "conversation_parts", "tickets", "admins")
    output = process.run("read", sandbox.url, config=config(), catalog=catalog(*streams))
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, *streams)


@pytest.mark.complaint(9)
def test_a_page_too_heavy_is_read_in_smaller_ones(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(contacts=300, history_days=20)
    sandbox.fault("POST /contacts/search", "status:504", when={"per_page_over": 40}, times=8)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("contacts"))
    assert output.code == 0
    assert_delivered(output, sandbox, "contacts")


@pytest.mark.parametrize(("options", "bearable_days"), [({}, 31), ({"activity_logs_time_step": 5}, 6)])
def test_activity_logs_over_a_range_too_long_are_read_in_parts(
    process: Process, workspace: Workspace, options: dict[str, int], bearable_days: int
) -> None:
    """Nothing is lost, and the long window is tried once: all, or with the option the years before the workspace."""
    sandbox = workspace(activity_logs=900, history_days=200)
    sandbox.fault("GET /admins/activity_logs", "status:500", when={"range_over": bearable_days * 86_400})
    output = process.run("read", sandbox.url, config=config(**options), catalog=catalog("activity_logs"))
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, "activity_logs")
    assert sandbox.calls()["by_status"]["500"] == 1


def test_activity_logs_cost_no_more_calls_than_pages(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(activity_logs=900, history_days=1000)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("activity_logs", mode="incremental"))
    assert_delivered(output, sandbox, "activity_logs")
    assert sandbox.calls()["by_endpoint"]["GET /admins/activity_logs"] == 4


@pytest.mark.complaint(25)
def test_vanished_parents_are_skipped_and_counted(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(companies=200, conversations=100, vanished_percent=10)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog())
    assert output.code == 0
    assert_delivered(output, sandbox, "company_segments", "companies")
    assert "deleted meanwhile" in output.log


def test_a_scroll_that_dies_starts_again_without_copies(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(companies=450)
    sandbox.fault("GET /companies/scroll", "scroll", skip=2, times=1)
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("companies", "company_segments"))
    assert output.code == 0
    assert_delivered(output, sandbox, "companies", "company_segments")


@pytest.mark.complaint(16)
def test_one_scroll_serves_all_company_streams(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(companies=450)
    process.run("read", sandbox.url, config=config(), catalog=catalog("companies", "company_segments"))
    assert sandbox.calls()["by_endpoint"]["GET /companies/scroll"] == 6


def test_a_conversation_that_cannot_be_read_is_named_and_nothing_is_green(
    process: Process, workspace: Workspace
) -> None:
    sandbox = workspace(conversations=25)
    victim = next(
        record["id"] for record in sandbox.records("conversations") if record["statistics"]["count_conversation_parts"]
    )
    sandbox.fault("GET /conversations/{id}", "status:500", ids=[victim])
    output = process.run("read", sandbox.url, config=config(), catalog=catalog("conversation_parts", "tags"))
    assert output.code != 0
    assert output.status == {"conversation_parts": "INCOMPLETE", "tags": "COMPLETE"}
    assert victim in output.errors["conversation_parts"]["message"]
    read = {part["conversation_id"] for part in output.records["conversation_parts"]}
    held = {item["conversation_id"] for item in sandbox.records("conversation_parts")}
    assert read == held - {victim}
