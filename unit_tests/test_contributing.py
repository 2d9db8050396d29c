"""CONTRIBUTING.md and the maps of the repository: what they show is there, and their example works."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from import_cycles import circles, graph_of
from schema_rules import lint, load

from sandbox import truths
from sandbox.settings import Settings
from sandbox.workspace import Workspace
from source_intercom.streams import help_center
from tools.docs import by_hand
from tools.schemas.generator import main

ROOT = Path(__file__).resolve().parents[1]
MAPS = ("README.md", "CONTRIBUTING.md")


def folders() -> set[str]:
    """Folders that git tracks files in: those at the top, and the packages of the connector."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [Path(name).parts[:-1] for name in listed.split("\0") if name and (ROOT / name).exists()]
    top = {f"{parts[0]}/" for parts in names if parts}
    return top | {f"source_intercom/{parts[1]}/" for parts in names if parts[0:1] == ("source_intercom",) and parts[1:]}


def drawn(page: str) -> set[str]:
    """Folders of the map on a page: a line for each, those of the connector indented."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (drawing,) = re.findall(r"^```\n(source_intercom/.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^(  )?([\w.]+/) {2,}\S", drawing, re.MULTILINE)
    assert len(lines) == len(drawing.splitlines()), "a line for each folder"
    return {f"source_intercom/{name}" if inner else name for inner, name in lines}


@pytest.mark.parametrize("page", MAPS)
def test_the_map_shows_every_folder_and_no_other(page: str) -> None:
    assert drawn(page) == folders()


@pytest.mark.parametrize("page", MAPS)
def test_files_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:docs|sandbox|scripts|source_intercom|tools|unit_tests)/[\w/.]+)`", text)
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [name for name in re.findall(r"\bscripts/(\w+)", text) if not (ROOT / "scripts" / name).exists()] == []


def test_every_script_is_named() -> None:
    """In README.md's map, as are the packages of tools/."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^scripts/ +the commands: (.+)$", text, re.MULTILINE)
    listed = subprocess.run(["git", "ls-files", "-z", "scripts"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {Path(name).name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}
    assert set(line.split(", ")) == {name for name in names if "." not in name}


def test_no_file_is_longer_than_promised() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (most,) = re.findall(r"No file has more than (\d+) lines", text)
    listed = subprocess.run(["git", "ls-files", "-z", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: count for name, count in lines.items() if count > int(most)} == {}


def test_imports_go_one_way() -> None:
    """As CONTRIBUTING.md draws them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("A package imports only")]
    steps = [re.findall(r"`(\w+)`", step) for step in line.split("→")[1:]]
    assert steps[-1] == ["options"]
    may = {
        room: {room, *(one for step in steps[at + 1 :] for one in step)}
        for at, step in enumerate(steps)
        for room in step
    }
    wrong = []
    for path in sorted((ROOT / "source_intercom").rglob("*.py")):
        room = path.relative_to(ROOT / "source_intercom").parts[0]
        if room in may:
            imported = re.findall(r"^\s*from source_intercom\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
            wrong += [f"{room}/{path.name} imports {one}" for one in imported if one not in may[room]]
    assert wrong == []


def test_no_module_leads_back_to_itself() -> None:
    for package in ("source_intercom", "tools"):
        assert circles(graph_of(ROOT / package)) == []


def test_each_module_has_a_name_of_its_own() -> None:
    """Singular and plural are one name to whoever looks for a file."""
    paths = [path for path in (ROOT / "source_intercom").rglob("*.py") if path.stem != "__init__"]
    names = Counter(path.stem.removesuffix("s") for path in paths)
    assert {name: number for name, number in names.items() if number > 1} == {}


# --- The worked example -----------------------------------------------------------------------------


def block(language: str, beginning: str) -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (chosen,) = [one for one in found if one.lstrip().startswith(beginning)]
    return textwrap.dedent(chosen)


@pytest.fixture(scope="module")
def example() -> Any:
    """The stream of the example, as if it stood in its module."""
    # With nothing but what the module has and what the example adds to it.
    scope = {**vars(help_center)}
    exec(block("python", "from source_intercom"), scope)
    return scope["ArticleTags"]


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What scripts/schemas makes of the overlay entry of the example, without Intercom's description."""
    folder = tmp_path_factory.mktemp("example")
    common = yaml.safe_load((ROOT / "tools/schemas/overlay/common.yaml").read_text(encoding="utf-8"))
    overlay = {**common, "components": {}, "streams": yaml.safe_load(block("yaml", "article_tags"))}
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    assert main(["--overlay", str(folder / "overlay.yaml"), "--output", str(folder), "article_tags"]) == 0
    schema = load(folder / "article_tags.json")
    assert list(lint(schema)) == []
    return dict(schema["properties"])


def test_the_example_is_a_stream_with_a_heading_and_a_schema(example: Any, fields: dict[str, Any]) -> None:
    assert example().name == "article_tags"
    assert help_center.__name__.rpartition(".")[2] in by_hand.FAMILIES
    assert example.permission == help_center.Articles.permission
    assert {*example.key, example.cursor_time, example.parent_time, example.parent_key} <= set(fields)


def test_the_sandbox_has_data_for_the_example(fields: dict[str, Any]) -> None:
    line = block("python", '"article_tags"')
    made = eval(f"{{{line}}}", vars(truths))
    rows = list(made["article_tags"](Workspace(Settings())))
    assert rows
    assert {key for row in rows for key in row["record"]} <= set(fields)
