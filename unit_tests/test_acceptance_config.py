"""acceptance-test-config.yml and the files it names, judged by the CDK's own collector."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from airbyte_cdk.models import AirbyteStateMessageSerializer, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

ROOT = Path(__file__).parents[1]
SECTIONS = ["spec", "connection", "discovery", "basic_read", "full_refresh", "incremental"]

# Of the official connector: a connection that moves over must find every one, keyed as the design says.
FOUNDATION: dict[str, tuple[list[str], str | None]] = {
    "contacts": (["id"], "updated_at"),
    "companies": (["id"], "updated_at"),
    "conversations": (["id"], "updated_at"),
    "conversation_parts": (["id"], "updated_at"),
    "admins": (["id"], None),
    "tags": (["id"], None),
    "teams": (["id"], None),
    "segments": (["id"], "updated_at"),
    "activity_logs": (["id"], "created_at"),
    "tickets": (["id"], "updated_at"),
    "contact_attributes": (["full_name"], None),
    "company_attributes": (["full_name"], None),
    "company_segments": (["company_id", "id"], "updated_at"),
}


class Suite(SourceTestSuiteBase):
    """Collects the scenarios as a standard test run does, without running any."""

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return ROOT


def load(path: str | Path) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


@pytest.fixture(scope="module")
def config() -> Any:
    return load("acceptance-test-config.yml")


@pytest.fixture(scope="module")
def scenarios() -> dict[str, ConnectorTestScenario]:
    return {scenario.id: scenario for scenario in Suite.get_scenarios()}


def test_every_section_is_there_at_high_strictness(config: Any) -> None:
    assert config["test_strictness_level"] == "high"
    assert list(config["acceptance_tests"]) == SECTIONS
    assert all(config["acceptance_tests"][section]["tests"] for section in SECTIONS)


def test_the_cdk_collects_a_good_and_a_bad_config(scenarios: dict[str, ConnectorTestScenario]) -> None:
    assert set(scenarios) == {"sandbox_config", "invalid_config"}
    good, bad = scenarios["sandbox_config"], scenarios["invalid_config"]
    assert good.commands == {"spec", "check", "discover", "read"}
    assert good.status == "succeed"
    assert bad.commands == {"check"}
    assert bad.status == "failed"


def test_no_stream_and_no_schema_is_let_off(scenarios: dict[str, ConnectorTestScenario]) -> None:
    good = scenarios["sandbox_config"]
    # It has a row only when a full comparison ends, days after a first sync.
    assert [stream.name for stream in good.empty_streams or ()] == ["reconciliations"]
    assert good.validate_schema
    # None means every stream that `discover` reports.
    assert good.configured_catalog_path is None


def test_needs_no_secret(scenarios: dict[str, ConnectorTestScenario]) -> None:
    assert not any(scenario.requires_creds for scenario in scenarios.values())


def test_every_file_it_names_exists(config: Any) -> None:
    def paths(value: Any) -> list[str]:
        if isinstance(value, list):
            return [path for item in value for path in paths(item)]
        if isinstance(value, dict):
            own = [item for key, item in value.items() if key.endswith("_path")]
            return own + [path for item in value.values() for path in paths(item)]
        return []

    named = paths(config)
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_two_configs_differ_in_the_token_alone() -> None:
    good = load("integration_tests/sandbox_config.json")
    bad = load("integration_tests/invalid_config.json")
    assert good["access_token"] != bad["access_token"]
    assert {**good, "access_token": None} == {**bad, "access_token": None}


def test_the_catalog_is_the_foundation() -> None:
    catalog = ConfiguredAirbyteCatalogSerializer.load(load("integration_tests/configured_catalog.json"))
    found: dict[str, tuple[list[str], str | None]] = {}
    for configured in catalog.streams:
        cursor = configured.cursor_field
        keys = [part for path in configured.primary_key or [] for part in path]
        found[configured.stream.name] = (keys, cursor[0] if cursor else None)
        assert configured.sync_mode.value == ("incremental" if cursor else "full_refresh")
        assert configured.sync_mode in configured.stream.supported_sync_modes
        assert configured.stream.source_defined_primary_key == configured.primary_key
    assert found == FOUNDATION


def test_the_abnormal_state_is_in_the_future_of_every_incremental_stream() -> None:
    horizon = datetime(2099, 1, 1, tzinfo=timezone.utc).timestamp()
    states: dict[str, dict[str, Any]] = {}
    for raw in json.loads((ROOT / "integration_tests/abnormal_state.json").read_text()):
        message = AirbyteStateMessageSerializer.load(raw)
        assert message.stream is not None
        state = message.stream.stream_state
        assert state is not None
        states[message.stream.stream_descriptor.name] = vars(state)
    cursors = {name: cursor for name, (_, cursor) in FOUNDATION.items() if cursor}
    assert {name: list(state) for name, state in states.items()} == {name: [cursor] for name, cursor in cursors.items()}
    assert all(value > horizon for state in states.values() for value in state.values())
