"""How long the process lives when it is told to end, or when Intercom does not behave; and what it takes meanwhile."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

import orjson

from benchmarks.cases import OUT_OF_REACH, start_date, workspace_settings
from benchmarks.contenders import Contender
from benchmarks.measure import folder
from benchmarks.report import number
from benchmarks.workspace import Workspace, sandbox

_LONGEST = 600
_TICK = 0.02
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
# A read of several streams that is under way for many seconds.
_LONG = {"contacts": 20_000, "conversations": 3000}
_LONG_STREAMS = ("contacts", "conversations", "conversation_parts")
_LONG_LATENCY_MS = 60.0

Act = Callable[[subprocess.Popen[bytes]], None]


def _nothing(process: subprocess.Popen[bytes]) -> None:
    """It is left alone."""


@dataclass(frozen=True)
class Ordeal:
    """A command, and what happens to it.

    ``fault`` is a rule of the sandbox (see ``python -m sandbox --help``). ``act`` is done to the process after
    ``calls`` calls, and starts the clock. What is still running after ``window`` seconds is ended, and its calls are
    counted until then. ``scale`` divides the connector's own long waits; the seconds of the table are multiplied by it.
    """

    title: str
    streams: Sequence[str] = ("tags",)
    command: str = "read"
    fault: str = ""
    act: Act = _nothing
    calls: int = 1
    stdout: str = ""
    env: dict[str, str] = field(default_factory=dict)
    window: float = _LONGEST
    scale: float = 1


@dataclass(frozen=True)
class Ended:
    """What became of it.

    Seconds are wall time from the act, or the first call, to the end; ``calls`` are those of the whole run.
    """

    title: str
    seconds: float
    code: int | None
    """None when it was still running at the end of the window."""
    calls: int
    peak_mb: float
    """Millions of bytes of resident memory."""
    statuses: str
    said: str
    """The last error."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _signal(number: signal.Signals, process: subprocess.Popen[bytes]) -> None:
    process.send_signal(number)


def _leave(process: subprocess.Popen[bytes]) -> None:
    """The reader of stdout has enough, as `head -5` has."""
    assert process.stdout is not None
    process.stdout.close()


_RESETS = ("same", "past", "now", "ms", "digits", "zero", "none")
ORDEALS = (
    *(
        Ordeal(title, _LONG_STREAMS, act=act, calls=60)
        for title, act in (
            ("the reader of stdout leaves, as `head -5` does", _leave),
            ("Ctrl-C", partial(_signal, signal.SIGINT)),
            ("SIGTERM", partial(_signal, signal.SIGTERM)),
        )
    ),
    Ordeal("the disk behind stdout is full", _LONG_STREAMS, stdout="/dev/full"),
    *(
        Ordeal(f"{number.name} while Intercom never answers", fault="GET /tags=silent", calls=2,
               act=partial(_signal, number))
        for number in (signal.SIGINT, signal.SIGTERM)
    ),
    Ordeal("stdout in ASCII", ("contacts",), env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}),
    *(Ordeal(f"429 with a reset that is `{reset}`, for 6 s", fault=f"*=limit:{reset}", window=6) for reset in _RESETS),
    Ordeal("429 for good", fault="GET /tags=limit:none", env={"SOURCE_INTERCOM_TIME_SCALE": "0.05"}, scale=20),
    Ordeal("`check`: 429 for good", command="check", fault="*=limit:none"),
    Ordeal("`check`: Intercom never answers", command="check", fault="*=silent"),
    Ordeal("`tags`: Intercom never answers", fault="GET /tags=silent"),
    Ordeal("`tags`: a byte a second", fault="GET /tags=drip:1"),
    Ordeal("`tags`: a byte of the headers a second", fault="GET /tags=drip-headers:1"),
    Ordeal("a gzip body of 1 MB that unpacks to 1,000", fault="GET /tags=bomb:1000"),
    Ordeal("a record of 500 MB", fault="GET /tags=big:500"),
    Ordeal("100,000 headers", fault="GET /tags=header-flood:100000"),
)  # fmt: skip
"""In the order of the table."""


def measure_endings(ours: Contender, log: Callable[[str], None], ordeals: Sequence[Ordeal] = ORDEALS) -> list[Ended]:
    """All of them, one after the other, each with a sandbox of its own."""
    # A shell starts what runs in its background deaf to Ctrl-C, and so would be what starts from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    done = []
    for ordeal in ordeals:
        ended = _undergo(ours, ordeal)
        log(f"{ended.title}: {'still running' if ended.code is None else f'code {ended.code}'}, {ended.seconds:.1f} s")
        done.append(ended)
    return done


def _undergo(ours: Contender, ordeal: Ordeal) -> Ended:
    is_long = ordeal.streams == _LONG_STREAMS
    settings = workspace_settings(_LONG if is_long else {"contacts": 50}, _LONG_LATENCY_MS * is_long, OUT_OF_REACH)
    if ordeal.fault:
        settings = {**settings, "fault": ordeal.fault}  # type: ignore[dict-item]  # the one word among numbers
    with sandbox(settings) as workspace, folder() as files:
        ours.write(files, start_date(), ordeal.streams, None)
        command = ours.command(files)
        if ordeal.command != "read":
            command = [*ours.start()[:-1], ordeal.command, "--config", str(files / "config.json")]
        with (files / "stderr").open("wb") as errors, _target(ordeal, files).open("wb") as target:
            process = subprocess.Popen(
                command,
                env=ours.env(workspace.url) | ordeal.env,
                cwd=files,
                stdout=subprocess.PIPE if ordeal.act is _leave else target,
                stderr=errors,
            )
            try:
                return _watch(process, ordeal, workspace, files)
            finally:
                process.kill()
                process.wait()


def _target(ordeal: Ordeal, files: Path) -> Path:
    return Path(ordeal.stdout) if ordeal.stdout else files / "stdout"


def _watch(process: subprocess.Popen[bytes], ordeal: Ordeal, workspace: Workspace, files: Path) -> Ended:
    draining = _drained(process.stdout)
    while process.poll() is None and workspace.calls()["total"] < ordeal.calls:
        time.sleep(_TICK)
    draining.set()
    began = time.monotonic()
    ordeal.act(process)
    peak = 0
    while (code := process.poll()) is None and time.monotonic() - began < ordeal.window:
        peak = max(peak, _peak_bytes(process.pid))
        time.sleep(_TICK)
    seconds = time.monotonic() - began
    statuses, said = _told(files / "stdout")
    return Ended(
        ordeal.title, seconds * ordeal.scale, code, workspace.calls()["total"], peak / 1e6, statuses, said
    )  # fmt: skip


def _drained(pipe: IO[bytes] | None) -> threading.Event:
    """Read a pipe, so that nothing waits for it, until the event that is given back is set."""
    stop = threading.Event()

    def work() -> None:
        while pipe is not None and not stop.is_set() and os.read(pipe.fileno(), 1 << 16):
            pass

    threading.Thread(target=work, name="stdout", daemon=True).start()
    return stop


def _peak_bytes(pid: int) -> int:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _told(stdout: Path) -> tuple[str, str]:
    """The last status of the streams, and the last error or the result of a check, of what was printed."""
    if not stdout.exists():
        return "", ""
    last: dict[str, str] = {}
    said = ""
    for line in stdout.read_bytes().splitlines():
        message = orjson.loads(line)
        trace = message.get("trace", {})
        if trace.get("type") == "STREAM_STATUS":
            status = trace["stream_status"]
            last[status["stream_descriptor"]["name"]] = status["status"]
        elif trace.get("type") == "ERROR":
            said = trace["error"]["message"]
        elif message["type"] == "CONNECTION_STATUS":
            said = f"{message['connectionStatus']['status']}: {message['connectionStatus'].get('message', '')}"
    return ", ".join(sorted({*last.values()})), said


def endings_text(endings: Sequence[Ended]) -> str:
    """The section of the report."""
    lines = [
        "Seconds from what happens to the end of the process (from the first call where it happens from the start on), "
        "and all calls of the run.",
        "",
        "| what happens | s | exit code | calls | peak MB | streams | last error |",
        "|---|---:|---:|---:|---:|---|---|",
    ]
    for one in endings:
        code = "(running)" if one.code is None else str(one.code)
        said = one.said.replace("|", "\\|")
        said = f"{said[:160]} …" if len(said) > 160 else said
        cells = [one.title, number(one.seconds, 1), code, str(one.calls), number(one.peak_mb), one.statuses, said]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
