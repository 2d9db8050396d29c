"""The connector's home: every address of it, wherever it stands, is that of one module."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from source_intercom.api.errors import Asked, Failure, RequestRefused, strange
from source_intercom.options.config import Config
from source_intercom.options.home import DOCUMENTATION, HOME, ISSUES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
OTHERS = (
    "https://github.com/intercom/",
    "https://github.com/airbytehq/",
    "https://github.com/MeltanoLabs/",
    "https://github.com/unytics/",
)


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in {".lock", ".svg", ".json", ".txt"}]


def test_every_address_of_a_repository_is_ours_or_named_here() -> None:
    strangers = {
        (str(path.relative_to(ROOT)), address)
        for path in files()
        for address in re.findall(r"https://github\.com/[\w.-]+/[\w.-]*", path.read_text(encoding="utf-8"))
        if not f"{address}/".startswith((f"{HOME}/", *OTHERS)) and path != Path(__file__)
    }
    assert strangers == set()


def test_the_form_and_the_metadata_lead_to_our_own_page() -> None:
    data = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    assert data["documentationUrl"] == Config.spec().documentationUrl == DOCUMENTATION
    assert file_of(DOCUMENTATION).is_file()


def file_of(address: str) -> Path:
    start = f"{HOME}/blob/main/"
    assert address.startswith(start)
    return ROOT / address.removeprefix(start)


def test_the_package_tells_where_it_is_at_home() -> None:
    urls: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert (urls.pop("Homepage"), urls.pop("Issues"), urls.pop("Documentation")) == (HOME, ISSUES, DOCUMENTATION)
    assert all(file_of(address).is_file() for address in urls.values())


def test_the_image_tells_whose_it_is() -> None:
    data = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"ARG CONNECTOR_NAME={data['dockerRepository']}\n" in dockerfile
    assert f'org.opencontainers.image.source="{HOME}"' in dockerfile


@pytest.mark.parametrize("error", [strange("x"), RequestRefused.told(Failure(400), Asked("GET /x"))])
def test_what_only_we_can_mend_is_reported_there(error: RequestRefused) -> None:
    assert str(error.message).endswith(f"Please report this at {ISSUES}.")


def test_nobody_is_sent_to_maintainers_without_an_address() -> None:
    vague = re.compile(r"report (it|this) to (the|its) maintainers", re.IGNORECASE)
    lost = [str(path) for path in files() if path != Path(__file__) and vague.search(path.read_text(encoding="utf-8"))]
    assert lost == []


@pytest.mark.parametrize("name", ["SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml", "CONTRIBUTING.md"])
def test_pages_for_contributors_name_it(name: str) -> None:
    assert HOME in (ROOT / name).read_text(encoding="utf-8")
