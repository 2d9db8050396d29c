"""Gives the repository its next version: in pyproject.toml, metadata.yaml and both changelogs.

CHANGELOG.md collects the changes under "## Unreleased", a line each. A release dates them, and adds a row to the table
of the page for Airbyte, which wants one line for each version.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = Path("CHANGELOG.md")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-rc\.(\d+))?", re.ASCII)
_UNRELEASED = "## Unreleased"
_ROWS = "|---|---|---|---|\n"


class NotReady(Exception):
    """There can be no release of this version from these files; the message is one sentence."""


def parts_of(version: str) -> tuple[int, int, int, float]:
    """A version as numbers that can be compared: 1.2.3-rc.1 comes before 1.2.3. Raises NotReady."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise NotReady(f"{version} is not a version such as 0.2.0 or 0.2.0-rc.1")
    major, minor, patch, candidate = found.groups()
    return int(major), int(minor), int(patch), float(candidate or "inf")


def current(root: Path) -> str:
    """The version that the files have. Raises NotReady when they disagree."""
    found = {
        _only(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(encoding="utf-8"), "pyproject.toml"),
        _only(r"^  dockerImageTag: (.+)$", (root / "metadata.yaml").read_text(encoding="utf-8"), "metadata.yaml"),
    }
    if len(found) > 1:
        raise NotReady(f"pyproject.toml and metadata.yaml tell different versions: {' and '.join(sorted(found))}")
    return found.pop()


def notes_of(changelog: str, title: str) -> list[str]:
    """The changes under a heading of CHANGELOG.md that begins with a title, a text each."""
    _, found, rest = changelog.partition(f"\n## {title}")
    section = rest.partition("\n")[2].partition("\n## ")[0]
    notes = [" ".join(note.split()) for note in re.split(r"^- ", section, flags=re.MULTILINE)[1:]]
    if not found or not notes:
        raise NotReady(f"CHANGELOG.md has no changes under '## {title}': write a line for each that a user notices")
    return notes


def released(root: Path, version: str, day: date) -> Mapping[Path, str]:
    """The files that change, with their new text. Raises NotReady."""
    before = current(root)
    if parts_of(version) <= parts_of(before):
        raise NotReady(f"{version} is not newer than {before}, the version of these files")
    changelog = (root / CHANGELOG).read_text(encoding="utf-8")
    subject = "; ".join(note.rstrip(".") for note in notes_of(changelog, "Unreleased")).replace("|", "\\|")
    row = f"| {version} | {day} | none | {subject} |\n"
    edits: dict[str, Callable[[str], str]] = {
        "pyproject.toml": lambda text: re.sub(r'(?m)^version = ".+"$', f'version = "{version}"', text),
        "metadata.yaml": lambda text: re.sub(r"(?m)^  dockerImageTag: .+$", f"  dockerImageTag: {version}", text),
        str(CHANGELOG): lambda text: text.replace(_UNRELEASED, f"{_UNRELEASED}\n\n## {version} - {day}", 1),
        "docs/integrations/sources/intercom.md": lambda text: _with_row(text, row),
    }
    return {root / name: edit((root / name).read_text(encoding="utf-8")) for name, edit in edits.items()}


def _with_row(page: str, row: str) -> str:
    head, heading, tail = page.partition("\n## Changelog\n")
    if not heading or _ROWS not in tail:
        raise NotReady("the page for Airbyte has no table under '## Changelog'")
    return head + heading + tail.replace(_ROWS, _ROWS + row, 1)


def _only(pattern: str, text: str, name: str) -> str:
    found = re.findall(pattern, text, re.MULTILINE)
    if len(found) != 1:
        raise NotReady(f"{name} tells {len(found)} versions instead of one")
    return str(found[0])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", nargs="?", help="the next one; without it the current one is printed")
    parser.add_argument("--notes", action="store_true", help="print what changed in the current version")
    parser.add_argument("--dry-run", action="store_true", help="name the files that would change, and change none")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to release; the usual one is this")
    options = parser.parse_args(arguments)
    try:
        if options.notes:
            changelog = (options.root / CHANGELOG).read_text(encoding="utf-8")
            lines = [f"- {note}" for note in notes_of(changelog, current(options.root))]
        elif options.version is None:
            lines = [current(options.root)]
        else:
            texts = released(options.root, options.version, datetime.now(timezone.utc).date())
            lines = [str(path.relative_to(options.root)) for path in texts]
            if not options.dry_run:
                for path, text in texts.items():
                    path.write_text(text, encoding="utf-8")
    except NotReady as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
