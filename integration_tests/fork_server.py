"""A process that has loaded the connector and waits to be forked: each fork becomes a run, for ``forks.Loaded``.

Most of a run in a small workspace is the import of the CDK. What is forked here has that behind it and is a process
like any other: pipes, signals, exit codes and the interpreter's own end are the real ones.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass

import source_intercom.run

NUMBER = struct.Struct("i")
"""What a run is told of with: first its process id, and when it has ended, its exit code."""
LARGEST_JOB = 1 << 20


@dataclass(frozen=True)
class Job:
    """What a fork becomes."""

    words: list[str]
    folder: str
    env: dict[str, str]
    stdout: int
    stderr: int


class Server:
    """Forks until whoever started it is gone."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._ended, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        # Where to tell how a run has ended, by process id.
        self._running: dict[int, int] = {}
        # Ctrl-C reaches the tests, which then end this process and its forks.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def serve(self) -> Job | None:
        """In each fork its job, and None in this process at its end."""
        while True:
            ready, _, _ = select.select([self._requests, self._ended], [], [])
            if self._ended in ready:
                os.read(self._ended, 4096)
                self._tell_of_the_ended()
            if self._requests in ready:
                text, (*descriptors,), _, _ = socket.recv_fds(self._requests, LARGEST_JOB, 3)
                if not descriptors:
                    break
                stdout, stderr, told = descriptors
                pid = os.fork()
                if pid == 0:
                    os.close(told)
                    self._leave_behind()
                    return Job(**json.loads(text), stdout=stdout, stderr=stderr)
                os.close(stdout)
                os.close(stderr)
                self._running[pid] = told
                os.write(told, NUMBER.pack(pid))
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)
        return None

    def _tell_of_the_ended(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            told = self._running.pop(pid)
            # A test that no longer waits has closed its end.
            with suppress(BrokenPipeError):
                os.write(told, NUMBER.pack(os.waitstatus_to_exitcode(status)))
            os.close(told)

    def _leave_behind(self) -> None:
        """Let a fork have nothing of this process but what it has loaded."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._requests.close()
        for descriptor in (self._ended, self._wake, *self._running.values()):
            os.close(descriptor)


def become(job: Job) -> None:
    """Be the connector. Does not return."""
    for descriptor, number in ((job.stdout, 1), (job.stderr, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(job.folder)
    os.environ.clear()
    os.environ.update(job.env)
    source_intercom.run.run(job.words)


if __name__ == "__main__":
    job = Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if job:
        become(job)
