"""Runs one connector process under watch. Linux: memory is read from /proc."""

import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_TICK_SECONDS = 0.02
_SAMPLE_SECONDS = 0.2
_GRACE_SECONDS = 5
_PIECE_BYTES = 1 << 20
_RECORD = re.compile(rb'"type": ?"RECORD"')
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_NOW = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)

Taker = Callable[[bytes], None]
"""Takes stdout in pieces that end anywhere."""


@dataclass(frozen=True)
class Run:
    """One finished process."""

    seconds: float
    """Wall time from start to end."""
    cpu_seconds: float
    """User and system time of the process and its children, from wait4(2)."""
    peak_bytes: int
    """Most resident memory, from VmHWM in /proc/PID/status, looked at every 20 ms."""
    resident: tuple[int, ...]
    """Resident memory in bytes, every 0.2 seconds from the start on."""
    first_record_seconds: float | None
    """From start until a record could be read from stdout, to about 20 ms; None when there was none."""
    code: int
    """Exit code; negative for a signal."""
    timed_out: bool
    stdout: Path
    """Empty when the output was taken."""
    stderr: Path

    @property
    def failed(self) -> bool:
        return self.code != 0 and not self.timed_out


def run(
    command: Sequence[str], env: Mapping[str, str], folder: Path, limit_seconds: float, take: Taker | None = None
) -> Run:
    """Run a command until it ends or its time is over.

    stdout goes to a file, so that nobody slows it by reading; or to ``take``, where it is too much to keep.
    """
    stdout, stderr = folder / "stdout", folder / "stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        began = time.monotonic()
        # A session of its own: what it starts can be ended together with it.
        process = subprocess.Popen(
            command,
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if take else out,
            stderr=err,
            start_new_session=True,
        )
        watch = _Watch(process.pid, stdout)
        taking = _taking(process.stdout, take) if take and process.stdout else None
        try:
            status, cpu, timed_out = _wait(process.pid, watch, began, limit_seconds)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        seconds = time.monotonic() - began
        if taking:
            taking.join()
    # wait4 has taken the process from subprocess, which must not look for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.look_for_record(seconds)
    return Run(
        seconds=seconds,
        cpu_seconds=cpu,
        peak_bytes=watch.peak_bytes,
        resident=tuple(watch.resident),
        first_record_seconds=watch.first_record,
        code=process.returncode,
        timed_out=timed_out,
        stdout=stdout,
        stderr=stderr,
    )


def _taking(pipe: IO[bytes], take: Taker) -> threading.Thread:
    """Hand the pipe's pieces on, in a thread, until its other end is closed."""

    def work() -> None:
        with pipe:
            while piece := os.read(pipe.fileno(), _PIECE_BYTES):
                take(piece)

    thread = threading.Thread(target=work, name="stdout", daemon=True)
    thread.start()
    return thread


def _wait(pid: int, watch: "_Watch", began: float, limit: float) -> tuple[int, float, bool]:
    """Wait status, CPU seconds, and whether the process had to be ended."""
    ending: float | None = None
    ended = os.pidfd_open(pid)
    try:
        while True:
            elapsed = time.monotonic() - began
            watch.look_at_memory(elapsed)
            done, status, usage = os.wait4(pid, os.WNOHANG)
            if done:
                return status, usage.ru_utime + usage.ru_stime, ending is not None
            watch.look_for_record(elapsed)
            if ending is None and elapsed > limit:
                os.killpg(pid, signal.SIGTERM)
                ending = elapsed
            elif ending is not None and elapsed > ending + _GRACE_SECONDS:
                os.killpg(pid, signal.SIGKILL)
            # Wakes at the very end too: a tick would be a tenth of a short run.
            select.select([ended], [], [], _TICK_SECONDS)
    finally:
        os.close(ended)


class _Watch:
    """What is looked at while a process runs."""

    def __init__(self, pid: int, stdout: Path) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._stdout = stdout
        self._seen = 0
        self.peak_bytes = 0
        self.resident: list[int] = []
        self.first_record: float | None = None

    def look_at_memory(self, elapsed: float) -> None:
        # ru_maxrss will not do: it begins with the memory of the process that forked.
        try:
            text = self._status.read_text()
        except OSError:
            return
        if peak := _PEAK.search(text):
            self.peak_bytes = max(self.peak_bytes, int(peak[1]) * 1024)
        now = _NOW.search(text)
        if now and elapsed >= len(self.resident) * _SAMPLE_SECONDS:
            self.resident.append(int(now[1]) * 1024)

    def look_for_record(self, elapsed: float) -> None:
        """Look at what stdout has grown by, until the first record is found."""
        if self.first_record is not None:
            return
        with self._stdout.open("rb") as file:
            file.seek(self._seen)
            new = file.read()
        if _RECORD.search(new):
            self.first_record = elapsed
        # The mark may be cut in two; its length is looked at again.
        self._seen += max(0, len(new) - 32)
