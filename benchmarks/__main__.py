"""``python -m benchmarks``: run the comparison, print its tables, write them and the plots."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import plots
from benchmarks.calls import calls_text, measure_calls
from benchmarks.cases import CASES, LIMIT_SECONDS, Case
from benchmarks.contenders import Contender, Ours, contenders
from benchmarks.endings import endings_text, measure_endings
from benchmarks.environments import HERE
from benchmarks.folder import Folder
from benchmarks.hourly import as_json, hourly_text, measure_hourly
from benchmarks.machine import describe
from benchmarks.measure import Figures, measure, median, start_up
from benchmarks.memory import measure_memory, memory_text
from benchmarks.report import CaseResult, Results, markdown
from benchmarks.startup import measure_starts, starts_text
from benchmarks.workspace import ROOT


def parser() -> argparse.ArgumentParser:
    """The command line."""
    letters = [case.letter for case in CASES]
    names = [one.name for one in contenders() if one.name != "before"]
    made = argparse.ArgumentParser(prog="scripts/bench", description="Compare this connector with its peers.")
    made.add_argument("--scale", choices=sorted(LIMIT_SECONDS), default="small", help="small: minutes; full: an hour")
    made.add_argument("--case", type=_list(letters), help=f"only these cases, of {','.join(letters)}")
    made.add_argument("--start-up", action="store_true", help="only what a start costs")
    made.add_argument("--calls", action="store_true", help="only the calls of each stream")
    made.add_argument("--hourly", action="store_true", help="only what an hourly sync of a large workspace costs")
    made.add_argument(
        "--memory", type=_share, nargs="?", const=1.0, metavar="SHARE",
        help="only the large reads, at a share of their size (default: 1)",
    )  # fmt: skip
    made.add_argument("--endings", action="store_true", help="only how the process ends: signals, hangs, bombs")
    made.add_argument("--connectors", type=_list(names), default=names, help=f"of {','.join(names)} (default: all)")
    made.add_argument("--before", type=_checkout, metavar="FOLDER", help="also measure the version checked out there")
    made.add_argument("--runs", type=int, help="runs of each, the middle one counts (default: 1, CPU case 3)")
    made.add_argument("--limit", type=float, metavar="SECONDS", help="longest a single run may take")
    made.add_argument("--out", type=Path, default=HERE / "results", help="folder for tables and plots")
    made.add_argument("--json", type=Path, help="also write every figure to this file")
    made.add_argument("--tools", type=Path, default=ROOT / ".tools" / "bench", help="folder of the peers' environments")
    return made


class _list:  # noqa: N801
    """An argparse type: words separated by commas, each of them known."""

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> list[str]:
        words = text.split(",")
        for word in words:
            if word not in self._known:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(self._known)}")
        return words


def _checkout(text: str) -> Path:
    folder = Path(text).resolve()
    if not (folder / "source_intercom" / "source.py").is_file():
        raise argparse.ArgumentTypeError(f"{text} holds no source_intercom/source.py")
    return folder


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError("a share lies above 0 and goes up to 1")
    return share


@dataclass(frozen=True)
class Plan:
    """What is to be measured."""

    cases: Sequence[str]
    """Letters."""
    start_up: bool
    calls: bool
    memory: float | None
    """Share of the full size, 0 to 1; None for not at all."""
    hourly: bool = False
    """Whether an hourly sync of a large workspace is computed and measured."""
    endings: bool = False
    """Whether the process is told to end, and meets an Intercom that does not behave."""


def plan(options: argparse.Namespace) -> Plan:
    """All but the large workspaces, unless the options name what alone is wanted."""
    alone = (options.case, options.start_up, options.calls, options.hourly, options.memory, options.endings)
    named = any(alone)
    ours = "ours" in options.connectors
    return Plan(
        cases=options.case or ([] if named else [case.letter for case in CASES]),
        start_up=options.start_up or (ours and not named),
        calls=options.calls or (ours and not named),
        memory=options.memory,
        hourly=options.hourly,
        endings=options.endings,
    )


def log(words: str) -> None:
    """Progress is for people: stderr."""
    sys.stderr.write(f"bench: {words}\n")


def main() -> None:
    """Run what the command line asks for."""
    options = parser().parse_args()
    wanted = plan(options)
    folder = Folder(options.out, options.json)
    if wanted.cases:
        run_cases(wanted.cases, options, folder)
    if wanted.start_up or wanted.calls or wanted.hourly or wanted.memory or wanted.endings:
        measure_ours(wanted, options.tools, folder)
    log(f"tables and plots are in {folder.path}")


def run_cases(letters: Sequence[str], options: argparse.Namespace, folder: Folder) -> None:
    """The comparison with the peers."""
    machine = describe()
    wanted = {*options.connectors, *(["before"] if options.before else [])}
    entrants = [one for one in contenders(options.before) if one.name in wanted]
    for one in entrants:
        one.install(options.tools)
        if one.unavailable:
            log(f"{one.title} cannot be run: {one.unavailable}")
        else:
            one.start_up_seconds = start_up(one)
    results = Results(options.scale, _now(), machine, entrants)
    for case in CASES:
        if case.letter in letters:
            limit = options.limit or LIMIT_SECONDS[options.scale]
            results.cases.append(run_case(case, options.scale, entrants, limit, options.runs or case.runs))
            # After every case, so that an interrupted session leaves what it had.
            _write(results, folder)
    sys.stdout.write(markdown(results))


def run_case(case: Case, scale: str, entrants: Sequence[Contender], limit: float, runs: int) -> CaseResult:
    """All runs of a case. The contenders take turns, so that a busy minute of the machine hits them alike."""
    result = CaseResult(case, limit, case.settings(scale))
    done: dict[str, list[Figures]] = {}
    racing = [one for one in entrants if one.name in case.contenders]
    result.failures.update({one.name: one.unavailable for one in racing if one.unavailable})
    for at in range(runs):
        for one in racing:
            if one.name in result.failures:
                continue
            try:
                figures = measure(one, case, scale, limit)
            except (RuntimeError, OSError) as error:
                result.failures[one.name] = str(error)
                log(f"({case.letter}) {one.title}: {error}")
                continue
            done.setdefault(one.name, []).append(figures)
            log(f"({case.letter}) {one.title}, run {at + 1} of {runs}: {_brief(figures)}")
    result.runs = {name: len(figures) for name, figures in done.items()}
    result.figures = {name: median(figures, by_cpu=not case.limited) for name, figures in done.items()}
    return result


def _brief(figures: Figures) -> str:
    words = f"{figures.distinct} records in {figures.seconds:.1f} s, {figures.calls} calls"
    if figures.timed_out:
        words += ", ended at its time limit"
    return f"{words}, FAILED: {figures.error}" if figures.error else words


def _write(results: Results, folder: Folder) -> None:
    plotted = {"wall-time.svg": plots.wall_time(results)}
    for result in results.cases:
        if result.case.limited:
            plotted[f"budget-{result.case.letter}.svg"] = plots.budget_over_time(results, result)
    for name, drawing in plotted.items():
        (folder.path / name).write_text(drawing)
    shown = "\n".join(f"![{name}]({name})" for name in plotted)
    folder.put("cases", results.as_json(), f"{markdown(results)}\n## Plots\n\n{shown}\n")


def measure_ours(wanted: Plan, tools: Path, folder: Folder) -> None:
    """What is measured of this connector alone."""
    ours = next(one for one in contenders() if isinstance(one, Ours))
    ours.install(tools)
    if ours.unavailable:
        raise SystemExit(f"bench: {ours.title} cannot be run: {ours.unavailable}")
    if wanted.start_up:
        starts = measure_starts(ours)
        _put(folder, "start_up", "What a start costs", [one.as_json() for one in starts], starts_text(starts))
    if wanted.calls:
        figures = measure_calls(ours, log)
        _put(folder, "calls", "Calls per stream", figures.as_json(), calls_text(figures))
    if wanted.hourly:
        rows = measure_hourly(ours, log)
        _put(folder, "hourly", "What an hourly sync costs", as_json(rows), hourly_text(rows))
    if wanted.memory:
        reads = measure_memory(ours, wanted.memory, log)
        _put(folder, "memory", "Memory of large reads", [one.as_json() for one in reads], memory_text(reads))
    if wanted.endings:
        endings = measure_endings(ours, log)
        told = endings_text(endings)
        _put(folder, "endings", "How the process ends", [one.as_json() for one in endings], told)


def _put(folder: Folder, part: str, title: str, figures: object, text: str) -> None:
    """Write a part with the moment and the machine it comes from, which may be others than those of the cases."""
    date, machine = _now(), describe()
    told = f"{date}, {machine['cores']} cores ({machine['processor']}), {machine['python']}."
    section = f"## {title}\n\n{told} {text}\n"
    folder.put(part, {part: {"date": date, "machine": machine, "figures": figures}}, section)
    sys.stdout.write(f"\n{section}")


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


if __name__ == "__main__":
    main()
