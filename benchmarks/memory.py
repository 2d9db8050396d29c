"""Whether memory stays flat however much is read: two large first syncs of this connector, without latency."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.cases import OUT_OF_REACH, Counts, start_date, workspace_settings
from benchmarks.contenders import Contender
from benchmarks.measure import folder, reason
from benchmarks.messages import read_airbyte
from benchmarks.process import run
from benchmarks.report import number
from benchmarks.workspace import sandbox

LIMIT_SECONDS = 3600
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
"""As in the Dockerfile."""
_TENTHS = 10
_END_BYTES = 1 << 16
# As the connector's own process writes it, which knows no blanks and no other order of keys.
_MARK = b'\n{"type":"RECORD","record":{"stream":"%s",'


@dataclass(frozen=True)
class Large:
    """A read that would show memory that grows. ``counts`` is what the workspace holds at full size."""

    title: str
    streams: tuple[str, ...]
    counts: Counts
    max_parts: int = 40

    def settings(self, share: float) -> dict[str, float]:
        """The sandbox's settings for a share (0 to 1) of the full size."""
        counts = {name: round(count * share) for name, count in self.counts.items()}
        return workspace_settings(counts, 0, OUT_OF_REACH) | {"max_parts": self.max_parts}


LARGE = (
    Large("contacts", ("contacts",), {"contacts": 1_000_000}),
    # Seven in eight have parts, up to 46 in equal shares: 20 each on average.
    Large(
        "conversations with their parts",
        ("conversations", "conversation_parts"),
        {"conversations": 200_000, "contacts": 10_000},
        max_parts=46,
    ),
)


@dataclass(frozen=True)
class Kept:
    """What one of these reads took. Megabytes are millions of bytes of resident memory."""

    title: str
    records: dict[str, int]
    """Delivered, by stream."""
    held: dict[str, int]
    """In the workspace, by stream."""
    seconds: float
    cpu_seconds: float
    peak_mb: float
    tenths_mb: list[float]
    """The median over each tenth of the run."""
    timed_out: bool
    error: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class RecordCounter:
    """Counts the RECORD lines of some streams in pieces of output that end anywhere, without parsing any."""

    def __init__(self, streams: Sequence[str]) -> None:
        self._marks = {stream: _MARK % stream.encode() for stream in streams}
        self._tails = dict.fromkeys(streams, b"\n")
        self.counts: Counter[str] = Counter()
        self.end = b""
        """The last of the output: where errors are told."""

    def __call__(self, piece: bytes) -> None:
        for stream, mark in self._marks.items():
            text = self._tails[stream] + piece
            self.counts[stream] += text.count(mark)
            # A mark may be cut in two, and one that was counted must not lie in what is looked at again.
            self._tails[stream] = text[1 - len(mark) :]
        self.end = (self.end + piece)[-_END_BYTES:]


def tenths(samples: Sequence[float]) -> list[float]:
    """The median of each tenth of the samples, or fewer where there are fewer than ten of them."""
    parts = min(_TENTHS, len(samples))
    edges = [len(samples) * at // parts for at in range(parts + 1)] if parts else []
    return [statistics.median(samples[start:end]) for start, end in pairwise(edges)]


def measure_memory(ours: Contender, share: float, log: Callable[[str], None]) -> list[Kept]:
    """Both reads, at a share of their full size."""
    done = []
    for large in LARGE:
        kept = _measure(ours, large, share)
        log(
            f"memory, {kept.title}: {sum(kept.records.values())} records in {kept.seconds:.0f} s, {kept.peak_mb:.0f} MB"
        )
        done.append(kept)
    return done


def _measure(ours: Contender, large: Large, share: float) -> Kept:
    counter = RecordCounter(large.streams)
    with sandbox(large.settings(share)) as workspace, folder() as files:
        ours.write(files, start_date(), large.streams, None)
        env = ours.env(workspace.url) | ENVIRONMENT
        done = run(ours.command(files), env, files, LIMIT_SECONDS, take=counter)
        return Kept(
            title=large.title,
            records={stream: counter.counts[stream] for stream in large.streams},
            held={stream: workspace.count(stream) for stream in large.streams},
            seconds=done.seconds,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_bytes / 1e6,
            tenths_mb=[median / 1e6 for median in tenths(done.resident)],
            timed_out=done.timed_out,
            error=reason(read_airbyte(counter.end.splitlines()), done) if done.failed else "",
        )


def memory_text(reads: Sequence[Kept]) -> str:
    """The section of the report."""
    lines = [
        "Resident memory of this connector, no latency, no limit within reach, `MALLOC_ARENA_MAX=2` as in the image; "
        "the output is counted and thrown away.",
        "",
        "| first sync of | records | missing | wall s | CPU s | CPU µs / record | peak MB | MB, median of each tenth |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for one in reads:
        records, held = sum(one.records.values()), sum(one.held.values())
        cells = [
            one.title,
            number(records),
            number(held - records),
            f"> {one.seconds:.0f}" if one.timed_out else number(one.seconds),
            number(one.cpu_seconds),
            number(one.cpu_seconds * 1e6 / records) if records else "-",
            number(one.peak_mb),
            " ".join(number(median) for median in one.tenths_mb),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    failed = [f"- {one.title}: failed: {one.error}" for one in reads if one.error]
    return "\n".join([*lines, *([""] if failed else []), *failed])
