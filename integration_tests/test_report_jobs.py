"""Reports in later syncs, and their jobs: how many there are, and what a sync leaves behind that ends early."""

import json
import signal
import time
from typing import Any

import pytest
import requests

from integration_tests.conftest import Workspace
from integration_tests.report_support import ALL, DAY, assert_whole, counted, held, jobs, kept, options, plain, read
from integration_tests.support import TIMEOUT, TOKEN, Output, Process, parse
from sandbox import Sandbox

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.16"}

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
    running, lines = lines_until(process, sandbox, b"Waiting until another export of reporting data", ALL[0])
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
    assert "Waiting until another export" not in output.log


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
    assert "The export that the last sync began cannot be used" in rest.log
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
