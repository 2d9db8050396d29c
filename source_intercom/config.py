"""The connector's options: one pydantic model, from which the spec is generated.

The keys and meanings of Airbyte's official Intercom connector are kept, so that its configs work unchanged.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

from airbyte_cdk.models import (
    AdvancedAuth,
    AuthFlowType,
    ConnectorSpecification,
    FailureType,
    OAuthConfigSpecification,
    OauthConnectorInputSpecification,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

DOCUMENTATION_URL = "https://docs.airbyte.com/integrations/sources/intercom"

Region: TypeAlias = Literal["us", "eu", "au"]

# A whole date, or a date-time whose seconds may carry a fraction: people type both (peers #55).
_START_DATE = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)


class ConfigError(AirbyteTracedException):
    """The config cannot be used as it is; the message is one sentence for the person who wrote it."""

    def __init__(self, message: str) -> None:
        super().__init__(internal_message=message, message=message, failure_type=FailureType.config_error)


def _form(accepts: str, *, secret: bool = False, **keywords: str) -> dict[str, JsonValue]:
    """JSON Schema keywords of an option, and ``accepts``, the words that an error sentence ends with."""
    extra: dict[str, JsonValue] = {"accepts": accepts, **keywords}
    if secret:
        extra["airbyte_secret"] = True
    return extra


class Config(BaseModel):
    """A valid set of options. Build it with :meth:`load`, which explains what is wrong in one sentence."""

    # The official connector's configs may carry keys of their own; they must not make a config invalid.
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    access_token: str = Field(
        min_length=1,
        title="Access token",
        description=(
            "The access token of your Intercom app: Developer Hub, your app, Configure, Authentication. "
            "Grant it the read permissions of the data that you want to sync."
        ),
        json_schema_extra=_form("the access token of an Intercom app, as text", secret=True),
    )
    start_date: str | None = Field(
        default=None,
        title="Start date",
        description="Sync what was updated on or after this UTC moment. Leave it empty to sync the whole history.",
        examples=["2024-01-31T00:00:00Z", "2024-01-31"],
        json_schema_extra=_form(
            "a date such as 2024-01-31 or a UTC moment such as 2024-01-31T00:00:00Z, not in the future",
            format="date-time",
            pattern=_START_DATE.pattern,
        ),
    )
    region: Region = Field(
        default="us",
        title="Region",
        description="Where Intercom hosts your workspace: United States, Europe or Australia.",
        json_schema_extra=_form("us, eu or au"),
    )
    client_id: str | None = Field(
        default=None,
        title="Client ID",
        description="The client ID of your own Intercom OAuth app. Not needed with an access token.",
        json_schema_extra=_form("text", secret=True),
    )
    client_secret: str | None = Field(
        default=None,
        title="Client secret",
        description="The client secret of your own Intercom OAuth app. Not needed with an access token.",
        json_schema_extra=_form("text", secret=True),
    )
    lookback_window: int = Field(
        default=0,
        ge=0,
        le=3650,
        title="Lookback window (days)",
        description=(
            "How many days before the last sync each sync reads again. The hour before it is always read "
            "again, because Intercom's search can lag behind by minutes."
        ),
        examples=[0, 7, 60],
        json_schema_extra=_form("a whole number of days from 0 to 3650"),
    )
    activity_logs_time_step: int = Field(
        default=30,
        ge=1,
        le=91,
        title="Activity logs step (days)",
        description="How many days of activity logs one request covers. Lower it if that stream is slow or fails.",
        examples=[30, 10, 5],
        json_schema_extra=_form("a whole number of days from 1 to 91"),
    )
    num_workers: int = Field(
        default=50,
        ge=1,
        le=100,
        title="Workers",
        description="How many requests may be under way at once. The default fills Intercom's usual rate limit.",
        examples=[10, 50],
        json_schema_extra=_form("a whole number from 1 to 100"),
    )
    api_rate_limit: int | None = Field(
        default=None,
        ge=6,
        le=100_000,
        title="Rate limit (calls a minute)",
        description=(
            "The most calls a minute this connector may make, to leave room for your other integrations. "
            "Empty: all that Intercom allows your app."
        ),
        examples=[5000, 9500],
        json_schema_extra=_form("a whole number of calls from 6 to 100000, or nothing"),
    )

    custom_object_types: list[str] = Field(
        default=[],
        title="Custom object types",
        description="Identifiers of the custom object types to sync; Intercom cannot list them.",
        examples=[["Order", "Subscription"]],
        json_schema_extra=_form("a list of identifiers"),
    )

    @field_validator("start_date")
    @classmethod
    def _check_start_date(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _START_DATE.match(value):
            raise ValueError("is not a date")
        if _parse_moment(value) > datetime.now(timezone.utc):
            raise ValueError("is in the future")
        return value

    @classmethod
    def load(cls, options: Mapping[str, Any]) -> "Config":
        """Validate the options of a config file.

        Raises ``ConfigError`` with one sentence for each faulty option: its name, its fault, what is accepted.
        """
        try:
            # An empty field of Airbyte's form arrives as "" or null: both mean "not given".
            return cls.model_validate({k: v for k, v in options.items() if v is not None and v != ""})
        except ValidationError as error:
            raise ConfigError(" ".join(_sentences(error.errors(include_url=False)))) from None

    @property
    def start(self) -> int:
        """The start date in Unix seconds, 0 when the whole history is wanted."""
        return int(_parse_moment(self.start_date).timestamp()) if self.start_date else 0

    @classmethod
    def spec(cls) -> ConnectorSpecification:
        """Airbyte's specification, generated from this model."""
        return ConnectorSpecification(
            documentationUrl=DOCUMENTATION_URL,
            connectionSpecification={
                "$schema": "http://json-schema.org/draft-07/schema#",
                "title": "Intercom",
                "type": "object",
                "required": [name for name, field in cls.model_fields.items() if field.is_required()],
                "additionalProperties": True,
                "properties": dict(cls._properties()),
            },
            advanced_auth=_advanced_auth(),
        )

    @classmethod
    def _properties(cls) -> Iterable[tuple[str, dict[str, Any]]]:
        for order, (name, schema) in enumerate(cls.model_json_schema()["properties"].items()):
            # Airbyte's form and secret filter do not look through anyOf: an option may be left out, not null.
            for variant in schema.pop("anyOf", []):
                if variant.get("type") != "null":
                    schema = {**variant, **schema}
            if schema.get("default", ...) is None:
                del schema["default"]
            del schema["accepts"]
            yield name, {**schema, "order": order}


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        # Python 3.10 knows fractions of three or six digits only; a fraction of a second never matters here.
        moment = datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text).replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _sentences(errors: Iterable[ErrorDetails]) -> Iterable[str]:
    for error in errors:
        name = str(error["loc"][0])
        field = Config.model_fields[name]
        yield f"Option '{name}' {_fault(error, field)}; accepted is {_extra(field)['accepts']}."


def _fault(error: ErrorDetails, field: FieldInfo) -> str:
    if error["type"] == "missing":
        return "is missing"
    shown = "" if _extra(field).get("airbyte_secret") else f" ({error['input']!r})"
    if error["type"] == "value_error":
        reason = str(error["ctx"]["error"])
        # A day that no calendar has (2024-02-31) fails inside datetime, whose words help nobody.
        return f"{reason if reason.startswith('is ') else 'is not a date'}{shown}"
    return f"is not acceptable{shown}"


def _extra(field: FieldInfo) -> dict[str, JsonValue]:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return extra


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
