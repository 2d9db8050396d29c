"""What a start of this connector costs, beside what Python and the CDK cost without it."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import OUT_OF_REACH, start_date, workspace_settings
from benchmarks.contenders import Contender
from benchmarks.measure import folder
from benchmarks.process import run
from benchmarks.report import number
from benchmarks.workspace import sandbox

RUNS = 5
_CDK = "import airbyte_cdk.entrypoint"
# The interpreter searches all that was imported for garbage before it ends, unless that is frozen, as ours is.
_FROZEN = f"{_CDK}, gc; gc.freeze()"
_LIMIT_SECONDS = 60


@dataclass(frozen=True)
class Start:
    """The medians of some runs of one command, in seconds."""

    command: str
    seconds: float
    """Wall time to the end, or to the first record of a read."""
    cpu_seconds: float
    """Of the whole command."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure_starts(ours: Contender, runs: int = RUNS) -> list[Start]:
    """Every command in turn, on a workspace without latency whose one stream that is read has one page."""
    seen: dict[str, list[tuple[float, float]]] = {}
    with sandbox(workspace_settings({"contacts": 100}, 0, OUT_OF_REACH)) as workspace, folder() as files:
        ours.write(files, start_date(), ["contacts"], None)
        for _ in range(runs):
            for name, command in _commands(ours, files).items():
                done = run(command, ours.env(workspace.url), files, _LIMIT_SECONDS)
                if done.code:
                    raise RuntimeError(f"{name} ended with code {done.code}")
                seen.setdefault(name, []).append((done.first_record_seconds or done.seconds, done.cpu_seconds))
    return [
        Start(name, statistics.median(wall for wall, _ in times), statistics.median(cpu for _, cpu in times))
        for name, times in seen.items()
    ]


def _commands(ours: Contender, files: Path) -> dict[str, list[str]]:
    python, connector = str(ours.bin / "python"), ours.start()[:-1]
    config = ["--config", str(files / "config.json")]
    return {
        **{f'python -c "{program}"': [python, "-c", program] for program in ("pass", _CDK, _FROZEN)},
        "spec": [*connector, "spec"],
        "check": [*connector, "check", *config],
        "discover": [*connector, "discover", *config],
        "read, to the first record": ours.command(files),
    }


def starts_text(starts: Sequence[Start]) -> str:
    """The section of the report."""
    cdk = next(start for start in starts if _FROZEN in start.command)
    lines = [
        f"Medians of {RUNS}, no latency; the CPU time of `read` is that of reading a page of 100 contacts to its end. "
        "*More* is the difference to the third line, the import of the CDK alone. That line calls `gc.freeze()`, as "
        "this connector does, so that Python does not search the imported modules for garbage at its end.",
        "",
        "| command | wall s | CPU s | wall, more | CPU, more |",
        "|---|---:|---:|---:|---:|",
    ]
    for start in starts:
        cells = [number(start.seconds, 2), number(start.cpu_seconds, 2)]
        if start.command.startswith("python"):
            cells += ["", ""]
        else:
            cells += [number(start.seconds - cdk.seconds, 2), number(start.cpu_seconds - cdk.cpu_seconds, 2)]
        lines.append(f"| `{start.command}` | {' | '.join(cells)} |")
    return "\n".join(lines)
