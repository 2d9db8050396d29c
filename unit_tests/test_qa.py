"""scripts/qa: this repository laid out as Airbyte's checks want it, and what becomes of their verdicts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.qa.checks import NEEDS_NETWORK, STANDS, Verdict
from tools.qa.layout import AIRBYTES_PAGE, CONNECTOR, PAGE, as_airbytes, lay_out, tracked

ROOT = Path(__file__).resolve().parents[1]
METADATA = (ROOT / "metadata.yaml").read_text(encoding="utf-8")


def test_every_tracked_file_has_a_place(tmp_path: Path) -> None:
    lay_out(ROOT, tmp_path)
    laid = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert laid == {PAGE} | {CONNECTOR / name for name in tracked(ROOT) if name != PAGE}
    assert (tmp_path / PAGE).read_bytes() == (ROOT / PAGE).read_bytes()
    assert (tmp_path / CONNECTOR / "pyproject.toml").read_bytes() == (ROOT / "pyproject.toml").read_bytes()


def test_metadata_differs_in_address_and_rating_alone() -> None:
    ours, theirs = (yaml.safe_load(text)["data"] for text in (METADATA, as_airbytes(METADATA)))
    assert theirs.pop("ab_internal") == {"sl": 300, "ql": 300}
    assert theirs.pop("supportLevel") == "certified"
    assert theirs.pop("documentationUrl") == AIRBYTES_PAGE
    assert theirs == {key: value for key, value in ours.items() if key not in ("supportLevel", "documentationUrl")}


@pytest.mark.parametrize(
    ("check", "status", "is_bad"),
    [
        ("CheckAny", "PASSED", False),
        ("CheckAny", "SKIPPED", False),
        ("CheckAny", "NOT RUN", False),
        ("CheckAny", "FAILED", True),
        ("CheckAny", "CRASHED", True),
        (next(iter(STANDS)), "FAILED", False),
        (next(iter(STANDS)), "CRASHED", True),
        # A reason that nothing needs any more.
        (next(iter(STANDS)), "PASSED", True),
    ],
)
def test_only_what_is_known_to_stand_may_fail(check: str, status: str, is_bad: bool) -> None:
    assert Verdict(check, status, "").is_bad is is_bad


@pytest.mark.parametrize("check", [*STANDS, *NEEDS_NETWORK])
def test_contributors_read_why(check: str) -> None:
    rows = [
        line for line in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    assert [row for row in rows if f"`{check}`" in row]


PYTHON_WHOSE_PIP_FINDS_NOTHING = f"""#!/usr/bin/env bash
[[ "$1 $2" == "-m venv" ]] || exec {sys.executable} "$@"
mkdir -p "$4/bin"
printf '#!/bin/sh\\necho "ERROR: No matching distribution found" >&2\\nexit 1\\n' >"$4/bin/pip"
chmod +x "$4/bin/pip"
"""


@pytest.mark.parametrize("required", ["", "1"])
def test_where_the_checks_cannot_be_installed_the_reason_is_told(tmp_path: Path, required: str) -> None:
    for name in ("scripts/qa", "scripts/lib.sh", "scripts/requirements-qa.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scripts/install").write_text("#!/bin/sh\n")
    (tmp_path / "scripts/install").chmod(0o755)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text(PYTHON_WHOSE_PIP_FINDS_NOTHING)
    (tmp_path / ".venv/bin/python").chmod(0o755)
    done = subprocess.run(
        [tmp_path / "scripts/qa"],
        env={**os.environ, "REQUIRE_QA": required},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "ERROR: No matching distribution found" in done.stderr or "needs Python 3.11 or 3.12" in done.stderr
    assert done.returncode == int(bool(required))
    assert "cannot be installed here" in done.stderr or "needs Python 3.11 or 3.12" in done.stderr
    assert ("Airbyte's checks are skipped: " in done.stderr) is not bool(required)
