"""``python -m benchmarks``: run the comparison, print its tables, write them and the plots."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import plots
from benchmarks.cases import CASES, LIMIT_SECONDS, Case
from benchmarks.contenders import Contender, contenders
from benchmarks.environments import HERE
from benchmarks.machine import describe
from benchmarks.measure import Figures, measure, median, start_up
from benchmarks.report import CaseResult, Results, markdown
from benchmarks.workspace import ROOT


def parser() -> argparse.ArgumentParser:
    """The command line."""
    letters, names = [case.letter for case in CASES], [one.name for one in contenders()]
    made = argparse.ArgumentParser(prog="scripts/bench", description="Compare this connector with its peers.")
    made.add_argument("--scale", choices=sorted(LIMIT_SECONDS), default="small", help="small: minutes; full: an hour")
    made.add_argument("--case", type=_list(letters), default=letters, help=f"of {','.join(letters)} (default: all)")
    made.add_argument("--connectors", type=_list(names), default=names, help=f"of {','.join(names)} (default: all)")
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


def log(words: str) -> None:
    """Progress is for people: stderr."""
    sys.stderr.write(f"bench: {words}\n")


def main() -> None:
    """Run what the command line asks for."""
    options = parser().parse_args()
    machine = describe()
    entrants = [one for one in contenders() if one.name in options.connectors]
    for one in entrants:
        one.install(options.tools)
        if one.unavailable:
            log(f"{one.title} cannot be run: {one.unavailable}")
        else:
            one.start_up_seconds = start_up(one)
    results = Results(options.scale, datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), machine, entrants)
    options.out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if case.letter in options.case:
            limit = options.limit or LIMIT_SECONDS[options.scale]
            results.cases.append(run_case(case, options.scale, entrants, limit, options.runs or case.runs))
            # After every case, so that an interrupted session leaves what it had.
            _write(results, options.out, options.json)
    sys.stdout.write(markdown(results))
    log(f"tables and plots are in {options.out}")


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


def _write(results: Results, folder: Path, figures: Path | None) -> None:
    text = json.dumps(results.as_json(), indent=1)
    for path in (folder / "results.json", figures):
        if path is not None:
            path.write_text(text + "\n")
    plotted = {"wall-time.svg": plots.wall_time(results)}
    for result in results.cases:
        if result.case.limited:
            plotted[f"budget-{result.case.letter}.svg"] = plots.budget_over_time(results, result)
    for name, drawing in plotted.items():
        (folder / name).write_text(drawing)
    shown = "\n".join(f"![{name}]({name})" for name in plotted)
    (folder / "results.md").write_text(f"{markdown(results)}\n## Plots\n\n{shown}\n")


if __name__ == "__main__":
    main()
