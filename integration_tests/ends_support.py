"""For tests of how the process ends: what a started process printed, and whether it ends in time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from integration_tests.forks import Fork
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
"""Seconds from a signal to the end of the process, on a machine that has a core for it."""
STREAMS = ("contacts", "conversations", "conversation_parts", "tickets", "tags")
# Enough to be under way for many seconds.
SLOW: dict[str, Any] = {"contacts": 1500, "conversations": 600, "tickets": 160, "latency_ms": 120}


def reading(start: Any, sandbox: Any, **options: Any) -> Any:
    options.setdefault("catalog", catalog(*STREAMS, mode="incremental"))
    return start("read", sandbox.url, config=config(num_workers=8), **options)


def slowness() -> float:
    """How many times as long as alone all takes here: so many processes want each core, over the last minute."""
    return max(1.5, os.getloadavg()[0] / (os.cpu_count() or 1))


@contextmanager
def ends_within(process: Fork | subprocess.Popen[bytes], seconds: float = WITHIN) -> Iterator[None]:
    began, before = time.monotonic(), slowness()
    yield
    # What never ends does not pass either: what these processes wait for lasts a minute or for ever.
    process.wait(timeout=50)
    took = time.monotonic() - began
    most = seconds * max(before, slowness())
    assert took < most, f"it took {took:.1f} s, and no more than {most:.1f} s are fair on this machine now"


def lines_until(process: Fork | subprocess.Popen[bytes], word: bytes) -> bytes:
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
    until = time.monotonic() + 120
    while int(sandbox.calls()["total"]) < least:
        assert time.monotonic() < until, sandbox.calls()
        time.sleep(0.05)
    time.sleep(0.2)


def all_of(process: Fork | subprocess.Popen[bytes], lines: bytes = b"") -> Output:
    """Everything that was printed; ``parse`` fails on a line that is not whole."""
    assert process.stdout is not None
    assert process.stderr is not None
    lines += process.stdout.read()
    assert lines.endswith(b"\n")
    return Output(process.wait(WITHIN * slowness()), parse(lines), process.stderr.read().decode())


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
