"""What the repository refers to is in the repository: a reader has no other notes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FACTS = ROOT / "docs" / "intercom-api.md"
# Parts of the repository that still cite notes which nobody else has. Take one out as soon as it is clean; the test
# reports it as XPASS.
NOT_YET_CLEAN: set[str] = set()
# Section signs, numbers of a table of other connectors, and names of files that are not here.
ELSEWHERE = re.compile(r"§|\bpeers? #?\d|\bnotes \d|\bapi_notes\b|\bdesign\.md\b")
CITED = re.compile(r"docs/intercom-api\.md#([a-z0-9-]*)")


def texts() -> dict[str, str]:
    """Every text that git tracks, or would, but for this one: path -> content."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if (
            path.is_file()
            and path != Path(__file__)
            and path.suffix not in {".lock", ".svg"}
            and path.name != "package-lock.json"
        ):
            found[name] = path.read_text(encoding="utf-8")
    return found


TEXTS = texts()


def part_of(name: str) -> str:
    """The part of the repository that a file belongs to: its top folder, or the folder below the unit tests."""
    folders = Path(name).parts[:-1]
    return "/".join(folders[: 2 if folders and folders[0] == "unit_tests" else 1]) or "top level"


PARTS = sorted({part_of(name) for name in TEXTS})


def parts() -> list[object]:
    waiting = pytest.mark.xfail(reason="still cites notes that are not in the repository", strict=False)
    return [pytest.param(part, marks=waiting) if part in NOT_YET_CLEAN else part for part in PARTS]


@pytest.mark.parametrize("part", parts())
def test_nothing_cites_what_a_reader_does_not_have(part: str) -> None:
    offenders = [
        f"{name}:{number}: {line.strip()}"
        for name, text in TEXTS.items()
        if part_of(name) == part
        for number, line in enumerate(text.splitlines(), 1)
        if ELSEWHERE.search(line)
    ]
    assert offenders == []


@pytest.mark.parametrize("cited", ["notes §4.2", "peers #12", "peers 12", "notes 4.2", "api_notes.md", "design.md"])
def test_such_a_reference_is_seen(cited: str) -> None:
    assert ELSEWHERE.search(f"# Why ({cited}).")


def test_the_parts_that_wait_exist() -> None:
    assert set(PARTS) >= NOT_YET_CLEAN


@pytest.mark.parametrize("part", PARTS)
def test_a_fact_that_is_cited_is_there(part: str) -> None:
    known = ids(FACTS.read_text(encoding="utf-8"))
    missing = [
        f"{name}: {fact}"
        for name, text in TEXTS.items()
        if part_of(name) == part
        for fact in CITED.findall(text)
        if fact not in known
    ]
    assert missing == []


def ids(text: str) -> set[str]:
    return set(re.findall(r'<a id="([a-z0-9-]+)"></a>', text))


def test_each_fact_has_one_id_and_shows_it() -> None:
    text = FACTS.read_text(encoding="utf-8")
    shown = re.findall(r'^- <a id="([a-z0-9-]+)"></a>\*\*([a-z0-9-]+)\*\* ', text, re.MULTILINE)
    assert len(shown) == text.count("<a id=") > 100
    assert all(made == told for made, told in shown)
    assert len({made for made, _ in shown}) == len(shown)


def test_each_fact_has_a_source() -> None:
    facts = FACTS.read_text(encoding="utf-8").partition("## Versions")[2].partition("## Conflicts")[0]
    for fact in re.split(r"^- ", facts, flags=re.MULTILINE)[1:]:
        told = " ".join(fact.partition("\n\n")[0].split())
        assert re.search(r"\*\(.+\)\*$", told) or "(#conflict-" in told, told
