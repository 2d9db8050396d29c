"""Configs of Airbyte's own Intercom connector, and what the guide for its users says of the difference.

The bounds and examples are those of its form, in the manifest of release 0.13 (April 2026) and the spec of 0.8.3.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from config_samples import OFFICIAL, TOKEN
from jsonschema import Draft7Validator

from source_intercom.options.config import Config

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")

# Option -> least, most (None: no bound), and the values that its form shows as examples or as the default.
BOUNDS: dict[str, tuple[int, int | None, list[int]]] = {
    "activity_logs_time_step": (1, 91, [30, 10, 5]),
    "api_rate_limit": (100, None, [9500, 142_500]),
    "lookback_window": (0, None, [0, 60, 3650, 3651]),
    "num_workers": (1, 40, [10, 20]),
}
# Its field inside another -> where this connector has it.
MOVED = {
    ("tickets", "ticket_state_internal_label"): "ticket_state.internal_label",
    ("tickets", "ticket_state_external_label"): "ticket_state.external_label",
    ("conversations", "conversation_rating.customer"): "conversation_rating.contact",
}


@pytest.mark.parametrize("option", BOUNDS)
def test_what_its_form_accepts_is_accepted(option: str) -> None:
    least, most, examples = BOUNDS[option]
    schema = Config.spec().connectionSpecification["properties"][option]
    for value in (least, most or 10**9, *examples):
        Draft7Validator(schema).validate(value)
        assert getattr(Config.load({**OFFICIAL, option: value}), option) == value


def test_its_default_of_few_workers_is_noticed() -> None:
    advice = Config.load(OFFICIAL).advice
    assert advice is not None
    assert "'num_workers' is 10" in advice
    assert "Remove the option, or set it to 50" in advice
    assert Config.model_fields["num_workers"].default == 50


@pytest.mark.parametrize("options", [{}, {"num_workers": 9}, {"num_workers": 50}])
def test_a_number_that_somebody_chose_needs_no_advice(options: dict[str, int]) -> None:
    assert Config.load({"access_token": TOKEN, **options}).advice is None


def test_the_guide_tells_of_the_defaults_that_its_form_has_saved() -> None:
    section = GUIDE.partition("### Options")[2].partition("\n### ")[0]
    for option in ("num_workers", "api_rate_limit", "activity_logs_time_step"):
        assert f"`{option}`" in section


def fields(schema: dict[str, Any], place: str) -> Any:
    """What a schema declares at a place such as ``a.b[].c``; None where there is nothing."""
    node: Any = schema
    for step in place.split("."):
        node = (node or {}).get("properties", {}).get(step.removesuffix("[]"))
        if step.endswith("[]"):
            node = (node or {}).get("items")
    return node


def schema_of(stream: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((ROOT / f"source_intercom/schemas/{stream}.json").read_text(encoding="utf-8"))
    return schema


def row(stream: str, field: str) -> str:
    (found,) = [line for line in GUIDE.splitlines() if line.startswith(f"| `{stream}` |") and f"`{field}`" in line]
    return found


@pytest.mark.parametrize(("stream", "field"), MOVED)
def test_the_guide_tells_where_a_field_has_gone(stream: str, field: str) -> None:
    assert fields(schema_of(stream), field) is None
    assert fields(schema_of(stream), MOVED[stream, field]) is not None
    assert f"`{MOVED[stream, field]}`" in row(stream, field)


def test_the_guide_tells_of_the_ids_of_company_tags() -> None:
    """Any of three types there, one here."""
    assert fields(schema_of("companies"), "tags.tags[].id")["type"] == ["null", "string"]
    assert re.search(r"\| string \|", row("companies", "tags.tags[].id"))
