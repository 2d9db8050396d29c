"""Processes of the connector that start in some milliseconds, forked from one that has loaded it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from integration_tests.fork_server import LARGEST_JOB, NUMBER

ROOT = Path(__file__).resolve().parents[1]


class Fork:
    """A run, with as much of ``subprocess.Popen`` as tests use."""

    def __init__(self, pid: int, told: IO[bytes], stdout: IO[bytes] | None, stderr: IO[bytes]) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._told = told

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            ready, _, _ = select.select([self._told], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired(f"run {self.pid}", timeout or 0)
            (self.returncode,) = NUMBER.unpack(self._told.read(NUMBER.size))
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """All that it still prints. The timeout is for each: stdout, stderr and the end."""
        printed: dict[IO[bytes], bytes] = {}

        def read(pipe: IO[bytes]) -> None:
            printed[pipe] = pipe.read()
            pipe.close()

        pipes = [pipe for pipe in (self.stdout, self.stderr) if pipe]
        threads = [threading.Thread(target=read, args=(pipe,), daemon=True) for pipe in pipes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                raise subprocess.TimeoutExpired(f"run {self.pid}", timeout or 0)
        self.wait(timeout)
        return printed[self.stdout] if self.stdout else b"", printed[self.stderr]


class Loaded:
    """The process that has loaded the connector: one for all the tests of a worker."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Larger than the kernel's default: a job carries the whole environment.
        self._requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST_JOB)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "integration_tests.fork_server", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                preexec_fn=usual_signals,
            )

    def start(self, words: list[str], env: dict[str, str], stdout: int | IO[bytes] = subprocess.PIPE) -> Fork:
        """Start a run; stderr is a pipe, and so is stdout unless a file or descriptor is given."""
        ours, out = os.pipe() if stdout == subprocess.PIPE else (None, None)
        errors, err = os.pipe()
        told, telling = os.pipe()
        printed_to = out if out is not None else stdout if isinstance(stdout, int) else stdout.fileno()
        job = json.dumps({"words": words, "folder": str(Path.cwd()), "env": env}).encode()
        socket.send_fds(self._requests, [job], [printed_to, err, telling])
        for descriptor in (out, err, telling):
            if descriptor is not None:
                os.close(descriptor)
        end = open(told, "rb", buffering=0)  # noqa: PTH123, SIM115  # a descriptor has no path, and it ends with the run
        (pid,) = NUMBER.unpack(end.read(NUMBER.size))
        pipes = [None if number is None else open(number, "rb") for number in (ours, errors)]  # noqa: PTH123, SIM115
        return Fork(pid, end, pipes[0], pipes[1])

    def end(self) -> None:
        """End it, with all that runs."""
        self._requests.close()
        self._process.wait()


def usual_signals() -> None:
    """Whoever runs the tests may ignore signals (nohup, a job in the background), and a child would too."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
