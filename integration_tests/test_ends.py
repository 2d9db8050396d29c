"""The process ends when it must: within seconds, with the right code, with whole lines and safe states."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import (
    TOKEN,
    Output,
    Process,
    arguments,
    assert_same,
    catalog,
    config,
    key_of,
    parse,
    truth,
)

WITHIN = 5.0
STREAMS = ("contacts", "conversations", "conversation_parts", "tickets", "tags")
# Enough to be under way for many seconds.
SLOW: dict[str, Any] = {"contacts": 4000, "conversations": 1500, "tickets": 400, "latency_ms": 60}


@pytest.fixture
def start(tmp_path: Path, workspace: Workspace) -> Iterator[Callable[..., Any]]:  # noqa: ARG001  # sandboxes end last
    """Starts the console script with any stdout; none outlives the test, nor the workspace that it reads."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(command: str, url: str, *, stdout: int | IO[bytes] = subprocess.PIPE, **options: Any) -> Any:
        code = options.pop("code", "from source_intercom.run import run; run()")
        env = {**os.environ, "INTERCOM_API_URL": url, **options.pop("env", {})}
        limit = options.pop("preexec_fn", lambda: None)

        def prepare() -> None:
            # Whoever runs the tests may ignore signals (nohup, a job in the background), and a child would too.
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            limit()

        words = arguments(tmp_path, command, options, str(tmp_path))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *words],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=env,
                preexec_fn=prepare,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def reading(start: Any, sandbox: Any, **options: Any) -> Any:
    options.setdefault("catalog", catalog(*STREAMS, mode="incremental"))
    return start("read", sandbox.url, config=config(num_workers=8), **options)


@contextmanager
def ends_within(process: subprocess.Popen[bytes], seconds: float = WITHIN) -> Iterator[None]:
    began = time.monotonic()
    yield
    process.wait(timeout=max(0.0, seconds - (time.monotonic() - began)))
    assert time.monotonic() - began < seconds


def lines_until(process: subprocess.Popen[bytes], word: bytes) -> bytes:
    """What is printed up to the first line with a word."""
    assert process.stdout is not None
    lines = b""
    for line in process.stdout:
        lines += line
        if word in line:
            return lines
    pytest.fail(f"ended before it printed {word!r}: {lines[-2000:]!r}")


def wait_for_calls(sandbox: Any, least: int) -> None:
    """Until the sandbox has been asked so often. How long a process takes to get there depends on the machine."""
    until = time.monotonic() + 30
    while int(sandbox.calls()["total"]) < least:
        assert time.monotonic() < until, sandbox.calls()
        time.sleep(0.05)
    time.sleep(0.2)


def all_of(process: subprocess.Popen[bytes], lines: bytes = b"") -> Output:
    """Everything that was printed; ``parse`` fails on a line that is not whole."""
    assert process.stdout is not None
    assert process.stderr is not None
    lines += process.stdout.read()
    assert lines.endswith(b"\n")
    return Output(process.wait(WITHIN), parse(lines), process.stderr.read().decode())


def assert_goes_on(process: Process, sandbox: Any, stopped: Output) -> None:
    """What was printed, with a read that goes on from the last states, is everything."""
    rest = process.run(
        "read", sandbox.url, config=config(), catalog=catalog(*STREAMS, mode="incremental"), state=stopped.state
    )
    assert rest.code == 0
    for stream in STREAMS:
        runs = [stopped, rest]
        got = {key_of(stream, record): record for run in runs for record in run.records[stream]}
        assert_same(stream, got, truth(sandbox, stream))


def assert_nothing_runs(output: Output) -> None:
    assert set(output.status.values()) <= {"COMPLETE", "INCOMPLETE"}
    assert "INCOMPLETE" in output.status.values()


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


@pytest.mark.parametrize(("number", "code"), [("TERM", 143), ("INT", 130), ("HUP", 129)])
def test_a_shell_sees_the_usual_code(workspace: Workspace, tmp_path: Path, number: str, code: int) -> None:
    """The process dies of the signal itself, as PyAirbyte wants it; a shell and an engine say 128 and its number."""
    sandbox = workspace()
    sandbox.fault("GET /me", "hang:60")
    words = arguments(tmp_path, "check", {"config": config()}, str(tmp_path))
    command = ["timeout", "--preserve-status", f"--signal={number}", "4", sys.executable, "-m", "source_intercom.run"]
    done = subprocess.run(
        ["sh", "-c", '"$@"; echo $?', "sh", *command, *words],
        env={**os.environ, "INTERCOM_API_URL": sandbox.url},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == b"%d" % code


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
    running.wait(WITHIN)
    assert running.returncode == -signal.SIGTERM
    assert_goes_on(process, sandbox, output)


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
    assert running.wait(WITHIN) == 0


def test_a_reader_that_has_enough_ends_the_read(start: Any, workspace: Workspace) -> None:
    running = reading(start, workspace(**SLOW))
    for _ in range(5):
        running.stdout.readline()
    with ends_within(running):
        running.stdout.close()
    assert running.returncode == 141
    assert running.stderr.read() == b""


def test_a_reader_that_has_enough_ends_a_read_that_waits(start: Any, workspace: Workspace) -> None:
    """Nothing is printed meanwhile that could fail."""
    sandbox = workspace()
    sandbox.fault("POST /contacts/search", "hang:60")
    running = reading(start, sandbox, catalog=catalog("contacts"))
    lines_until(running, b"STARTED")
    time.sleep(1)
    with ends_within(running, 1.5):
        running.stdout.close()
    assert running.returncode == 141


def test_a_full_disk_ends_the_read(start: Any, workspace: Workspace, tmp_path: Path) -> None:
    printed = tmp_path / "printed"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

    with printed.open("wb") as file:
        running = reading(start, workspace(**SLOW), stdout=file, preexec_fn=limit)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 1
    assert b"stdout cannot be written to: File too large" in stderr
    assert 300_000 < printed.stat().st_size <= 500_000
    assert printed.read_bytes().endswith(b"\n")
    assert any(message["type"] == "RECORD" for message in parse(printed.read_bytes()))


def test_a_device_that_takes_nothing_ends_every_command(start: Any, workspace: Workspace) -> None:
    sandbox = workspace(**SLOW)
    with Path("/dev/full").open("wb") as full:
        running = reading(start, sandbox, stdout=full)
        with ends_within(running, 15):
            _, stderr = running.communicate()
        assert running.returncode == 1
        assert stderr == b"stdout cannot be written to: No space left on device\n"
        checking = start("check", sandbox.url, stdout=full, config=config())
        checking.communicate(timeout=15)
        assert checking.returncode == 1


def test_a_pipe_that_does_not_block_gets_everything(start: Any, workspace: Workspace) -> None:
    """Whoever starts us may not block on the pipe, as Node does, and then our end of it does not either."""
    sandbox = workspace(contacts=1500)
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    running = reading(start, sandbox, stdout=ours, catalog=catalog("contacts"))
    os.close(ours)
    with open(theirs, "rb") as pipe:  # noqa: PTH123  # a descriptor has no path
        time.sleep(3)
        lines = pipe.read()
    assert running.wait(WITHIN) == 0
    assert len([message for message in parse(lines) if message["type"] == "RECORD"]) == 1500


def test_stdout_is_utf_8_whatever_the_locale_says(start: Any, workspace: Workspace) -> None:
    sandbox = workspace()
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"}
    running = start(
        "read",
        sandbox.url,
        config=config(filters={"contacts": {"ids": ["Zoë-☃"]}}),
        catalog=catalog("contacts"),
        env=ascii_only,
    )
    output = all_of(running)
    assert running.wait(WITHIN) == 0, output.stderr
    assert "Zoë-☃" in output.log
    assert output.status == {"contacts": "COMPLETE"}


def test_a_closed_stdout_is_refused(start: Any, workspace: Workspace) -> None:
    running = start("spec", workspace().url, preexec_fn=lambda: os.close(1))
    _, stderr = running.communicate(timeout=15)
    assert (running.returncode, stderr) == (1, b"source-intercom: stdout is closed\n")


# --- errors of the main thread ---

BROKEN = """
from source_intercom.run import Entrypoint, run
count = Entrypoint.handle_record_counts
seen = []
def broken(message, counts):
    seen.append(message)
    if len(seen) > 40:
        raise {error}
    return count(message, counts)
Entrypoint.handle_record_counts = staticmethod(broken)
run()
"""


@pytest.mark.parametrize("error", [f"RuntimeError('no such thing: {TOKEN}')", "MemoryError()"])
def test_an_error_of_the_main_thread_ends_the_read(start: Any, workspace: Workspace, error: str) -> None:
    running = reading(start, workspace(**SLOW), code=BROKEN.format(error=error))
    lines = lines_until(running, b'"ERROR"')
    with ends_within(running, 2):
        output = all_of(running, lines)
    assert running.returncode == 1
    assert_nothing_runs(output)
    assert output.messages[-1]["type"] == "TRACE"
    assert output.errors[""]["failure_type"] == "system_error"
    assert "broken" in output.errors[""]["stack_trace"]
    assert TOKEN not in str(output.messages) + output.stderr
