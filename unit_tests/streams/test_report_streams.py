"""The streams that the option ``reports`` makes: names, keys, schemas, and what of them needs no network."""

from __future__ import annotations

import pytest
from airbyte_cdk.models import SyncMode

from source_intercom.options.config import ConfigError
from source_intercom.options.report_options import ReportOptions
from source_intercom.source import SourceIntercom
from source_intercom.streams import CATALOGUE
from source_intercom.streams.reports import IDS, report_streams

CONFIG = {"access_token": "secret-token", "reports": [{"dataset": "call_team_stats"}, {"dataset": "brand_new"}]}


def test_are_called_by_their_datasets() -> None:
    names = [stream.name for stream in SourceIntercom().known_streams(CONFIG)]
    assert names[len(CATALOGUE) :] == ["report_call_team_stats", "report_brand_new"]
    assert [stream.name for stream in SourceIntercom().known_streams({})] == names[: len(CATALOGUE)]
    assert [kind.__name__ for kind in report_streams([ReportOptions(dataset="call_team_stats")])] == [
        "ReportCallTeamStats"
    ]


def test_a_config_with_a_faulty_report_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'reports\.dataset'"):
        SourceIntercom().streams({**CONFIG, "reports": [{"dataset": "Brand new"}]})


@pytest.mark.parametrize("dataset", [*IDS, "brand_new"])
def test_the_key_is_in_the_schema_and_so_is_the_cursor(dataset: str) -> None:
    (kind,) = report_streams([ReportOptions(dataset=dataset)])
    described = kind().as_airbyte_stream()
    properties = described.json_schema["properties"]
    assert described.source_defined_primary_key == [[name] for name in kind.key]
    assert kind.key[-1] == "row_number"
    assert {*kind.key, "occurred_at"} <= set(properties)
    assert described.default_cursor_field == ["occurred_at"]
    assert described.supported_sync_modes == [SyncMode.full_refresh, SyncMode.incremental]
    assert properties["row_number"]["type"] == ["integer", "null"]
    assert all(schema["type"] == ["string", "null"] for name, schema in properties.items() if name != "row_number")


def test_what_is_known_of_a_dataset_has_its_key_and_its_time() -> None:
    for dataset in ("conversation", "consolidated_conversation_part"):
        (kind,) = report_streams([ReportOptions(dataset=dataset)])
        assert kind.known.called(kind.known.time)
        assert all(kind.known.called(name) for name in kind.ids)


def test_other_attributes_are_another_filter() -> None:
    plain, chosen = (ReportOptions(dataset="call", attributes=names) for names in ([], ["call_state"]))
    first, second = (kind() for kind in report_streams([plain, chosen]))
    assert (first.filters, second.filters) == (None, chosen)


def test_each_dataset_is_probed_alone() -> None:
    endpoints = {kind.endpoint for kind in report_streams([ReportOptions(dataset=name) for name in ("a", "b")])}
    assert len(endpoints) == 2
