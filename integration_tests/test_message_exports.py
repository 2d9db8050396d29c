"""Messages and what came of them, from the content export: jobs, files, windows, and what a kill leaves behind."""

import json
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
import requests

from integration_tests.conftest import Workspace
from integration_tests.support import (
    STREAMS,
    TIMEOUT,
    TOKEN,
    Json,
    Output,
    Process,
    Script,
    State,
    assert_delivered,
    assert_same,
    catalog,
    config,
    key_of,
    parse,
    truth,
)
from sandbox import Sandbox

MESSAGES = tuple(name for name in STREAMS if name.startswith("message_"))
DAY = 86_400
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}
CREATE = "POST /export/content/data"
SHOW = "GET /export/content/data/{job}"
CANCEL = "POST /export/cancel/{job}"
DOWNLOAD = "GET /download/content/data/{job}"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.05")


def read(process: Process, sandbox: Sandbox, *streams: str, state: State | None = None, **more: Any) -> Output:
    wanted = catalog(*(streams or MESSAGES), mode="incremental")
    return process.run("read", sandbox.url, config=config(**more), catalog=wanted, state=state)


def calls(sandbox: Sandbox, endpoint: str) -> int:
    counted = sandbox.calls()["by_endpoint"]
    assert isinstance(counted, dict)
    return int(counted.get(endpoint, 0))


def rows(stream: str, *outputs: Output) -> dict[tuple[Any, ...], Json]:
    """What a destination that keeps one row a key holds after some runs."""
    return {key_of(stream, record): record for output in outputs for record in output.records[stream]}


@pytest.mark.parametrize("quirk", ["", "export-statistics=all", "export-text-times"])
def test_all_is_delivered_once_by_one_job_for_each_part_of_the_time(
    process: Process, workspace: Workspace, quirk: str
) -> None:
    """A year is six jobs, whose ranges overlap: what is opened ten days after it was sent lies in one of them."""
    sandbox = workspace(message_receipts=400, history_days=365, quirks=[quirk] if quirk else [])
    output = read(process, sandbox)
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, *MESSAGES)
    assert all(output.records[stream] for stream in MESSAGES)
    assert jobs(sandbox) == ["completed"] * 6
    assert calls(sandbox, DOWNLOAD) == 6
    assert calls(sandbox, CANCEL) == 0


def test_files_by_the_time_of_the_statistic_lose_nothing(process: Process, workspace: Workspace) -> None:
    """Where the files tell what happened in a range, a later job tells of a message of an earlier one once more."""
    sandbox = workspace(message_receipts=300, history_days=200, quirks=["export-statistics=by-time"])
    output = read(process, sandbox)
    assert output.code == 0, output.errors
    for stream in MESSAGES:
        assert_same(stream, rows(stream, output), truth(sandbox, stream))


@pytest.mark.parametrize("kind", ["gzip", "plain"])
def test_a_file_that_is_no_zip_is_read(process: Process, workspace: Workspace, kind: str) -> None:
    sandbox = workspace(quirks=[f"export-file={kind}"])
    output = read(process, sandbox, "message_receipts", "message_clicks")
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, "message_receipts")
    # There is no file of clicks, as none has any rows.
    assert output.status["message_clicks"] == "COMPLETE"
    assert not output.records["message_clicks"]


def test_a_workspace_without_messages_is_complete(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(message_receipts=0)
    output = read(process, sandbox)
    assert output.code == 0
    assert set(output.status.values()) == {"COMPLETE"}
    assert not output.of("RECORD")
    assert calls(sandbox, DOWNLOAD) == 0


@pytest.mark.parametrize("quirk", ["", "export-statistics=all"])
@pytest.mark.parametrize("days", [30, 0])
def test_what_happened_ten_days_later_comes_with_a_later_sync(
    process: Process, workspace: Workspace, quirk: str, days: int
) -> None:
    sandbox = workspace(
        message_receipts=120, history_days=28, clock_ahead_seconds=-10 * DAY, quirks=[quirk] if quirk else []
    )
    first = read(process, sandbox, message_lookback_days=days)
    assert_delivered(first, sandbox, *MESSAGES)
    before = {stream: truth(sandbox, stream) for stream in MESSAGES}
    sandbox.settings.clock_ahead_seconds = 0
    sandbox.change(message_receipts={"create": 3})
    second = read(process, sandbox, message_lookback_days=days, state=first.state)
    assert second.code == 0, second.errors
    after = {stream: truth(sandbox, stream) for stream in MESSAGES}
    assert len(after["message_opens"]) > len(before["message_opens"])
    if days:
        for stream in MESSAGES:
            assert_same(stream, rows(stream, first, second), after[stream])
    else:
        # What the option says: without it only new messages come.
        assert len(rows("message_receipts", first, second)) == len(after["message_receipts"])
        assert len(rows("message_opens", first, second)) < len(after["message_opens"])


def test_a_start_date_leaves_out_what_was_sent_before(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(message_receipts=200)
    start = time.strftime("%Y-%m-%d", time.gmtime(sandbox.now - 100 * DAY))
    output = read(process, sandbox, "message_receipts", start_date=start)
    expected = {
        key: record
        for key, record in truth(sandbox, "message_receipts").items()
        if time.strftime("%Y-%m-%d", time.gmtime(record["received_at"])) >= start
    }
    assert_same("message_receipts", rows("message_receipts", output), expected)
    assert calls(sandbox, CREATE) == 2


@pytest.mark.parametrize("ends", ["failed", "canceled"])
def test_a_job_that_ends_badly_is_told(process: Process, workspace: Workspace, ends: str) -> None:
    sandbox = workspace(quirks=[f"export-ends={ends}"])
    output = read(process, sandbox, "message_opens", "teams")
    assert output.code != 0
    assert output.status == {"message_opens": "INCOMPLETE", "teams": "COMPLETE"}
    assert ends in output.errors["message_opens"]["message"]
    assert output.errors["message_opens"]["failure_type"] == "transient_error"


def test_a_missing_permission_is_named(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(scopes=["Read admins"])
    output = read(process, sandbox, "message_opens", "teams")
    assert output.status == {"message_opens": "INCOMPLETE", "teams": "COMPLETE"}
    assert '"Export content data"' in output.errors["message_opens"]["message"]
    status = process.run("check", sandbox.url, config=config()).of("CONNECTION_STATUS")[0]
    assert (
        'Without the permission "Export content data" these streams cannot be synced: message_receipts'
        in (status["message"])
    )


def test_check_makes_no_job(process: Process, workspace: Workspace) -> None:
    sandbox = workspace()
    assert process.run("check", sandbox.url, config=config()).code == 0
    assert (calls(sandbox, CREATE), calls(sandbox, SHOW)) == (0, 1)


def start_elsewhere(sandbox: Sandbox) -> str:
    """A job of another integration."""
    answer = requests.post(
        f"{sandbox.url}/export/content/data",
        json={"created_at_after": sandbox.now - DAY, "created_at_before": sandbox.now},
        headers=HEADERS,
        timeout=10,
    )
    return str(answer.json()["job_identifier"])


def jobs(sandbox: Sandbox) -> list[str]:
    """How all jobs stand, in the order in which they were made."""
    return [job.status for job in sandbox.server.ws.exports]


def end_when_waited_for(process: Process, sandbox: Sandbox, job: str, state: State | None = None) -> Output:
    """A sync during which a job of somebody else ends: as soon as the sync says that it waits."""
    running = process.start(
        "read", sandbox.url, config=config(), catalog=catalog(*MESSAGES, mode="incremental"), state=state
    )
    assert running.stdout is not None
    lines: list[bytes] = []
    for line in running.stdout:
        lines.append(line)
        if b"Waiting until another export of message data" in line:
            requests.post(f"{sandbox.url}/export/cancel/{job}", headers=HEADERS, timeout=10)
            break
    rest, errors = running.communicate(timeout=TIMEOUT)
    return Output(running.returncode, parse(b"".join(lines) + rest), errors.decode())


def test_the_job_of_somebody_else_is_waited_for(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(history_days=20, export_seconds=600)
    output = end_when_waited_for(process, sandbox, start_elsewhere(sandbox))
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, *MESSAGES)
    assert jobs(sandbox) == ["canceled", "completed"]
    # The one that the test itself made.
    assert calls(sandbox, CANCEL) == 1


# --- What a sync leaves behind when it ends early ---


def until_a_job_is_told(process: Process, sandbox: Sandbox, number: int) -> Output:
    """A sync that is ended by a signal as soon as a state tells of the job under way."""
    running = process.start("read", sandbox.url, config=config(), catalog=catalog(*MESSAGES, mode="incremental"))
    assert running.stdout is not None
    lines: list[bytes] = []
    for line in running.stdout:
        lines.append(line)
        if b'"job":' in line:
            running.send_signal(number)
            break
    rest, errors = running.communicate(timeout=TIMEOUT)
    whole, _, _ = rest.rpartition(b"\n")
    return Output(running.returncode, parse(b"".join(lines) + whole), errors.decode())


def test_a_killed_sync_goes_on_with_its_job(process: Process, workspace: Workspace) -> None:
    # A job that nobody asks after is ready all the same, and no new one is made for its range.
    sandbox = workspace(message_receipts=300, history_days=200, export_polls=1_000, export_seconds=4)
    killed = until_a_job_is_told(process, sandbox, signal.SIGKILL)
    assert killed.code == -signal.SIGKILL
    assert jobs(sandbox) in (["pending"], ["in_progress"])
    sandbox.settings.export_polls = 2
    rest = read(process, sandbox, state=killed.state)
    assert rest.code == 0, rest.errors
    for stream in MESSAGES:
        assert_same(stream, rows(stream, killed, rest), truth(sandbox, stream))
    assert_delivered(rest, sandbox, *MESSAGES)
    assert "Waiting until another export" not in rest.log
    # Two hundred days are four ranges.
    assert jobs(sandbox) == ["completed"] * 4
    assert not any("job" in state["stream"]["stream_state"] for state in rest.state)


def test_what_happened_after_a_kill_is_not_lost(process: Process, workspace: Workspace) -> None:
    """The job that a killed sync left ends where that sync began, and its last days are asked for once more."""
    sandbox = workspace(
        message_receipts=150, history_days=28, clock_ahead_seconds=-10 * DAY, export_polls=1_000, export_seconds=2
    )
    killed = until_a_job_is_told(process, sandbox, signal.SIGKILL)
    sandbox.settings.export_polls = 1
    # A finished job is kept for two days.
    sandbox.settings.clock_ahead_seconds = -9 * DAY
    rest = read(process, sandbox, state=killed.state)
    assert rest.code == 0, rest.errors
    assert jobs(sandbox) == ["completed"] * 2
    for stream in MESSAGES:
        assert_same(stream, rows(stream, rest), truth(sandbox, stream))


def test_a_job_that_is_gone_meanwhile_is_made_anew(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(message_receipts=60, history_days=20, export_polls=1_000, export_seconds=600)
    killed = until_a_job_is_told(process, sandbox, signal.SIGKILL)
    job = job_in(killed.state)
    state = json.loads(json.dumps(killed.state).replace(job, "0123456789abcdef"))
    for left in sandbox.server.ws.exports:
        # On a busy machine the sync has asked after it before it is killed.
        left.asked = 0
    sandbox.settings.export_polls = 1
    # Nobody knows whose the running one is, so it is waited for.
    rest = end_when_waited_for(process, sandbox, job, state)
    assert rest.code == 0, rest.errors
    assert_delivered(rest, sandbox, *MESSAGES)
    assert jobs(sandbox) == ["canceled", "completed"]


def job_in(state: State) -> str:
    inner = [one["stream"]["stream_state"] for one in state]
    return next(str(held["job"]["id"]) for held in inner if "job" in held)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_the_job(process: Process, workspace: Workspace, number: int) -> None:
    sandbox = workspace(message_receipts=60, history_days=20, export_polls=1_000, export_seconds=600)
    stopped = until_a_job_is_told(process, sandbox, number)
    assert stopped.code == -number
    assert jobs(sandbox) == ["canceled"]
    assert set(stopped.status.values()) == {"INCOMPLETE"}
    sandbox.settings.export_polls = 1
    rest = read(process, sandbox, state=stopped.state)
    assert rest.code == 0, rest.errors
    assert_delivered(rest, sandbox, *MESSAGES)
    assert jobs(sandbox) == ["canceled", "completed"]


def test_a_reader_that_is_gone_cancels_the_job(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(message_receipts=60, history_days=20, export_polls=1_000, export_seconds=600)
    running = process.start("read", sandbox.url, config=config(), catalog=catalog(*MESSAGES, mode="incremental"))
    assert running.stdout is not None
    for line in running.stdout:
        if b'"job":' in line:
            break
    running.stdout.close()
    assert running.wait(timeout=TIMEOUT) == 141
    assert running.stderr is not None
    running.stderr.close()
    assert jobs(sandbox) == ["canceled"]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the connector's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder


def test_no_file_is_left(process: Process, workspace: Workspace, temporary: Path) -> None:
    sandbox = workspace(message_receipts=60, history_days=20)
    # The answer breaks off, and the first of its files with it.
    sandbox.fault(DOWNLOAD, "truncate", times=1)
    output = read(process, sandbox)
    assert output.code == 0, output.errors
    assert_delivered(output, sandbox, *MESSAGES)
    assert list(temporary.iterdir()) == []


def test_a_disk_without_room_is_told(script: Script, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = workspace(message_receipts=300, history_days=20)

    def limit() -> None:
        # No file of more than 1 KB; without its signal, which would end the process.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    monkeypatch.setattr(subprocess.Popen, "__init__", partialmethod(subprocess.Popen.__init__, preexec_fn=limit))
    output = read(script, sandbox, "message_opens")
    assert "cannot be kept on this machine (File too large)" in output.errors["message_opens"]["message"]
