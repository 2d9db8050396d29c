"""metadata.yaml: valid for Airbyte, and in agreement with the files that say the same thing."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
OFFICIAL_DEFINITION_ID = UUID("d8313939-3782-41b0-be29-b3ca20d8dd3a")


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load((ROOT / "metadata.yaml").read_text())


@pytest.fixture(scope="module")
def data(document: Any) -> Any:
    return document["data"]


@pytest.fixture(scope="module")
def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    # Found without importing it: the package's own modules load a model for each connector.
    package = importlib.util.find_spec("airbyte_connector_models")
    if package is None or package.origin is None:
        pytest.skip("airbyte-connector-models, which ships the schema of metadata.yaml, stops at Python 3.12")
    path = Path(package.origin).parent / "metadata/v0/ConnectorMetadataDefinitionV0.json"
    schema = without_ids(json.loads(path.read_text()))
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())


def without_ids(schema: Any) -> Any:
    """The schema is bundled from many files: its references count from the root, and the ids that the
    parts have kept would make them count from the part."""
    if isinstance(schema, dict):
        return {key: without_ids(value) for key, value in schema.items() if key != "$id"}
    return [without_ids(item) for item in schema] if isinstance(schema, list) else schema


def faults(validator: jsonschema.Draft7Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_is_valid_for_airbyte(validator: jsonschema.Draft7Validator, document: Any) -> None:
    assert faults(validator, document) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"maxSecondsBetweenMesages": 1800},
        {"definitionId": "intercom"},
        {"resourceRequirements": {"jobSpecific": [{"jobType": "sink"}]}},
    ],
)
def test_a_fault_would_be_noticed(validator: jsonschema.Draft7Validator, document: Any, fault: dict[str, Any]) -> None:
    assert faults(validator, {**document, "data": {**document["data"], **fault}}) != []


def test_agrees_with_pyproject(data: Any, project: Any) -> None:
    assert data["dockerImageTag"] == project["tool"]["poetry"]["version"]
    assert data["license"] == project["project"]["license"] == project["tool"]["poetry"]["license"]
    assert data["remoteRegistries"]["pypi"] == {"enabled": True, "packageName": project["project"]["name"]}
    assert project["project"]["requires-python"] == project["tool"]["poetry"]["dependencies"]["python"]


def test_names_are_our_own(data: Any) -> None:
    """On PyPI, source-intercom is a stranger's package. Tools that read "name:tag" as a file want a slash."""
    assert data["remoteRegistries"]["pypi"]["packageName"] not in {"source-intercom", "airbyte-source-intercom"}
    registry, *_, last = data["dockerRepository"].split("/")
    assert "." in registry
    assert last == data["githubIssueLabel"] == "source-intercom"


def test_version_is_semantic(data: Any) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-rc\.\d+)?", data["dockerImageTag"])


def test_base_image_is_pinned_and_the_dockerfiles_default(data: Any) -> None:
    base = data["connectorBuildOptions"]["baseImage"]
    assert re.fullmatch(r"docker\.io/airbyte/python-connector-base:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", base)
    defaults = re.findall(r"^ARG BASE_IMAGE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert defaults == [base]


def test_dockerfile_takes_no_other_image() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases == ["${BASE_IMAGE}"] * 2


def test_identifies_itself_and_not_airbytes_connector(data: Any) -> None:
    assert UUID(data["definitionId"]) != OFFICIAL_DEFINITION_ID


@pytest.mark.complaint(54)
def test_allows_the_three_regions_and_nothing_else(data: Any) -> None:
    assert data["allowedHosts"]["hosts"] == ["api.intercom.io", "api.eu.intercom.io", "api.au.intercom.io"]


def test_tags_name_language_and_cdk(data: Any) -> None:
    assert {"language:python", "cdk:python"} <= set(data["tags"])
    assert all(re.fullmatch(r"[^:\s]+:[^:\s]+", tag) for tag in data["tags"])


@pytest.mark.complaint(5)
def test_a_hanging_sync_is_noticed_within_the_hour(data: Any) -> None:
    assert 60 < data["maxSecondsBetweenMessages"] < 3600


def test_suggested_streams_exist(data: Any) -> None:
    catalog = json.loads((ROOT / "integration_tests/configured_catalog.json").read_text())
    known = {configured["stream"]["name"] for configured in catalog["streams"]}
    assert set(data["suggestedStreams"]["streams"]) <= known


def test_suites_that_exist_here_are_declared(data: Any) -> None:
    suites = {option["suite"] for option in data["connectorTestSuitesOptions"]}
    assert suites == {"unitTests", "integrationTests", "acceptanceTests"}


def test_icon_is_a_square_drawing(data: Any) -> None:
    icon = ElementTree.parse(ROOT / data["icon"]).getroot()
    assert icon.tag == "{http://www.w3.org/2000/svg}svg"
    x, y, width, height = icon.attrib["viewBox"].split()
    assert (x, y) == ("0", "0")
    assert width == height
