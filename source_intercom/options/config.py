"""The connector's options: one pydantic model, from which the spec is generated.

The keys and meanings of Airbyte's official Intercom connector are kept, so that its configs work unchanged.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

from airbyte_cdk.models import ConnectorSpecification, FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from source_intercom.options.filters import Filters
from source_intercom.options.spec import form, specification

_DAY = 86_400

Region: TypeAlias = Literal["us", "eu", "au"]

# A whole date, or a date-time whose seconds may carry a fraction: people type both (peers #55).
_START_DATE = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
)


class ConfigError(AirbyteTracedException):
    """The config cannot be used as it is; the message is one sentence for the person who wrote it."""

    def __init__(self, message: str) -> None:
        super().__init__(internal_message=message, message=message, failure_type=FailureType.config_error)


class Config(BaseModel):
    """A valid set of options. Build it with :meth:`load`, which explains what is wrong in one sentence."""

    # The official connector's configs may carry keys of their own; they must not make a config invalid.
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    access_token: str = Field(
        min_length=1,
        title="Access token",
        description=(
            "In Intercom: Settings, Developer Hub, your app, Configure, Authentication. Copy the access "
            "token from there, and give the app permission to read what you want to sync."
        ),
        json_schema_extra=form("the access token of an Intercom app, as text", secret=True, group="account"),
    )
    start_date: str | None = Field(
        default=None,
        title="Start date",
        description=(
            "Sync only what was created or changed on or after this date (UTC). Leave it empty for the whole history."
        ),
        examples=["2024-01-31", "2024-01-31T00:00:00Z"],
        json_schema_extra=form(
            "a date such as 2024-01-31 or a UTC moment such as 2024-01-31T00:00:00Z, not in the future",
            format="date-time",
            pattern=_START_DATE.pattern,
            pattern_descriptor="YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ",
            group="data",
            always_show=True,
        ),
    )
    end_date: str | None = Field(
        default=None,
        title="End date",
        description=(
            "Only for a one-time load of a past period: leaves out what was changed after this date (UTC). "
            "Leave it empty for regular syncs."
        ),
        examples=["2024-12-31T23:59:59Z"],
        json_schema_extra=form(
            "a date such as 2024-12-31 or a UTC moment, after the start date",
            format="date-time",
            pattern=_START_DATE.pattern,
            pattern_descriptor="YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ",
            group="data",
        ),
    )
    region: Region = Field(
        default="us",
        title="Workspace region",
        description=(
            "Where Intercom stores your data: us (United States), eu (Europe) or au (Australia). If you are "
            "not sure, it is us."
        ),
        json_schema_extra=form("us, eu or au", group="account", always_show=True),
    )
    client_id: str | None = Field(
        default=None,
        title="Client ID",
        description=("Only if you use your own OAuth app. Leave it empty if you gave an access token."),
        json_schema_extra=form("text", secret=True, group="account"),
    )
    client_secret: str | None = Field(
        default=None,
        title="Client secret",
        description=("Only if you use your own OAuth app. Leave it empty if you gave an access token."),
        json_schema_extra=form("text", secret=True, group="account"),
    )
    lookback_window: int = Field(
        default=0,
        ge=0,
        le=3650,
        title="Lookback window (days)",
        description=(
            "Each sync also re-reads this many days before the previous one, to catch late changes. 0 suits "
            "most; the last hour is always re-read."
        ),
        examples=[0, 7, 60],
        json_schema_extra=form("a whole number of days from 0 to 3650", group="advanced"),
    )
    activity_logs_time_step: int | None = Field(
        default=None,
        ge=1,
        le=91,
        title="Activity logs: days per request",
        description=(
            "The most days of activity logs that one request may cover. Leave it empty to ask for all at once, and "
            "for shorter ranges only where Intercom fails."
        ),
        examples=[30, 10, 5],
        json_schema_extra=form("a whole number of days from 1 to 91", group="advanced"),
    )
    num_workers: int = Field(
        default=50,
        ge=1,
        le=100,
        title="Parallel requests",
        description=(
            "How many requests may be under way at once. Leave it at 50 unless Intercom or your machine struggles."
        ),
        examples=[10, 50],
        json_schema_extra=form("a whole number from 1 to 100", group="advanced"),
    )
    api_rate_limit: int | None = Field(
        default=None,
        ge=6,
        le=100_000,
        title="Most API calls a minute",
        description=(
            "Leave it empty to use all that Intercom allows. Set it to keep room for your other integrations."
        ),
        examples=[5000, 9500],
        json_schema_extra=form("a whole number of calls from 6 to 100000, or nothing", group="advanced"),
    )

    filters: Filters = Field(
        default=Filters(),
        title="Filters (sync only a part)",
        description=("Empty filters sync everything. A record that stops matching keeps its last synced values."),
        json_schema_extra=form("an object of the groups conversations, contacts, notes and events", group="data"),
    )
    expand: list[Literal["tags", "companies", "notes", "subscriptions"]] = Field(
        default=[],
        title="Complete long lists in contacts",
        description=(
            "Intercom gives only the first ten of these inside a contact. Those chosen here are completed, "
            "which costs a call for each contact that has more. The streams contact_tags and "
            "contact_companies are always complete."
        ),
        json_schema_extra=form("a list of tags, companies, notes, subscriptions", uniqueItems=True, group="data"),
    )
    skip_failed_conversations: bool = Field(
        default=False,
        title="Skip conversations that cannot be read",
        description=(
            "Continues without the parts of conversations that Intercom fails to give after several tries, "
            "and names them in the log. Your data may then be incomplete."
        ),
        json_schema_extra=form("true or false", group="advanced"),
    )
    order_by: Literal["updated_at", "created_at"] = Field(
        default="updated_at",
        title="Sync new changes by",
        description=(
            "updated_at (recommended) picks up every change of contacts, conversations and tickets. "
            "created_at picks up new records only: later changes are missed."
        ),
        json_schema_extra=form("updated_at or created_at", group="advanced"),
    )
    plain_text_bodies: bool = Field(
        default=False,
        title="Message text without HTML",
        description=("Ask for the bodies of conversation parts as plain text instead of HTML."),
        json_schema_extra=form("true or false", group="data"),
    )
    custom_object_types: list[str] = Field(
        default=[],
        title="Custom object types",
        description=(
            "Names of your custom object types, such as Order, as they are set up in Intercom, which cannot "
            "list them for us."
        ),
        examples=[["Order", "Subscription"]],
        json_schema_extra=form("a list of identifiers", group="data"),
    )

    @field_validator("access_token", mode="before")
    @classmethod
    def _check_token(cls, value: object) -> object:
        if isinstance(value, str):
            # A token is pasted, and a line break comes with it; sent on, it would show in an error of the HTTP layer.
            value = value.strip()
            if not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ValueError("is not a token")
        return value

    @field_validator("lookback_window", "activity_logs_time_step", "num_workers", "api_rate_limit", mode="before")
    @classmethod
    def _check_whole(cls, value: object) -> object:
        # JSON Schema takes 10.0 for an integer, and so do the forms that are made from it.
        return int(value) if isinstance(value, float) and value.is_integer() else value

    @field_validator("start_date", "end_date")
    @classmethod
    def _check_date(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if not _START_DATE.match(value):
            raise ValueError("is not a date")
        moment = _parse_moment(value)
        if info.field_name == "start_date" and moment > datetime.now(timezone.utc):
            raise ValueError("is in the future")
        start = info.data.get("start_date")
        if start and moment <= _parse_moment(start):
            raise ValueError("is not after the start date")
        return value

    @classmethod
    def load(cls, options: Mapping[str, Any]) -> "Config":
        """Validate the options of a config file.

        Raises ``ConfigError`` with one sentence for each faulty option: its name, its fault, what is accepted.
        """
        try:
            # An empty field of Airbyte's form arrives as "" or null: both mean "not given".
            return cls.model_validate(_given(options))
        except ValidationError as error:
            raise ConfigError(" ".join(_sentences(error.errors(include_url=False)))) from None

    @property
    def start(self) -> int:
        """The start date in Unix seconds, 0 when the whole history is wanted."""
        return max(0, int(_parse_moment(self.start_date).timestamp())) if self.start_date else 0

    @property
    def end(self) -> int | None:
        """The end date in Unix seconds, a date's last second when it names no time, None when there is none."""
        if not self.end_date:
            return None
        rest_of_day = 0 if "T" in self.end_date else _DAY - 1
        return int(_parse_moment(self.end_date).timestamp()) + rest_of_day

    @classmethod
    def spec(cls) -> ConnectorSpecification:
        """Airbyte's specification, generated from this model."""
        return specification(cls)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that a form left empty, in groups too."""
    return {
        name: _given(value) if isinstance(value, dict) else value
        for name, value in options.items()
        if value is not None and value != ""
    }


def _parse_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        # Python 3.10 knows fractions of three or six digits only; a fraction of a second never matters here.
        moment = datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text).replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _sentences(errors: Iterable[ErrorDetails]) -> Iterable[str]:
    for error in errors:
        path = [str(part) for part in error["loc"] if isinstance(part, str)]
        field, known = _field(path)
        fault = _fault(error, field)
        yield f"Option '{'.'.join(path)}' {fault}; accepted is {known}."


def _field(path: list[str]) -> tuple[FieldInfo | None, str]:
    """The option that a path leads to, and what it accepts; for an unknown one, the options of its group."""
    fields = Config.model_fields
    field: FieldInfo | None = None
    for name in path:
        field = fields.get(name)
        if field is None:
            return None, f"one of {', '.join(fields)}"
        group = field.annotation
        fields = group.model_fields if isinstance(group, type) and issubclass(group, BaseModel) else {}
    assert field is not None
    return field, str(_extra(field).get("accepts") or f"an object with {', '.join(fields)}")


def _fault(error: ErrorDetails, field: FieldInfo | None) -> str:
    if error["type"] == "missing":
        return "is missing"
    if field is None:
        return "is not known"
    shown = "" if _extra(field).get("airbyte_secret") else f" ({error['input']!r})"
    if error["type"] == "value_error":
        reason = str(error["ctx"]["error"])
        if reason.startswith(("names", "needs")):
            return reason
        # A day that no calendar has (2024-02-31) fails inside datetime, whose words help nobody.
        return f"{reason if reason.startswith('is ') else 'is not a date'}{shown}"
    return f"is not acceptable{shown}"


def _extra(field: FieldInfo) -> dict[str, JsonValue]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}
