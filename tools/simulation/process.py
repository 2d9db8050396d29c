"""Runs the connector, ends it where the plan says so, and collects what it prints."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tools.simulation.connector import Job, serve
from tools.simulation.output import Output
from tools.simulation.plan import Kill, Small

BOUND = 90.0
"""Seconds after which a run is called endless: the waits that it chooses are a hundredth of their length."""
PIPE = "pipe"
_PIECE = 1 << 16
_POLL_MS = 250


class Run:
    """One run under way.

    ``called`` may come from the workspace's thread; everything else belongs to the thread that follows the run.
    """

    def __init__(self, kill: Kill | None, bound: float = BOUND) -> None:
        self._kill = kill
        self._bound = bound
        self._process: BaseProcess | None = None
        self._killed_at: float | None = None
        self._late = False
        self._stdout = bytearray()

    def called(self, calls: int) -> None:
        """The workspace has been called so often."""
        if self._kill and calls == self._kill.calls:
            self._end(self._kill.by)

    def follow(self, process: BaseProcess, reader: Connection, stderr: Path) -> Output:
        """Collect what a process prints that has just begun, until it has ended."""
        began = time.monotonic()
        self._process = process
        self._read(reader, began + self._bound)
        reader.close()
        process.join(max(1.0, began + self._bound - time.monotonic()))
        if process.is_alive():
            self._late = True
            process.kill()
            process.join()
        ended = time.monotonic()
        code = process.exitcode
        process.close()
        return Output(
            code=0 if code is None else code,
            stdout=bytes(self._stdout),
            stderr=stderr.read_bytes(),
            seconds=ended - began,
            # A run that had ended by itself was not killed any more.
            was_killed=self._killed_at is not None and code not in (0, 1),
            dying=0.0 if self._killed_at is None else ended - self._killed_at,
            late=self._late,
        )

    def _read(self, reader: Connection, until: float) -> None:
        poll = select.poll()
        poll.register(reader.fileno(), select.POLLIN)
        lines = 0
        while True:
            if time.monotonic() > until:
                return
            if self._killed_at is not None and self._kill is not None and self._kill.by == PIPE:
                return
            if not poll.poll(_POLL_MS):
                continue
            piece = os.read(reader.fileno(), _PIECE)
            if not piece:
                return
            self._stdout += piece
            lines += piece.count(b"\n")
            if self._kill and self._kill.lines is not None and lines >= self._kill.lines:
                self._end(self._kill.by)

    def _end(self, by: str) -> None:
        process = self._process
        if self._killed_at is not None or process is None or process.pid is None:
            return
        self._killed_at = time.monotonic()
        if by != PIPE:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.Signals[by])


class Launcher:
    """Starts runs, each a process forked from one that has loaded the connector."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tools.simulation.connector"])
        # Coverage that measures processes too would write a file for the one that forks, after all have been counted.
        measured = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_PROCESS")}
        forkserver.ensure_running()
        os.environ.update(measured)

    def read(self, run: Run, *, url: str, files: Mapping[str, object], clock_ahead: float, small: Small) -> Output:
        """Read with these files (config, catalog, state), to the end of the process."""
        with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
            words = ["read"]
            for name, content in files.items():
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(content), "utf-8")
                words += [f"--{name}", str(path)]
            stderr = Path(folder) / "stderr"
            stderr.touch()
            reader, writer = self._context.Pipe(duplex=False)
            process = self._context.Process(
                target=serve, args=(Job(tuple(words), url, clock_ahead, small, stderr), writer)
            )
            process.start()
            writer.close()
            return run.follow(process, reader, stderr)
