"""A signal ends the process: within seconds, with the right code, with whole lines and safe states."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.ends_support import (
    SLOW,
    WITHIN,
    all_of,
    assert_goes_on,
    assert_nothing_runs,
    ends_within,
    lines_until,
    reading,
    slowness,
    wait_for_calls,
)
from integration_tests.forks import usual_signals
from integration_tests.support import (
    Process,
    arguments,
    catalog,
    config,
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_read_with_what_is_safe(
    start: Any, process: Process, workspace: Workspace, number: int
) -> None:
    sandbox = workspace(**SLOW)
    running = reading(start, sandbox)
    lines = lines_until(running, b'"STATE"')
    with ends_within(running):
        running.send_signal(number)
        output = all_of(running, lines)
    assert running.returncode == -number
    assert output.stderr == ""
    assert_nothing_runs(output)
    assert f"Stopped by {signal.Signals(number).name}" in output.log
    sandbox.settings.latency_ms = 0
    assert_goes_on(process, sandbox, output)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_shell_sees_the_usual_code(workspace: Workspace, tmp_path: Path, number: int, code: int) -> None:
    """The process dies of the signal itself, as PyAirbyte wants it; a shell and an engine say 128 and its number."""
    sandbox = workspace()
    sandbox.fault("GET /me", "hang:60")
    words = arguments(tmp_path, "check", {"config": config()}, str(tmp_path))
    with subprocess.Popen(
        ["sh", "-c", '"$@"; echo $?', "sh", sys.executable, "-m", "source_intercom.run", *words],
        env={**os.environ, "INTERCOM_API_URL": sandbox.url},
        stdout=subprocess.PIPE,
        preexec_fn=usual_signals,
    ) as shell:
        wait_for_calls(sandbox, 1)
        (child,) = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
        os.kill(int(child), number)
        printed, _ = shell.communicate(timeout=50)
    assert printed.splitlines()[-1] == b"%d" % code


@pytest.mark.complaint(94)
def test_a_signal_while_nobody_reads_cuts_no_line(start: Any, workspace: Workspace) -> None:
    """The pipe is full and a line is under way; whoever reads it after the end must find it whole."""
    running = reading(start, workspace(**{**SLOW, "latency_ms": 0}))
    lines = lines_until(running, b'"RECORD"')
    time.sleep(1.5)
    assert running.poll() is None
    with ends_within(running):
        running.send_signal(signal.SIGTERM)
    output = all_of(running, lines)
    assert output.code == -signal.SIGTERM
    assert output.of("RECORD")
    assert_nothing_runs(output)


def test_a_signal_while_a_reader_is_slow_loses_nothing(start: Any, process: Process, workspace: Workspace) -> None:
    sandbox = workspace(**{**SLOW, "latency_ms": 0})
    running = reading(start, sandbox)
    lines = lines_until(running, b'"RECORD"')
    time.sleep(1.5)
    running.send_signal(signal.SIGTERM)
    time.sleep(1)
    output = all_of(running, lines)
    running.wait(WITHIN * slowness())
    assert running.returncode == -signal.SIGTERM
    assert_goes_on(process, sandbox, output)


@pytest.mark.complaint(95)
@pytest.mark.parametrize("match", ["GET /me", "POST /contacts/search"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_server_hangs(start: Any, workspace: Workspace, match: str, number: int) -> None:
    sandbox = workspace(contacts=50)
    sandbox.fault(match, "hang:60")
    running = reading(start, sandbox, catalog=catalog("contacts", mode="incremental"))
    wait_for_calls(sandbox, 1 if match == "GET /me" else 2)
    # Nothing stands in the queue: there is nothing to wait for.
    with ends_within(running, 1.5):
        running.send_signal(number)
        output = all_of(running)
    assert running.returncode == -number
    assert output.status == ({} if match == "GET /me" else {"contacts": "INCOMPLETE"})


def test_a_signal_ends_a_check(start: Any, workspace: Workspace) -> None:
    sandbox = workspace()
    sandbox.fault("GET /me", "hang:60")
    running = start("check", sandbox.url, config=config())
    wait_for_calls(sandbox, 1)
    with ends_within(running, 2):
        running.send_signal(signal.SIGTERM)
    assert running.returncode == -signal.SIGTERM


def test_a_second_ctrl_c_does_not_wait(start: Any, workspace: Workspace) -> None:
    running = reading(start, workspace(**{**SLOW, "latency_ms": 0}))
    lines_until(running, b'"RECORD"')
    time.sleep(1.5)
    with ends_within(running, 1.5):
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
    assert running.returncode == -signal.SIGINT


def test_what_is_told_to_be_ignored_stays_ignored(start: Any, workspace: Workspace) -> None:
    """As nohup does with SIGHUP, and a shell with SIGINT for its jobs in the background."""
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); from source_intercom.run import run; run()"
    running = reading(start, workspace(contacts=300, latency_ms=100), code=ignore)
    lines = lines_until(running, b'"RECORD"')
    running.send_signal(signal.SIGHUP)
    assert all_of(running, lines).status["contacts"] == "COMPLETE"
    assert running.wait(WITHIN * slowness()) == 0
