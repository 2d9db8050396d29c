"""pyproject.toml tells the truth: what the connector imports is declared, with the oldest version that works."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Declared and never imported: the files of the time zones.
DATA = {"tzdata"}


def plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


DECLARED = {plain(re.split(r"[><=!~\[; ]", line)[0]): line for line in PROJECT["dependencies"]}


def imports(text: str) -> Iterator[str]:
    """Top modules that a file imports, without those that it can do without."""
    tree = ast.parse(text)
    optional = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.With) and "ImportError" in ast.unparse(block.items[0])
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if node in optional:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def third_parties() -> set[str]:
    modules = {
        module
        for path in sorted((ROOT / "source_intercom").rglob("*.py"))
        for module in imports(path.read_text(encoding="utf-8"))
    } - {"source_intercom", *sys.stdlib_module_names}
    owners = importlib.metadata.packages_distributions()
    return {plain(owner) for module in modules for owner in set(owners[module])}


def test_every_package_that_is_imported_is_declared_and_the_other_way_round() -> None:
    assert third_parties() == set(DECLARED) - DATA


def test_an_import_is_seen_wherever_it_stands() -> None:
    optional = "with suppress(ImportError):\n    import d"
    code = f"import a.x\nfrom b.x import y\ndef f():\n    import c\n{optional}\nfrom . import e"
    assert set(imports(code)) == {"a", "b", "c"}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_each_has_bounds_that_the_installed_version_keeps(name: str) -> None:
    found = re.fullmatch(r"[\w-]+>=([\d.]+)(?:,<(\d+))?", DECLARED[name])
    assert found is not None
    # Its numbers are years: there is no next one that could break.
    assert found[2] or name == "tzdata"
    have = numbers(importlib.metadata.version(name))
    assert numbers(found[1]) <= have
    assert not found[2] or have < numbers(found[2])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def test_the_lowest_versions_are_found() -> None:
    """The command of scripts/lowest that makes ``name==version`` of each lower bound."""
    script = (ROOT / "scripts/lowest").read_text(encoding="utf-8")
    (command,) = re.findall(r"^(sed .*pyproject\.toml)", script, re.MULTILINE)
    printed = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == [re.split(r",<", line.replace(">=", "=="))[0] for line in PROJECT["dependencies"]]
