"""What the command says, and where it leaves what was printed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tools.simulation import __main__ as command
from tools.simulation.plan import Plan
from tools.simulation.simulation import Result
from tools.simulation.sync import Violation


class Found:
    """Stands for a simulation: seed 4 finds something wrong."""

    def __init__(self, plan: Plan, launcher: object) -> None:
        self._seed = plan.seed

    def run(self) -> Result:
        wrong = [Violation("lost", "tags", "3 records")] if self._seed == 4 else []
        counts = Counter(seeds=1, syncs=3, violations=len(wrong))
        return Result(self._seed, wrong, counts, ["sync 1: what happened"], [b"one\n", b"two\n"])


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Simulation", Found)
    monkeypatch.setattr(command, "Launcher", lambda: None)


def test_a_violation_is_told_with_the_command_that_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seeds", "3", "--from", "3"]) == 1
    told = capsys.readouterr().out
    assert "seed 4: 1 violations; see it again with: scripts/soak --seed 4\n  lost: tags: 3 records\n" in told
    assert "what happened" not in told
    assert told.splitlines()[-1].startswith("3 seeds, 9 syncs, 0 kills, 0 faults")


def test_without_a_violation_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seeds", "3"]) == 0
    assert "0 violations" in capsys.readouterr().out


def test_one_seed_tells_all_that_happens(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "5"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Plan(seed=5,")
    assert "sync 1: what happened" in told


def test_what_was_printed_is_kept(tmp_path: Path) -> None:
    command.main(["--seeds", "6", "--keep", str(tmp_path / "kept")])
    kept = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    assert kept == {"seed-4-run-1.jsonl": b"one\n", "seed-4-run-2.jsonl": b"two\n"}
