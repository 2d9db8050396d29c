"""Reports: streams that the options name, from jobs of the reporting export."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from integration_tests.conftest import Workspace
from integration_tests.support import STREAMS, TIMEOUT, TOKEN, Json, Output, Process, State, config, parse
from sandbox import Sandbox

DAY = 86_400
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.16"}
DATASETS = "GET /export/reporting_data/get_datasets"
CREATE = "POST /export/reporting_data/enqueue"
SHOW = "GET /export/reporting_data/{job_identifier}"
DOWNLOAD = "GET /download/reporting_data/{job_identifier}"
# Two attributes of a dataset have such a name, or two that differ in capitals only.
SHARED = ("Brand", "language", "Language")
KEYS = {
    "report_conversation": ("conversation_id",),
    "report_consolidated_conversation_part": ("action_id",),
    "report_admin_status_change": ("occurred_at",),
}
TIMES = {
    "report_conversation": "timestamp.conversation_started_at",
    "report_consolidated_conversation_part": "timestamp.action_time",
    "report_admin_status_change": "timestamp.teammate_status_period_started_at",
}
ALL = tuple(KEYS)
REPORTS = [{"dataset": name.removeprefix("report_")} for name in ALL]


def options(*reports: Json, **more: Any) -> Json:
    return config(reports=list(reports) or REPORTS, **more)


def discovered(process: Process, sandbox: Sandbox, *reports: Json, **more: Any) -> tuple[dict[str, Json], Output]:
    """The streams that discover finds, by their names."""
    output = process.run("discover", sandbox.url, config=options(*reports, **more))
    assert output.code == 0, output.errors
    return {stream["name"]: stream for stream in output.of("CATALOG")[0]["streams"]}, output


def catalog(streams: Iterable[Json], mode: str = "incremental") -> Json:
    return {"streams": [{"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"} for stream in streams]}


def wanted(process: Process, sandbox: Sandbox, *names: str, mode: str = "incremental") -> Json:
    """What a platform that has discovered asks for."""
    streams, _ = discovered(process, sandbox)
    return catalog([streams[name] for name in names or ALL], mode)


def plain(*names: str) -> Json:
    """The same without asking Intercom for the columns."""
    return catalog(
        {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
        for name in names or ALL
    )


def read(
    process: Process, sandbox: Sandbox, *names: str, state: State | None = None, asked: Json | None = None, **more: Any
) -> Output:
    return process.run("read", sandbox.url, config=options(**more), catalog=asked or plain(*names), state=state)


def field_of(name: str) -> str:
    short = name.partition(".")[2]
    return name.replace(".", "_", 1) if short in SHARED else short


def text_of(sandbox: Sandbox, name: str, value: object) -> str:
    if not name.startswith("timestamp.") or not isinstance(value, int):
        return str(value)
    manner = sandbox.settings.quirk("report-times")
    if manner == "unix":
        return str(value)
    zone = timezone.utc if manner is not None else ZoneInfo(sandbox.settings.timezone)
    return datetime.fromtimestamp(value, zone).strftime("%Y-%m-%d %H:%M:%S")


def held(sandbox: Sandbox, stream: str, start: int = 0, end: int = 1 << 40) -> list[Json]:
    """The rows that a stream must have, but for their numbers; of a range of time, both ends included."""
    rows = []
    for record in sandbox.records(stream):
        if start <= record[TIMES[stream]] <= end:
            row = {field_of(name): text_of(sandbox, name, value) for name, value in record.items()}
            rows.append({**row, "occurred_at": text_of(sandbox, TIMES[stream], record[TIMES[stream]])})
    return rows


def counted(rows: Iterable[Json]) -> Counter[str]:
    """Rows without their numbers, and how often each is there."""
    return Counter(
        json.dumps({name: value for name, value in row.items() if name != "row_number"}, sort_keys=True) for row in rows
    )


def kept(stream: str, *outputs: Output) -> list[Json]:
    """What a destination that keeps one row a key holds after some runs."""
    rows = {
        (*(record[name] for name in KEYS[stream]), record["row_number"]): record
        for output in outputs
        for record in output.records[stream]
    }
    return list(rows.values())


def assert_whole(output: Output, sandbox: Sandbox, *streams: str) -> None:
    """Every stream has been delivered whole, and no key twice."""
    assert output.code == 0, output.errors
    for stream in streams or ALL:
        assert len(kept(stream, output)) == len(output.records[stream]), f"{stream}: a key came twice"
        assert counted(output.records[stream]) == counted(held(sandbox, stream)), stream


def calls(sandbox: Sandbox, endpoint: str) -> int:
    found = sandbox.calls()["by_endpoint"]
    assert isinstance(found, dict)
    return int(found.get(endpoint, 0))


def jobs(sandbox: Sandbox, dataset: str = "") -> list[str]:
    """How the jobs stand, in the order in which they were made."""
    return [job.status for job in sandbox.server.ws.reports if dataset in ("", job.dataset)]


# --- Without the option ---


def test_without_the_option_nothing_is_asked_for_and_nothing_is_new(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    found = process.run("discover", sandbox.url, config=config()).of("CATALOG")[0]["streams"]
    assert [stream["name"] for stream in found] == list(STREAMS)
    assert process.run("check", sandbox.url, config=config()).of("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    assert not any("reporting_data" in endpoint for endpoint in sandbox.calls()["by_endpoint"])  # type: ignore[attr-defined]


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

MANNERS = [
    "",
    "report-end",
    "report-names",
    "report-times=utc",
    "report-times=unix",
    "report-heads=full",
    "report-heads=shuffled",
    "report-heads=titles",
    "report-file=gzip",
    "report-file=zip",
    "report-file=tgz",
]


@pytest.mark.complaint(21)
@pytest.mark.parametrize("quirk", MANNERS)
def test_reports_are_whole(process: Process, workspace: Workspace, quirk: str) -> None:
    """A year is seven jobs of each dataset; conversations that nobody answered are among them."""
    days = 100 if quirk else 365
    sandbox = workspace(conversations=60, history_days=days, max_parts=12, quirks=[quirk] if quirk else [])
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


@pytest.mark.parametrize("quirk", ["", "report-empty=no_data", "report-empty=file"])
def test_a_workspace_without_rows_is_complete(process: Process, workspace: Workspace, quirk: str) -> None:
    sandbox = workspace(conversations=0, silent_conversations=0, history_days=40, quirks=[quirk] if quirk else [])
    output = read(process, sandbox, "report_conversation", "report_consolidated_conversation_part")
    assert output.code == 0, output.errors
    assert set(output.status.values()) == {"COMPLETE"}
    assert not output.of("RECORD")
    assert calls(sandbox, CREATE) == 2


@pytest.mark.parametrize(("quirk", "said"), [("", "failed"), ("canceled", "canceled"), ("expired", "failed")])
def test_a_job_that_ends_badly_is_told(process: Process, workspace: Workspace, quirk: str, said: str) -> None:
    sandbox = workspace(quirks=[f"report-ends={quirk or 'failed'}"])
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


# --- Later syncs ---


def test_what_changed_of_old_conversations_comes_with_a_later_sync(process: Process, workspace: Workspace) -> None:
    """Thirty days are exported again, by one job; what changed of older ones does not come."""
    sandbox = workspace(conversations=80, history_days=90)
    first = read(process, sandbox, "report_conversation")
    assert_whole(first, sandbox, "report_conversation")
    before = len(jobs(sandbox))
    sandbox.change(conversations={"update": 80})
    second = read(process, sandbox, "report_conversation", state=first.state)
    assert second.code == 0, second.errors
    assert len(jobs(sandbox)) - before == 1
    changed = held(sandbox, "report_conversation", sandbox.now - 30 * DAY)
    assert counted(second.records["report_conversation"]) >= counted(changed)
    assert len(second.records["report_conversation"]) < len(held(sandbox, "report_conversation"))
    third = read(process, sandbox, "report_conversation", state=second.state, report_lookback_days=90)
    assert counted(kept("report_conversation", first, third)) == counted(held(sandbox, "report_conversation"))


def test_other_attributes_are_told(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=10, history_days=30)
    first = read(process, sandbox, "report_conversation")
    report = {"dataset": "conversation", "attributes": ["channel"]}
    second = process.run(
        "read", sandbox.url, config=options(report), catalog=plain("report_conversation"), state=first.state
    )
    assert "report_conversation: the filters have changed since the saved state" in second.log


# --- Jobs ---


def start_elsewhere(sandbox: Sandbox, jobs: int) -> None:
    """Jobs of another integration."""
    body = {
        "dataset_id": "admin_status_change",
        "attribute_ids": ["standard.teammate_status"],
        "start_time": sandbox.now - DAY,
        "end_time": sandbox.now,
    }
    for _ in range(jobs):
        url = f"{sandbox.url}/export/reporting_data/enqueue"
        requests.post(url, json=body, headers=HEADERS, timeout=10).raise_for_status()


def lines_until(process: Process, sandbox: Sandbox, mark: bytes, *names: str) -> tuple[Any, list[bytes]]:
    """A sync under way, and the lines that it has printed up to the one with a mark."""
    running = process.start("read", sandbox.url, config=options(), catalog=plain(*names))
    assert running.stdout is not None
    lines: list[bytes] = []
    for line in running.stdout:
        lines.append(line)
        if mark in line:
            break
    return running, lines


def rest_of(running: Any, lines: list[bytes]) -> Output:
    rest, errors = running.communicate(timeout=TIMEOUT)
    whole, _, _ = rest.rpartition(b"\n")
    return Output(running.returncode, parse(b"".join(lines) + whole), errors.decode())


def test_jobs_of_others_are_waited_for(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=20, history_days=30, export_polls=1_000, export_seconds=3)
    start_elsewhere(sandbox, 5)
    running, lines = lines_until(process, sandbox, b"Waiting for other exports of reporting data", ALL[0])
    sandbox.settings.export_polls = 1
    output = rest_of(running, lines)
    assert_whole(output, sandbox, ALL[0])


def test_no_more_jobs_than_intercom_makes(process: Process, workspace: Workspace) -> None:
    """One is left to others, so that nobody is refused."""
    sandbox = workspace(conversations=20, history_days=30, export_polls=1_000, export_seconds=1)
    names = ["conversation", "consolidated_conversation_part", "admin_status_change"]
    output = read(process, sandbox, *ALL)
    assert_whole(output, sandbox)
    assert sorted(job.dataset for job in sandbox.server.ws.reports) == sorted(names)
    assert "Waiting for other exports" not in output.log


def test_a_killed_sync_goes_on_with_its_job(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=60, history_days=200, export_polls=1_000, export_seconds=4)
    running, lines = lines_until(process, sandbox, b'"job":', ALL[0])
    running.send_signal(signal.SIGKILL)
    killed = rest_of(running, lines)
    assert killed.code == -signal.SIGKILL
    assert jobs(sandbox) in (["pending"], ["in_progress"])
    sandbox.settings.export_polls = 2
    rest = read(process, sandbox, ALL[0], state=killed.state)
    assert_whole(rest, sandbox, ALL[0])
    # Two hundred days are four ranges, the first of which the killed sync has had made.
    assert jobs(sandbox) == ["complete"] * 4
    assert not any("job" in state["stream"]["stream_state"] for state in rest.state)


def test_a_sync_that_is_killed_between_its_jobs_reads_nothing_twice(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(conversations=60, history_days=200)
    running, lines = lines_until(process, sandbox, b'"occurred_at":17', ALL[0])
    running.send_signal(signal.SIGKILL)
    killed = rest_of(running, lines)
    rest = read(process, sandbox, ALL[0], state=killed.state)
    assert rest.code == 0, rest.errors
    assert counted(kept(ALL[0], killed, rest)) == counted(held(sandbox, ALL[0]))


def test_what_changed_after_a_kill_is_not_lost(process: Process, workspace: Workspace) -> None:
    """The job that was left has the rows of its own moment, so its last days are exported once more."""
    sandbox = workspace(conversations=60, history_days=50, export_polls=1_000, export_seconds=2)
    running, lines = lines_until(process, sandbox, b'"job":', ALL[0])
    running.send_signal(signal.SIGKILL)
    killed = rest_of(running, lines)
    sandbox.settings.export_polls = 1
    rest = read(process, sandbox, ALL[0], state=killed.state)
    assert rest.code == 0, rest.errors
    assert jobs(sandbox) == ["complete"] * 2
    assert counted(kept(ALL[0], rest)) == counted(held(sandbox, ALL[0]))


@pytest.mark.parametrize("days", [0, 3])
def test_a_job_that_is_gone_or_expired_is_made_anew(process: Process, workspace: Workspace, days: int) -> None:
    sandbox = workspace(
        conversations=40, history_days=30, export_polls=1_000, export_seconds=600, clock_ahead_seconds=-4 * DAY
    )
    running, lines = lines_until(process, sandbox, b'"job":', ALL[0])
    running.send_signal(signal.SIGKILL)
    state = rest_of(running, lines).state
    sandbox.settings.export_polls = 1
    if days:
        sandbox.settings.clock_ahead_seconds = (days - 4) * DAY
    else:
        state = json.loads(json.dumps(state).replace(state[0]["stream"]["stream_state"]["job"]["id"], "0123456789"))
    rest = read(process, sandbox, ALL[0], state=state)
    assert rest.code == 0, rest.errors
    assert "The export that the last sync began is of no use" in rest.log
    assert counted(kept(ALL[0], rest)) == counted(held(sandbox, ALL[0]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_after_a_signal_the_next_sync_goes_on_with_the_job(process: Process, workspace: Workspace, number: int) -> None:
    """Intercom offers no way to cancel it."""
    sandbox = workspace(conversations=40, history_days=30, export_polls=1_000, export_seconds=600)
    running, lines = lines_until(process, sandbox, b'"job":', ALL[0])
    began = time.monotonic()
    running.send_signal(number)
    stopped = rest_of(running, lines)
    assert stopped.code == -number
    assert time.monotonic() - began < 10
    sandbox.settings.export_polls = 1
    rest = read(process, sandbox, ALL[0], state=stopped.state)
    assert counted(kept(ALL[0], rest)) == counted(held(sandbox, ALL[0]))
    # The days that are exported again are all there are.
    assert jobs(sandbox) == ["complete"] * 2
