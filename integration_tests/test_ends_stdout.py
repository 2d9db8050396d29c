"""The process when its stdout is closed, full, slow or of another encoding, or when its main thread breaks."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.ends_support import (
    SLOW,
    WITHIN,
    all_of,
    assert_nothing_runs,
    ends_within,
    lines_until,
    reading,
    slowness,
)
from integration_tests.support import (
    TOKEN,
    catalog,
    config,
    parse,
)


@pytest.mark.complaint(93)
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


@pytest.mark.complaint(93)
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
        with ends_within(running, 10):
            _, stderr = running.communicate()
        assert running.returncode == 1
        assert stderr == b"stdout cannot be written to: No space left on device\n"
        checking = start("check", sandbox.url, stdout=full, config=config())
        checking.communicate(timeout=60)
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
    assert running.wait(WITHIN * slowness()) == 0
    assert len([message for message in parse(lines) if message["type"] == "RECORD"]) == 1500


@pytest.mark.complaint(96)
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
    assert running.wait(WITHIN * slowness()) == 0, output.stderr
    assert "Zoë-☃" in output.log
    assert output.status == {"contacts": "COMPLETE"}


def test_a_closed_stdout_is_refused(start: Any, workspace: Workspace) -> None:
    running = start("spec", workspace().url, preexec_fn=lambda: os.close(1))
    _, stderr = running.communicate(timeout=60)
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


@pytest.mark.complaint(93)
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
