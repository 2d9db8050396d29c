"""The docs: made anew they are the same, they leave nothing out, their links lead somewhere."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from source_intercom.api import permissions
from source_intercom.options.config import Config
from source_intercom.streams import CATALOGUE
from tools.docs import by_hand, generator, readings, reference

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDE = "docs/integrations/sources/intercom.md"
STREAMS = [stream().name for stream in CATALOGUE]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- What is made by scripts/docs --------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the generator writes to."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check"]) == 0, capsys.readouterr().err
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["README.md", GUIDE, "docs/streams.md"])
def test_what_is_stale_is_named_and_mended(checkout: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    stale = checkout / name
    fresh = stale.read_text(encoding="utf-8")
    stale.write_text(fresh.replace("`contact_merge_history`", "`contact_mergers`", 1), encoding="utf-8")
    assert generator.main(["--check", "--root", str(checkout)]) == 1
    assert capsys.readouterr().err == f"{name} is not up to date: run scripts/docs\n"
    assert generator.main(["--root", str(checkout)]) == 0
    assert stale.read_text(encoding="utf-8") == fresh


def test_a_reference_that_is_missing_is_made(checkout: Path) -> None:
    (checkout / "docs/streams.md").unlink()
    assert generator.main(["--check", "--root", str(checkout)]) == 1
    assert generator.main(["--root", str(checkout)]) == 0
    assert (checkout / "docs/streams.md").is_file()


def test_a_page_without_its_marks_is_an_error(checkout: Path) -> None:
    (checkout / "README.md").write_text("# Nothing\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"README\.md: no place for the table 'streams'"):
        generator.main(["--root", str(checkout)])


def test_a_stream_without_a_schema_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "SCHEMAS", tmp_path)
    with pytest.raises(
        SystemExit, match=r"^Stream contacts has no schema: write an entry .* scripts/schemas contacts$"
    ):
        generator.main(["--check"])


def test_a_family_without_a_heading_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(by_hand.FAMILIES, "help_center")
    with pytest.raises(SystemExit, match=r"has no heading for the streams of help_center\.py$"):
        generator.main(["--check"])


def test_what_is_written_by_hand_is_about_streams_that_exist() -> None:
    assert set(by_hand.CAVEATS) <= set(STREAMS)
    assert set(by_hand.READ_AS) <= set(STREAMS)
    assert {stream.__module__.rpartition(".")[2] for stream in CATALOGUE} <= set(by_hand.FAMILIES)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_is_in_the_reference(stream: str) -> None:
    sections = re.split(r"^### ", page("docs/streams.md"), flags=re.MULTILINE)[1:]
    (section,) = [text for text in sections if text.startswith(f"{stream}\n")]
    kind = next(kind for kind in CATALOGUE if kind().name == stream)
    row = section.split("\n\n")[1]
    assert row[0].isupper()
    assert row.endswith(".")
    for fact in (*kind.key, kind.permission, *kind.also_needs, *kind().get_json_schema()["properties"]):
        assert fact in section
    assert ("incremental" in section) == bool(kind.cursor_time)
    assert "- **Requests:** " in section


def test_streams_of_each_shape_are_told_by_it() -> None:
    short = {stream.name: readings.reading(stream).short for stream in reference.streams()}
    assert short["contacts"] == short["activity_logs"] == "filtered by Intercom"
    assert short["articles"] == "newest first"
    assert short["companies"] == short["segments"] == "read completely"
    assert short["tags"] == "full refresh"
    assert short["contact_tags"] == "inside `contacts`"
    assert short["team_admins"] == "inside `teams`"
    assert short["conversation_parts"] == "one request for each changed conversation"
    assert short["company_contacts"] == "one request for each company"
    assert short["company_segments"] == "inside `companies`"
    assert short["contact_segments"] == "one search for each segment"
    assert short["contact_events"] == "one request for each contact"
    assert short["newsfeed_items"] == "one request for each newsfeed"


# --- What is written by hand -------------------------------------------------------------------------


def options(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, schema in properties.items():
        if "properties" in schema:
            yield from options(schema["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name


OPTIONS = list(options(Config.spec().connectionSpecification["properties"]))


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_explained(option: str) -> None:
    rows = [line for line in page(GUIDE).splitlines() if line.startswith("| `")]
    assert any(f"`{option}`" in row.split("|")[1] for row in rows)


@pytest.mark.parametrize("option", sorted({option.partition(".")[0] for option in OPTIONS}))
def test_every_option_is_in_the_readme(option: str) -> None:
    rows = [line for line in page("README.md").splitlines() if line.startswith("| `")]
    assert any(f"`{option}`" in row.split("|")[1] for row in rows)


def test_no_option_is_explained_that_does_not_exist() -> None:
    for name in ("README.md", GUIDE):
        named = set(re.findall(r"`(filters\.[a-z_.]+)`", page(name)))
        known = {option.rpartition(".")[0] for option in OPTIONS} | set(OPTIONS)
        assert named <= known


@pytest.mark.parametrize("permission", sorted(text for name, text in vars(permissions).items() if name.isupper()))
def test_every_permission_is_listed(permission: str) -> None:
    assert f"| {permission} |" in page(GUIDE)


def test_the_page_has_the_headings_that_airbyte_expects_in_their_order() -> None:
    expected = [
        "# Intercom",
        "## Prerequisites",
        "## Setup guide",
        "## Set up Intercom",
        "### For Airbyte Cloud:",
        "### For Airbyte Open Source:",
        "## Set up the Intercom connector in Airbyte",
        "### For Airbyte Cloud:",
        "### For Airbyte Open Source:",
        "## Supported sync modes",
        "## Supported Streams",
        "## IP allow list",
        "### Performance considerations",
        "## Data type map",
        "## Limitations & Troubleshooting",
        "### Tutorials",
        "## Changelog",
    ]
    found = [line for line in page(GUIDE).splitlines() if line in expected]
    assert found == expected


def test_the_prerequisites_name_what_is_required() -> None:
    prerequisites = page(GUIDE).partition("## Prerequisites")[2].partition("\n## ")[0].lower()
    for option in Config.spec().connectionSpecification["required"]:
        assert option.replace("_", " ") in prerequisites


def test_the_changelog_has_this_version() -> None:
    version = yaml.safe_load(page("metadata.yaml"))["data"]["dockerImageTag"]
    assert f"\n| {version} |" in page(GUIDE).partition("## Changelog")[2]


@cache
def templates() -> list[str]:
    """Every text of the connector's code, with an ellipsis where a value is put in."""
    return list(_templates())


def _templates() -> Iterator[str]:
    for path in sorted((ROOT / "source_intercom").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                yield "".join(str(part) for part in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def messages() -> list[str]:
    table = page(GUIDE).partition("### Error and log messages")[2].partition("\n###")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_the_table_of_messages_is_read() -> None:
    assert len(messages()) > 20


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_explained_is_one_that_the_connector_says(message: str) -> None:
    pattern = re.compile(".*".join(re.escape(part) for part in message.split("…")), re.DOTALL)
    assert any(pattern.search(template) for template in templates())


def test_the_guide_tells_every_field_that_differs_from_the_official_connector() -> None:
    source = ast.parse(page("unit_tests/test_schemas.py"))
    (table,) = [
        node.value
        for node in source.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "INTENDED"
    ]
    assert isinstance(table, ast.Dict)
    rows = [line.split("|") for line in page("docs/migrating.md").splitlines() if line.startswith("| `")]
    for key in table.keys:
        assert key
        stream, field = ast.literal_eval(key)
        assert any(f"`{stream}`" in row[1] and f"`{field}`" in row[2] for row in rows), (stream, field)


# Said in figures of speech once, and understood by nobody at the first reading.
RETIRED = (
    "a figure saves the failing tries",
    "a sync ends at the moment it began",
    "in brackets have another permission as their own",
    "most days of",
    "nothing to be had",
    "sentences of check",
    "states never stand later",
    "the house",
    "the real one's teeth",
    "through the same queue as the records it covers",
    "those of nobody",
)


@pytest.mark.parametrize("path", [*PAGES, *(ROOT / "tools").rglob("*.py")], ids=lambda path: path.name)
def test_no_retired_phrase_returns(path: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8").lower().split())
    assert [phrase for phrase in RETIRED if phrase in text] == []


# --- Links -------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)"></a>', outside))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_headings_have_anchors_of_their_own(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = [heading for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE) if not heading.endswith(":")]
    assert len(anchors("\n".join(f"# {heading}" for heading in headings))) == len(headings)


@pytest.mark.parametrize("path", [*PAGES, *(ROOT / "tools").rglob("*.py")], ids=lambda path: path.name)
def test_no_machine_is_named(path: Path) -> None:
    assert not re.search(r"/(work|tmp|root|home)/", path.read_text(encoding="utf-8"))
