"""``python -m tools.simulation --seeds N``: simulate, tell of each violation, and count."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path

from tools.simulation.plan import Plan
from tools.simulation.process import Launcher
from tools.simulation.simulation import Result, Simulation

_PROGRESS = 25


def main(arguments: list[str] | None = None) -> int:
    """Run the seeds asked for; 1 when an invariant did not hold."""
    options = _options(arguments)
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    # The sandbox's server tells at length of every connection that a killed process leaves behind.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    launcher = Launcher()
    total: Counter[str] = Counter()
    began = time.monotonic()
    for seed in seeds:
        plan = Plan.of(seed)
        result = Simulation(plan, launcher).run()
        total.update(result.counts)
        _tell(result, plan, verbose=options.seed is not None)
        if options.keep and result.violations:
            _keep(result, options.keep)
        if total["seeds"] % _PROGRESS == 0:
            sys.stderr.write(f"{_summary(total, time.monotonic() - began)}\n")
    _say(_summary(total, time.monotonic() - began))
    return 1 if total["violations"] else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("--seeds", type=int, default=100, help="how many simulations")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="just this one, with all that happens in it")
    parser.add_argument("--keep", type=Path, help="a folder for all that was printed where something is wrong")
    return parser.parse_args(arguments)


def _keep(result: Result, folder: Path) -> None:
    """For what threads decide, which the seed does not bring again each time."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, printed in enumerate(result.printed, 1):
        (folder / f"seed-{result.seed}-run-{number}.jsonl").write_bytes(printed)


def _tell(result: Result, plan: Plan, *, verbose: bool) -> None:
    if verbose:
        _say(str(plan), *result.log)
    if result.violations:
        count = len(result.violations)
        _say(
            f"seed {result.seed}: {count} violations; see it again with: scripts/soak --seed {result.seed}",
            *(f"  {violation}" for violation in result.violations),
        )


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _summary(total: Counter[str], seconds: float) -> str:
    words = ("seeds", "syncs", "kills", "faults", "quirks", "changes", "calls", "records", "states", "violations")
    return ", ".join(f"{total[word]} {word}" for word in words) + f"; {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
