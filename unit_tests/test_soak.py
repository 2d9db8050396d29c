"""scripts/soak makes property tests run longer, and nothing else does; with seeds it simulates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COUNTS = """
from pathlib import Path
from hypothesis import given, settings, strategies as st

ran = Path(__file__).with_name("ran")

@settings(max_examples=5)
@given(st.integers())
def test_that_says_how_often(_):
    with ran.open("a") as file:
        file.write(".")

def test_without_examples():
    pass
"""


@pytest.mark.parametrize(("factor", "examples"), [(None, 5), ("7", 35)])
def test_examples_are_multiplied(tmp_path: Path, factor: str | None, examples: int) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "unit_tests/conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_counts.py").write_text(COUNTS, "utf-8")
    env = {name: value for name, value in os.environ.items() if name != "SOAK"} | ({"SOAK": factor} if factor else {})
    # The conftest takes its fixtures from beside it.
    env |= {"PYTHONPATH": str(ROOT / "unit_tests")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert len((tmp_path / "ran").read_text("utf-8")) == examples


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
