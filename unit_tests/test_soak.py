"""scripts/soak makes property tests run longer, and nothing else does; with seeds it simulates."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import number_of, set_number

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("named", "soak", "examples"), [(60, None, 20), (12, None, 10), (5, None, 5), (5, 7, 35), (100, 20, 2_000)]
)
def test_examples_are_a_third_or_many_times_as_many(named: int, soak: int | None, examples: int) -> None:
    ran = []

    @settings(max_examples=named)
    @given(st.integers())
    def says_how_often(number: int) -> None:
        ran.append(number)

    set_number(says_how_often, soak)
    says_how_often()
    assert len(ran) == examples


def test_the_number_is_set_where_tests_are_collected() -> None:
    """As it stands at a test of this run."""
    soak = int(os.environ.get("SOAK", "0")) or None
    held: settings = vars(test_that_is_collected)["_hypothesis_internal_use_settings"]
    assert held.max_examples == number_of(30, soak)


@settings(max_examples=30)
@given(st.none())
def test_that_is_collected(_nothing: None) -> None:
    pass


@pytest.mark.parametrize(
    ("arguments", "started"),
    [
        (["--seeds", "5", "--from", "3"], "-m tools.simulation --seeds 5 --from 3"),
        (["--seed", "7"], "-m tools.simulation --seed 7"),
        (["-k", "windows"], "-m pytest -m hypothesis or soak --timeout=7200 -k windows"),
        ([], "-m pytest -m hypothesis or soak --timeout=7200"),
    ],
)
def test_seeds_are_simulated_and_all_else_is_for_pytest(tmp_path: Path, arguments: list[str], started: str) -> None:
    scripts, tools = tmp_path / "scripts", tmp_path / ".venv/bin"
    scripts.mkdir()
    tools.mkdir(parents=True)
    for name in ("soak", "lib.sh"):
        (scripts / name).write_text((ROOT / "scripts" / name).read_text("utf-8"), "utf-8")
    for program, does in ((scripts / "install", ":"), (tools / "python", 'echo "$@"')):
        program.write_text(f"#!/usr/bin/env bash\n{does}\n", "utf-8")
        program.chmod(0o755)
    done = subprocess.run(["bash", scripts / "soak", *arguments], capture_output=True, text=True, check=True)
    assert done.stdout == f"{started}\n"
