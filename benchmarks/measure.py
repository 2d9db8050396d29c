"""Runs one contender through one case and turns what was seen into figures."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.budget import WINDOW_SECONDS, Sampler, best_share, busy_share, windows
from benchmarks.cases import OUT_OF_REACH, Case, start_date
from benchmarks.contenders import Contender
from benchmarks.messages import Delivery
from benchmarks.process import Run, run
from benchmarks.truth import judge
from benchmarks.workspace import Workspace, sandbox

# The first sync before an incremental one is not measured, but it must end.
_PREPARE_SECONDS = 600
# Changes must not share a second with the sync before them.
_PAUSE_SECONDS = 2


@dataclass
class Figures:
    """One run. Seconds are wall time unless they say otherwise; shares are 0 to 1; None is "cannot be said"."""

    seconds: float
    timed_out: bool
    error: str
    calls: int
    refused: int
    """Calls answered 429."""
    records: int
    distinct: int
    duplicates: int
    missing: dict[str, int]
    """By stream; empty when nothing is."""
    again: int
    held: int
    """Records in the workspace, of the streams read."""
    records_per_second: float
    calls_per_1000: float | None
    busy_share: float | None
    best_share: float | None
    cpu_seconds: float
    cpu_us_per_record: float | None
    """Microseconds of CPU a record delivered, without those of starting the process."""
    peak_mb: float
    """Millions of bytes."""
    first_record_seconds: float | None
    load: float
    """The machine's load average over the minute before the run: on a quiet machine well below its cores."""
    windows: list[tuple[float, float]] = field(default_factory=list)
    """Rate-limit windows: seconds from the start of the run (the first may be negative), share used."""
    endpoints: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def start_up(contender: Contender, runs: int = 3) -> float:
    """CPU seconds of starting and doing nothing: the median of a few runs."""
    with folder() as files:
        return statistics.median(
            run(contender.idle_command(), contender.env(""), files, 60).cpu_seconds for _ in range(runs)
        )


def measure(contender: Contender, case: Case, scale: str, limit_seconds: float) -> Figures:
    """One run of a case on a fresh sandbox."""
    settings = case.settings(scale)
    with sandbox(settings) as workspace, folder() as files:
        earlier = None
        if case.changes is not None:
            earlier = _prepare(contender, case, workspace, files)
            workspace.behave(latency_ms=case.latency_ms, rate_limit=case.calls_a_minute)
            time.sleep(_PAUSE_SECONDS)
            workspace.change(case.changes[scale])
            # The calls of the first sync belong to a window that the measured one must not find spent.
            time.sleep(WINDOW_SECONDS)
        if case.touched_percent:
            held = workspace.count("contacts")
            workspace.change({"contacts": {"update": held * case.touched_percent // 100}})
            time.sleep(_PAUSE_SECONDS)
        contender.write(files, start_date(case.history_days), case.streams, earlier.state if earlier else None)
        workspace.reset_calls()
        load = os.getloadavg()[0]
        with Sampler(workspace) as sampler:
            began = time.time()
            done = run(contender.command(files), contender.env(workspace.url), files, limit_seconds)
        return _figures(contender, case, workspace, done, sampler, began, load, earlier)


def _prepare(contender: Contender, case: Case, workspace: Workspace, files: Path) -> Delivery:
    """The first sync before an incremental one, as fast as the connector can."""
    workspace.behave(latency_ms=0, rate_limit=OUT_OF_REACH)
    contender.write(files, start_date(), case.streams, None)
    done = run(contender.command(files), contender.env(workspace.url), files, _PREPARE_SECONDS)
    if done.code:
        raise RuntimeError(f"the first sync failed: {reason(contender.read(done.stdout), done)}")
    return contender.read(done.stdout)


def _figures(
    contender: Contender,
    case: Case,
    workspace: Workspace,
    done: Run,
    sampler: Sampler,
    began: float,
    load: float,
    earlier: Delivery | None,
) -> Figures:
    delivery = contender.read(done.stdout)
    truth = {stream: workspace.truth(stream) for stream in case.streams}
    judged = judge(truth, delivery.records, earlier.records if earlier else None)
    calls = workspace.calls()
    records = delivery.count
    return Figures(
        seconds=done.seconds,
        timed_out=done.timed_out,
        error=reason(delivery, done) if done.failed else "",
        calls=calls["total"],
        refused=calls["rate_limited"],
        records=records,
        distinct=judged.distinct,
        duplicates=judged.duplicates,
        missing=judged.missing,
        again=judged.again,
        held=sum(map(len, truth.values())),
        records_per_second=judged.distinct / done.seconds,
        calls_per_1000=calls["total"] * 1000 / judged.distinct if judged.distinct else None,
        busy_share=busy_share(sampler.samples, case.calls_a_minute) if case.limited else None,
        best_share=best_share(sampler.samples, case.calls_a_minute) if case.limited else None,
        cpu_seconds=done.cpu_seconds,
        cpu_us_per_record=max(0.0, done.cpu_seconds - contender.start_up_seconds) * 1e6 / records if records else None,
        peak_mb=done.peak_bytes / 1e6,
        first_record_seconds=done.first_record_seconds,
        load=load,
        windows=[(one.start - began, one.share) for one in windows(sampler.samples, case.calls_a_minute)]
        if case.limited
        else [],
        endpoints=calls["by_endpoint"],
    )


def reason(delivery: Delivery, done: Run) -> str:
    """Why a run failed, in its own words: its last error message, or the last line of stderr."""
    if delivery.errors:
        return delivery.errors[-1]
    lines = done.stderr.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.code}"


def median(runs: Sequence[Figures], by_cpu: bool = False) -> Figures:
    """The run in the middle, by wall or CPU time: figures that belong together, not a mixture of runs."""
    return sorted(runs, key=lambda one: one.cpu_seconds if by_cpu else one.seconds)[(len(runs) - 1) // 2]


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for the files of one run, gone after it: a large run prints gigabytes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)
