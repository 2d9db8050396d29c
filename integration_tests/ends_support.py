"""For tests of how the process ends: what a started process printed, and whether it ends in time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from integration_tests.support import (
    Output,
    Process,
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
