"""docs/complaints.md: the page names the tests of each complaint, and each test names its complaints."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.quirks.names import QUIRKS
from source_intercom.streams import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]
ENTRY = re.compile(r"^- \*\*(\d+)\.\*\* (.*?)(?=^- \*\*|^## |\Z)", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"`(test_\w+\.py::test_\w+)`")
LINK = re.compile(r"\]\([\w./-]+\.md#[\w-]+\)")


def complaints() -> dict[int, str]:
    """The text of each entry by its number."""
    found = ENTRY.findall((ROOT / "docs/complaints.md").read_text(encoding="utf-8"))
    return {int(number): text for number, text in found}


def named_by_the_page() -> set[tuple[int, str]]:
    """Number of the complaint and name of the test, as the page has them."""
    return {(number, test) for number, text in complaints().items() for test in TEST.findall(text)}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every test that there is, by file and name; nothing is imported."""
    for folder in ("unit_tests", "integration_tests"):
        for path in sorted((ROOT / folder).rglob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield f"{path.name}::{node.name}", node


def numbers_of(function: ast.FunctionDef) -> Iterator[int]:
    """What stands in ``@pytest.mark.complaint(…)`` above a test."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.complaint":
            yield from map(ast.literal_eval, decorator.args)


def test_the_numbers_are_whole() -> None:
    text = (ROOT / "docs/complaints.md").read_text(encoding="utf-8")
    numbers = [int(number) for number, _ in ENTRY.findall(text)]
    assert numbers == list(range(1, len(numbers) + 1))
    # No entry is written in a way that the pattern does not see.
    assert len(numbers) == len(re.findall(r"^- ", text, re.MULTILINE)) > 100


def test_the_readme_counts_them() -> None:
    assert re.search(rf"\b{len(complaints())} complaints\b", (ROOT / "README.md").read_text(encoding="utf-8"))


def test_each_has_a_test_or_an_answer_in_the_docs() -> None:
    bare = [number for number, text in complaints().items() if not TEST.search(text) and not LINK.search(text)]
    assert bare == []


def test_each_test_that_is_named_is_there_once() -> None:
    places: dict[str, int] = defaultdict(int)
    for name, _ in functions():
        places[name] += 1
    assert {name: places[name] for _, name in named_by_the_page() if places[name] != 1} == {}


def test_the_page_and_the_tests_name_each_other() -> None:
    named = named_by_the_page()
    marked = {(number, name) for name, function in functions() for number in numbers_of(function)}
    assert sorted(named - marked) == [], "these tests lack the number of the complaint"
    assert sorted(marked - named) == [], "these tests are not named at the complaint in docs/complaints.md"


def test_each_quirk_that_is_named_exists() -> None:
    named = {
        quirk
        for text in complaints().values()
        for listed in re.findall(r"\(quirks? ([^)]*)\)", text)
        for quirk in re.findall(r"`([\w-]+)`", listed)
    }
    assert named - set(QUIRKS) == set()
    assert len(named) > 20


@pytest.mark.complaint(31, 32)
def test_what_people_can_rename_is_no_key() -> None:
    keys = {stream().name: stream.key for stream in CATALOGUE}
    assert keys["tags"] == keys["teams"] == ("id",)
    assert keys["contact_attributes"] == keys["company_attributes"] == ("full_name",)
    # Names of events and of kinds of activity are identifiers: nobody renames one.
    named = {name for name, key in keys.items() if set(key) & {"name", "label", "description"}}
    assert named == {"contact_event_summaries", "activity_log_event_types"}
