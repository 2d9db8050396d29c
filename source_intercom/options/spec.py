"""Options as Airbyte sees them: the keywords of an option, and the specification made from a model of options."""

from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_cdk.models import (
    AdvancedAuth,
    AuthFlowType,
    ConnectorSpecification,
    OAuthConfigSpecification,
    OauthConnectorInputSpecification,
)
from pydantic import BaseModel, JsonValue

from source_intercom.options.home import DOCUMENTATION


def form(accepts: str, *, secret: bool = False, **keywords: JsonValue) -> dict[str, JsonValue]:
    """JSON Schema keywords of an option, and ``accepts``, the words that an error sentence ends with."""
    extra: dict[str, JsonValue] = {"accepts": accepts, **keywords}
    if secret:
        extra["airbyte_secret"] = True
    return extra


def specification(options: type[BaseModel]) -> ConnectorSpecification:
    """The specification whose form asks for the options of a model."""
    return ConnectorSpecification(
        documentationUrl=DOCUMENTATION,
        connectionSpecification={
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Intercom",
            "type": "object",
            "required": [name for name, field in options.model_fields.items() if field.is_required()],
            "additionalProperties": True,
            "groups": [
                {"id": "account", "title": "Account"},
                {"id": "data", "title": "What to sync"},
                {"id": "advanced", "title": "Advanced"},
            ],
            "properties": dict(_properties(options)),
        },
        advanced_auth=_advanced_auth(),
    )


def _properties(options: type[BaseModel]) -> Iterable[tuple[str, dict[str, Any]]]:
    described = options.model_json_schema()
    for order, (name, schema) in enumerate(described["properties"].items()):
        yield name, {**_plain(schema, described.get("$defs", {})), "order": order}


def _plain(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A property as Airbyte's form and secret filter want it: no references, no anyOf, nothing nullable."""
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
        del schema["$ref"]
    for variant in schema.pop("anyOf", []):
        if variant.get("type") != "null":
            schema = {**variant, **schema}
    if schema.get("default", ...) in (None, [], {}) or schema.get("type") == "object":
        schema.pop("default", None)
    schema.pop("accepts", None)
    if isinstance(schema.get("items"), dict):
        schema["items"] = _plain(schema["items"], definitions)
    if "properties" in schema:
        schema["properties"] = {
            name: {**_plain(inner, definitions), "order": order}
            for order, (name, inner) in enumerate(schema["properties"].items())
        }
    return schema


def _advanced_auth() -> AdvancedAuth:
    """OAuth as the official connector declares it; Intercom's tokens do not expire, so nothing is refreshed."""
    return AdvancedAuth(
        auth_flow_type=AuthFlowType.oauth2_0,
        oauth_config_specification=OAuthConfigSpecification(
            oauth_connector_input_specification=OauthConnectorInputSpecification(
                consent_url=(
                    "https://app.intercom.com/a/oauth/connect?{{client_id_param}}&{{redirect_uri_param}}"
                    "&response_type=code&{{state_param}}"
                ),
                access_token_url="https://api.intercom.io/auth/eagle/token",
                access_token_headers={"Content-Type": "application/x-www-form-urlencoded"},
                access_token_params={
                    "code": "{{ auth_code_value }}",
                    "client_id": "{{ client_id_value }}",
                    "client_secret": "{{ client_secret_value }}",
                },
                extract_output=["access_token"],
            ),
            complete_oauth_output_specification={
                "type": "object",
                "properties": {"access_token": {"type": "string", "path_in_connector_config": ["access_token"]}},
            },
            complete_oauth_server_input_specification={
                "type": "object",
                "properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}},
            },
            complete_oauth_server_output_specification={
                "type": "object",
                "properties": {
                    "client_id": {"type": "string", "path_in_connector_config": ["client_id"]},
                    "client_secret": {"type": "string", "path_in_connector_config": ["client_secret"]},
                },
            },
        ),
    )
