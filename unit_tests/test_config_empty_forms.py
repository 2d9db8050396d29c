"""Config: what a form that people leave empty, or clients that fill it in themselves, write into it."""

from __future__ import annotations

from typing import Any

import pytest
from config_samples import TOKEN

from source_intercom.options.config import Config


def untouched(schema: Any) -> Any:
    """What airbyte-serverless writes of a form that nobody has filled in."""
    if schema.get("type") == "object":
        return {name: untouched(field) for name, field in schema["properties"].items()}
    if schema.get("items", {}).get("type") == "object":
        return [untouched(schema["items"])]
    return schema.get("default")


def test_a_form_that_nobody_has_filled_in_means_the_defaults() -> None:
    options = {**untouched(Config.spec().connectionSpecification), "access_token": TOKEN}
    assert {"filters", "reports"} <= options.keys()
    assert Config.load(options) == Config.load({"access_token": TOKEN})


@pytest.mark.parametrize(
    ("reports", "datasets"),
    [
        ([{"dataset": None, "attributes": None}], []),
        ([{"dataset": "call", "attributes": None}, {"dataset": ""}], ["call"]),
    ],
)
def test_what_a_form_leaves_empty_in_a_list_is_not_given(reports: Any, datasets: list[str]) -> None:
    loaded = Config.load({"access_token": TOKEN, "reports": reports})
    assert [(report.dataset, report.attributes) for report in loaded.reports] == [(name, []) for name in datasets]
