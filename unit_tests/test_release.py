"""scripts/release, in a checkout of its own: what it writes, commits, tags and builds, and what it leaves alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from datetime import date
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

from tools.release import version as releases

ROOT = Path(__file__).resolve().parents[1]
FILES = ["CHANGELOG.md", "docs/integrations/sources/intercom.md", "metadata.yaml", "pyproject.toml"]
CURRENT = releases.current(ROOT)
MAJOR, MINOR, _ = CURRENT.split("-")[0].split(".")
NEXT = f"{MAJOR}.{int(MINOR) + 1}.0"


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files of this repository as the only commit of another; its environment is ours, its tests are replaced."""
    folder = tmp_path / "checkout"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "scripts/install").write_text("#!/bin/sh\n")
    (folder / "scripts/test").write_text("#!/bin/sh\ntest ! -e broken\n")
    (folder / "scripts/lowest").write_text("#!/bin/sh\n")
    (folder / ".gitignore").write_text(f"{(ROOT / '.gitignore').read_text()}\n.venv\n.tools\nbroken\n")
    change = "## Unreleased\n\n- Reads faster.\n- Tells a | from a pipe\n  on two lines."
    changelog = (folder / "CHANGELOG.md").read_text().partition("## Unreleased")
    (folder / "CHANGELOG.md").write_text(f"{changelog[0]}{change}\n\n## {changelog[2].partition(chr(10) + '## ')[2]}")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "A Maintainer")
    git(folder, "config", "user.email", "maintainer@example.com")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All")
    for name in (".venv", ".tools"):
        (folder / name).symlink_to((ROOT / name).resolve())
    return folder


def release(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Nothing is fetched: a proxy that does not answer, and no engine.
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "DOCKER_HOST": "unix:///none"}
    environment = {**os.environ, **nowhere, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [folder / "scripts/release", *words], env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def assert_nothing_happened(folder: Path, commit: str) -> None:
    assert git(folder, "rev-parse", "HEAD") == commit
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "tag") == ""


needs_poetry = pytest.mark.skipif(
    not (ROOT / ".tools/poetry/bin/poetry").exists(), reason="Poetry is not in .tools; scripts/install puts it there"
)


@needs_poetry
def test_a_release_is_a_commit_a_tag_and_the_artifacts(checkout: Path) -> None:
    done = release(checkout, "--no-image", NEXT)
    assert done.returncode == 0, done.stderr
    assert sorted(git(checkout, "diff", "--name-only", "HEAD~1", "HEAD").splitlines()) == FILES
    assert git(checkout, "log", "-1", "--format=%s") == f"Release {NEXT}"
    assert git(checkout, "rev-parse", f"v{NEXT}^{{commit}}") == git(checkout, "rev-parse", "HEAD")
    assert git(checkout, "status", "--porcelain") == ""
    assert "nothing is published" in done.stderr
    assert releases.current(checkout) == NEXT

    stem = f"airbyte_source_intercom_complete-{NEXT}"
    assert sorted(path.name for path in (checkout / "dist").iterdir()) == [
        f"{stem}-py3-none-any.whl",
        f"{stem}.tar.gz",
    ]
    with zipfile.ZipFile(checkout / f"dist/{stem}-py3-none-any.whl") as wheel:
        metadata = Parser().parsestr(wheel.read(f"{stem}.dist-info/METADATA").decode())
        assert metadata["Version"] == NEXT
        assert b"source-intercom=source_intercom.run:run" in wheel.read(f"{stem}.dist-info/entry_points.txt")
        assert {name.split("/")[0] for name in wheel.namelist()} == {"source_intercom", f"{stem}.dist-info"}
        assert "source_intercom/schemas/contacts.json" in wheel.namelist()
    with tarfile.open(checkout / f"dist/{stem}.tar.gz") as sdist:
        assert f"{stem}/LICENSE" in sdist.getnames()


@needs_poetry
def test_the_artifacts_alone_need_no_release(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    done = release(checkout, "--artifacts", "--no-image")
    assert done.returncode == 0, done.stderr
    assert f"dist/airbyte_source_intercom_complete-{CURRENT}-py3-none-any.whl" in done.stdout
    assert_nothing_happened(checkout, commit)


def test_a_dry_run_changes_nothing(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    done = release(checkout, "--dry-run", NEXT)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stderr for name in FILES)
    assert_nothing_happened(checkout, commit)
    assert not (checkout / "dist").exists()


def test_when_the_tests_fail_there_is_no_release(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    (checkout / "broken").touch()
    done = release(checkout, "--no-image", NEXT)
    assert done.returncode == 1
    assert "there is no release; the files are as before" in done.stderr
    assert_nothing_happened(checkout, commit)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([CURRENT], f"{CURRENT} is not newer than {CURRENT}"),
        (["next"], "next is not a version such as 0.2.0"),
        ([], "which version?"),
        (["--artifacts", NEXT], "--artifacts builds the version that the files tell"),
    ],
)
def test_what_cannot_be_released_gets_a_sentence(checkout: Path, words: list[str], sentence: str) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    done = release(checkout, "--no-image", *words, *([] if words else ["--no-tests"]))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert_nothing_happened(checkout, commit)


def test_what_is_not_committed_is_not_released(checkout: Path) -> None:
    (checkout / "README.md").write_text("Half a thought")
    done = release(checkout, "--no-image", NEXT)
    assert (done.returncode, "not committed" in done.stderr) == (1, True)


def test_both_changelogs_tell_the_changes(checkout: Path) -> None:
    texts = releases.released(checkout, NEXT, date(2027, 1, 31))
    assert [str(path.relative_to(checkout)) for path in sorted(texts)] == FILES
    changelog, page = (texts[checkout / name] for name in FILES[:2])
    assert f"## Unreleased\n\n## {NEXT} - 2027-01-31\n\n- Reads faster.\n" in changelog
    assert f"|---|\n| {NEXT} | 2027-01-31 | none | Reads faster; Tells a \\| from a pipe on two lines |\n" in page
    assert releases.notes_of(changelog, NEXT) == ["Reads faster.", "Tells a | from a pipe on two lines."]


def test_a_release_without_changes_is_none(checkout: Path) -> None:
    path = checkout / "CHANGELOG.md"
    path.write_text(path.read_text().replace("- Reads faster.\n- Tells a | from a pipe\n  on two lines.\n", ""))
    with pytest.raises(releases.NotReady, match="no changes under '## Unreleased'"):
        releases.released(checkout, NEXT, date(2027, 1, 31))


def test_files_that_disagree_are_not_released(checkout: Path) -> None:
    path = checkout / "metadata.yaml"
    path.write_text(path.read_text().replace(f"dockerImageTag: {CURRENT}", "dockerImageTag: 9.9.9"))
    with pytest.raises(releases.NotReady, match=rf"different versions: {CURRENT} and 9\.9\.9"):
        releases.current(checkout)


@pytest.mark.parametrize(("earlier", "later"), [("0.1.9", "0.1.10"), ("1.0.0-rc.2", "1.0.0"), ("0.9.9", "1.0.0-rc.1")])
def test_versions_are_compared_as_numbers(earlier: str, later: str) -> None:
    assert releases.parts_of(earlier) < releases.parts_of(later)


def test_this_repository_can_be_released() -> None:
    assert releases.notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), CURRENT)


def test_the_workflow_publishes_what_the_script_builds() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    script = (ROOT / "scripts/release").read_text(encoding="utf-8")
    assert "run: scripts/release --artifacts\n" in workflow
    assert ".github/workflows/release.yml" in script
    data = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    assert f"IMAGE: {data['dockerRepository']}\n" in workflow
