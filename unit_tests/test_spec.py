"""The spec: a form that can be filled, and the same verdict on every config as the connector's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from airbyte_cdk.models import ConnectorSpecificationSerializer
from config_samples import OFFICIAL, SECRETS, TOKEN
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_intercom.options.config import Config, ConfigError


@pytest.fixture(name="schema", scope="module")
def schema_fixture() -> dict[str, Any]:
    return dict(Config.spec().connectionSpecification)


@pytest.fixture(name="properties", scope="module")
def properties_fixture(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(schema["properties"])


def keywords(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            yield from keywords(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def test_the_spec_is_draft_07_and_serialises(schema: dict[str, Any]) -> None:
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["type"] == "object"

    spec = Config.spec()
    sent = json.loads(json.dumps(ConnectorSpecificationSerializer.dump(spec)))
    assert sent["connectionSpecification"] == schema
    assert urlsplit(sent["documentationUrl"]).scheme == "https"


def test_the_spec_has_every_option_and_asks_for_the_token_only(
    schema: dict[str, Any], properties: dict[str, dict[str, Any]]
) -> None:
    assert set(properties) == set(Config.model_fields)
    assert set(OFFICIAL) - {"credentials", "__injected_declarative_manifest"} <= set(properties)
    assert schema["required"] == ["access_token"]
    assert schema["additionalProperties"] is True


def test_every_option_has_a_title_a_description_and_its_place(properties: dict[str, dict[str, Any]]) -> None:
    assert properties["access_token"]["order"] == 0
    seen = list(groups(properties))
    assert len(seen) >= 5
    for group in seen:
        assert sorted(option["order"] for option in group.values()) == list(range(len(group)))
        assert len({option["title"] for option in group.values()}) == len(group)
        for name, option in group.items():
            assert option["title"].strip(), name
            assert option["description"].strip().endswith("."), name
            assert isinstance(option["type"], str), name


def groups(properties: dict[str, dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    """The options, and those of each group among them."""
    yield properties
    for option in properties.values():
        if "properties" in option:
            yield from groups(option["properties"])


def test_the_spec_uses_only_what_the_form_understands(schema: dict[str, Any]) -> None:
    strange = {"anyOf", "oneOf", "allOf", "$ref", "$defs", "definitions", "const", "accepts"}
    assert not strange & set(keywords(schema))


def test_the_form_can_name_every_region(properties: dict[str, dict[str, Any]]) -> None:
    """The values are codes; a person looks for a name."""
    region = properties["region"]
    assert dict(zip(region["enum"], region["enumNames"], strict=True)) == {
        "us": "United States",
        "eu": "Europe",
        "au": "Australia",
    }
    for code, name in zip(region["enum"], region["enumNames"], strict=True):
        assert f"{name} ({code})" in region["description"]


def test_the_form_leads_to_the_page_of_the_token(properties: dict[str, dict[str, Any]]) -> None:
    assert '<a href="https://app.intercom.com/a/apps/_/developer-hub"' in properties["access_token"]["description"]


# Plain English: what analysts could not read at once in former versions of the form.
UNCLEAR = re.compile(
    r"most days of|those of nobody|by id\b|: all\.|None: both|goes with|costs|under way|struggles", re.I
)


def test_the_form_speaks_plain_english(schema: dict[str, Any]) -> None:
    assert UNCLEAR.findall(json.dumps(schema)) == []


def test_secrets_are_marked_and_nothing_else_is(properties: dict[str, dict[str, Any]]) -> None:
    assert {name for name, option in properties.items() if option.get("airbyte_secret")} == set(SECRETS)


def test_defaults_and_examples_are_valid(properties: dict[str, dict[str, Any]]) -> None:
    given_ones = 0
    for name, option in properties.items():
        for value in [*option.get("examples", []), *([option["default"]] if "default" in option else [])]:
            given_ones += 1
            Draft7Validator(option).validate(value)
            Config.load({"access_token": TOKEN, name: value})
    assert given_ones >= 10


def test_defaults_of_the_spec_are_those_of_the_model(properties: dict[str, dict[str, Any]]) -> None:
    config = Config.load({"access_token": TOKEN}).model_dump()
    for name, option in properties.items():
        if "default" in option:
            assert config[name] == option["default"], name
        elif name != "access_token":
            assert not list(values_in(config[name])) or option["type"] == "object", name


def values_in(value: Any) -> Iterator[Any]:
    """What is set in a value that may be a group of options."""
    for inner in value.values() if isinstance(value, dict) else [value]:
        if isinstance(inner, dict):
            yield from values_in(inner)
        elif inner not in (None, []):
            yield inner


@settings(deadline=None)
@given(st.from_regex(Config.spec().connectionSpecification["properties"]["start_date"]["pattern"], fullmatch=True))
@example("2024-01-31")
@example("2024-01-31T00:00:00.1234567Z")
def test_what_the_pattern_lets_through_is_refused_for_its_date_alone(text: str) -> None:
    """The form checks the shape, the connector the calendar: nobody is told that a good shape is bad."""
    month, day = int(text[5:7]), int(text[8:10])
    try:
        Config.load({"access_token": TOKEN, "start_date": text})
    except ConfigError as error:
        assert "is not a date" in str(error.message) or "is in the future" in str(error.message)
    else:
        assert 1 <= month <= 12
        assert 1 <= day <= 31


@pytest.mark.complaint(55)
@settings(deadline=None)
@given(
    st.dates(datetime(1970, 1, 2).date(), datetime(2025, 1, 1).date()),
    st.sampled_from(["", "T09:08:07Z", "T09:08:07.6-03:30"]),
)
def test_the_pattern_accepts_what_the_connector_accepts(day: Any, rest: str) -> None:
    pattern = Config.spec().connectionSpecification["properties"]["start_date"]["pattern"]
    text = f"{day.isoformat()}{rest}"

    assert Config.load({"access_token": TOKEN, "start_date": text}).start > 0
    assert re.search(pattern, text)


# What a form, Terraform or a person could put into a field. Left out: empty ones, which mean "not given" here, and
# what only a calendar knows.
ANYTHING: tuple[Any, ...] = (
    *(True, False, -1, 0, 1, 5, 6, 7, 30, 91, 92, 100, 101, 3650, 3651, 100_000, 100_001, 1.5),
    *("7", "us", "EU", "eu", "today", "x", "2024-01-31", "2024-1-31", "2024-01-31T00:00:00Z", "2024-01-31T00:00Z"),
    *("2024-01-31T00:00:00.25+05:30", "2024-01-31t00:00:00z", "2024-01-31T00:00:00", " 2024-01-31"),
    *("updated_at", "created_at", "all", "admins", "open"),
    *([], [1], ["us"], ["open", "closed"], ["user"], ["tags", "notes"], ["everything"], "tags"),
    *({}, {"us": 1}, {"conversations": {}}, {"conversations": {"states": ["open"]}}, {"contacts": {"roles": "user"}}),
    *({"notes": {"ids": ["1"]}}, {"notes": {"ids": [1]}}, {"notes": []}, {"events": {"contact_roles": ["admin"]}}),
    *({"companies": {}}, {"contacts": {"email": ["jo@example.com"]}}, {"conversations": {"assignee": "nobody"}}),
)


@pytest.mark.parametrize("option", [*Config.model_fields, "unknown"])
def test_the_spec_and_the_connector_agree_on_each_option(option: str, schema: dict[str, Any]) -> None:
    verdicts = set()
    for value in ANYTHING:
        options = {"access_token": TOKEN, option: value}
        try:
            Config.load(options)
            loads = True
        except ConfigError:
            loads = False
        verdicts.add(loads)
        assert Draft7Validator(schema).is_valid(options) == loads, value
    assert verdicts == ({True} if option == "unknown" else {True, False})


@pytest.mark.parametrize("options", [OFFICIAL, {"access_token": TOKEN}, {}, {**OFFICIAL, "num_workers": 0}])
def test_the_spec_and_the_connector_agree_on_whole_configs(options: dict[str, Any], schema: dict[str, Any]) -> None:
    if Draft7Validator(schema).is_valid(options):
        Config.load(options)
    else:
        with pytest.raises(ConfigError):
            Config.load(options)


@pytest.mark.parametrize(
    "option",
    [
        name
        for name, option in Config.spec().connectionSpecification["properties"].items()
        if option["type"] == "integer"
    ],
)
def test_a_whole_number_may_be_written_with_a_point(option: str, properties: dict[str, dict[str, Any]]) -> None:
    """JSON has one kind of number: tools that rewrite configs turn 10 into 10.0, and the spec accepts both."""
    assert Draft7Validator(properties[option]).is_valid(10.0)

    assert getattr(Config.load({"access_token": TOKEN, option: 10.0}), option) == 10


# --- OAuth ------------------------------------------------------------------------------------------


def test_oauth_is_declared_as_airbyte_wants_it(properties: dict[str, dict[str, Any]]) -> None:
    auth = ConnectorSpecificationSerializer.dump(Config.spec())["advanced_auth"]
    oauth = auth["oauth_config_specification"]
    how = oauth["oauth_connector_input_specification"]

    assert auth["auth_flow_type"] == "oauth2.0"
    assert not auth.get("predicate_key")
    assert urlsplit(how["consent_url"]).hostname == "app.intercom.com"
    for parameter in ("client_id_param", "redirect_uri_param", "state_param"):
        assert f"{{{{{parameter}}}}}" in how["consent_url"]
    assert "response_type=code" in how["consent_url"]
    assert urlsplit(how["access_token_url"]).scheme == "https"
    assert urlsplit(how["access_token_url"]).hostname == "api.intercom.io"
    assert set(how["access_token_params"]) == {"code", "client_id", "client_secret"}
    assert how["extract_output"] == ["access_token"]
    written = {
        **oauth["complete_oauth_output_specification"]["properties"],
        **oauth["complete_oauth_server_output_specification"]["properties"],
    }
    assert {name: target["path_in_connector_config"] for name, target in written.items()} == {
        name: [name] for name in SECRETS
    }
    assert set(written) <= set(properties)
    assert set(oauth["complete_oauth_server_input_specification"]["properties"]) == {"client_id", "client_secret"}
