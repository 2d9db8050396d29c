"""The connector's options: one pydantic model, from which the spec is generated.

The keys and meanings of Airbyte's official Intercom connector are kept, so that its configs work unchanged.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

from airbyte_cdk.models import ConnectorSpecification, FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from source_intercom.options.dates import DATE, moment_of
from source_intercom.options.faults import sentences
from source_intercom.options.filters import Filters
from source_intercom.options.numbers import Whole, WholeOrNone
from source_intercom.options.report_options import LOOKBACK, REPORTS, Reports
from source_intercom.options.spec import form, specification

_DAY = 86_400

# Its form writes this default into the configs that people bring along (its manifest of April 2026).
_OFFICIAL_WORKERS = 10

Region: TypeAlias = Literal["us", "eu", "au"]


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
            "Open your app in Intercom's "
            '<a href="https://app.intercom.com/a/apps/_/developer-hub" target="_blank">Developer Hub</a>, and copy the '
            "access token from Configure, Authentication. The app needs permission to read what you want to sync."
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
            pattern=DATE.pattern,
            pattern_descriptor="YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ",
            group="data",
            always_show=True,
        ),
    )
    end_date: str | None = Field(
        default=None,
        title="End date",
        description=(
            "Only for a one-time load of a past period: what was changed after this date (UTC) is left out. "
            "Leave it empty for regular syncs."
        ),
        examples=["2024-12-31T23:59:59Z"],
        json_schema_extra=form(
            "a date such as 2024-12-31 or a UTC moment, after the start date",
            format="date-time",
            pattern=DATE.pattern,
            pattern_descriptor="YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ",
            group="data",
        ),
    )
    region: Region = Field(
        default="us",
        title="Workspace region",
        description=(
            "Where Intercom stores your data: United States (us), Europe (eu) or Australia (au). If you are "
            "not sure, choose United States (us)."
        ),
        json_schema_extra=form(
            "us, eu or au", enumNames=["United States", "Europe", "Australia"], group="account", always_show=True
        ),
    )
    client_id: str | None = Field(
        default=None,
        title="Client ID",
        description="Only if you use your own OAuth app. Leave it empty if you gave an access token.",
        json_schema_extra=form("text", secret=True, group="account"),
    )
    client_secret: str | None = Field(
        default=None,
        title="Client secret",
        description="Only if you use your own OAuth app. Leave it empty if you gave an access token.",
        json_schema_extra=form("text", secret=True, group="account"),
    )
    lookback_window: Whole = Field(
        default=0,
        ge=0,
        title="Lookback window (days)",
        description=(
            "Each sync also reads again this many days before the previous sync, to catch late changes. Most "
            "workspaces need 0, because the last hour is always read again."
        ),
        examples=[0, 7, 60],
        json_schema_extra=form("a whole number of days, at least 0", group="advanced"),
    )
    activity_logs_time_step: WholeOrNone = Field(
        default=None,
        ge=1,
        le=91,
        title="Activity logs: days per request",
        description=(
            "How many days of activity logs one request asks for, at most. Leave it empty: the connector then asks "
            "for shorter periods only when Intercom cannot answer for a long one."
        ),
        examples=[30, 10, 5],
        json_schema_extra=form("a whole number of days from 1 to 91", group="advanced"),
    )
    num_workers: Whole = Field(
        default=50,
        ge=1,
        le=100,
        title="Parallel requests",
        description="How many requests run at the same time, at most. Keep 50 unless Intercom or your machine is slow.",
        examples=[10, 50],
        json_schema_extra=form("a whole number from 1 to 100", group="advanced"),
    )
    api_rate_limit: WholeOrNone = Field(
        default=None,
        ge=6,
        title="Maximum API requests per minute",
        description=(
            "Leave it empty to use all that Intercom allows. Set it to leave room for your other integrations."
        ),
        examples=[5000, 9500, 142500],
        json_schema_extra=form("a whole number of requests, at least 6, or nothing", group="advanced"),
    )
    reconcile_every_days: WholeOrNone = Field(
        default=None,
        ge=0,
        title="Full comparison every (days)",
        description=(
            "Every so many days, an incremental sync also reads all contacts, conversations and tickets, to find "
            "deletions and changes that Intercom does not report. If you leave it empty, this happens every 7 days "
            "when the destination removes duplicates, and never when it appends. 0 turns it off."
        ),
        examples=[1, 7, 30],
        json_schema_extra=form("a whole number of days, at least 0, or nothing", group="advanced"),
    )
    events_lookback_days: Whole = Field(
        default=7,
        ge=0,
        title="Contact events: lookback (days)",
        description=(
            "Each sync also reads again the contact events of this many days before the previous sync, because an "
            "event can reach Intercom later than it happened."
        ),
        examples=[0, 7, 30],
        json_schema_extra=form("a whole number of days, at least 0", group="advanced"),
    )
    events_all_contacts_every_days: Whole = Field(
        default=0,
        ge=0,
        le=60,
        title="Contact events: read all contacts every (days)",
        description=(
            "0: each sync asks for the events of every contact. With 7, for example, a sync asks only for the events "
            "of contacts that were seen or changed since the previous sync, and every 7 days for those of all "
            "contacts. Events that your servers send about inactive contacts then come up to 7 days later."
        ),
        examples=[0, 1, 7],
        json_schema_extra=form("a whole number of days from 0 to 60", group="advanced"),
    )
    message_lookback_days: Whole = Field(
        default=30,
        ge=0,
        le=60,
        title="Messages: lookback (days)",
        description=(
            "Each sync also exports the messages of this many days before the previous sync again, because people "
            "open, click and answer messages later."
        ),
        examples=[7, 30, 60],
        json_schema_extra=form("a whole number of days from 0 to 60", group="advanced"),
    )
    report_lookback_days: Whole = LOOKBACK

    filters: Filters = Field(
        default=Filters(),
        title="Filters",
        description=(
            "Sync only a part of your data. Without filters everything is synced. A record that no longer matches "
            "keeps the values of its last sync."
        ),
        json_schema_extra=form("an object of the groups conversations, contacts, notes and events", group="data"),
    )
    expand: list[Literal["tags", "companies", "notes", "subscriptions"]] = Field(
        default=[],
        title="Complete long lists in contacts",
        description=(
            "A contact contains only the first ten of its tags, companies, notes and subscriptions. The lists chosen "
            "here are completed, with one more request for each contact that has more. The streams contact_tags and "
            "contact_companies are always complete."
        ),
        json_schema_extra=form("a list of tags, companies, notes, subscriptions", uniqueItems=True, group="data"),
    )
    skip_failed_conversations: bool = Field(
        default=False,
        title="Skip conversations that cannot be read",
        description=(
            "If Intercom cannot deliver a conversation after several retries, continue without its parts and name "
            "it in the log. Your data may then be incomplete."
        ),
        json_schema_extra=form("true or false", group="advanced"),
    )
    order_by: Literal["updated_at", "created_at"] = Field(
        default="updated_at",
        title="Incremental sync by",
        description=(
            "updated_at (recommended) finds every change of contacts, conversations and tickets. "
            "created_at finds new records only and misses later changes."
        ),
        json_schema_extra=form("updated_at or created_at", group="advanced"),
    )
    plain_text_bodies: bool = Field(
        default=False,
        title="Message text without HTML",
        description="Sync the text of conversation parts as plain text instead of HTML.",
        json_schema_extra=form("true or false", group="data"),
    )
    attachment_files: bool = Field(
        default=False,
        title="Sync the files of attachments",
        description=(
            "Also sync the files of conversation_attachments, if Airbyte and the destination can transfer files. "
            "Without this option you get their names, and links that expire."
        ),
        json_schema_extra=form("true or false", group="data"),
    )
    custom_object_types: list[str] = Field(
        default=[],
        title="Custom object types",
        description=(
            "The identifiers of your custom object types in Intercom, such as Order. The stream "
            "custom_object_instances reads the types that are listed here, because Intercom's API cannot list them."
        ),
        examples=[["Order", "Subscription"]],
        json_schema_extra=form("a list of custom object types", group="data"),
    )
    reports: Reports = REPORTS

    @field_validator("access_token", mode="before")
    @classmethod
    def _check_token(cls, value: object) -> object:
        if isinstance(value, str):
            # A pasted token can end in a line break, which the HTTP library would refuse with the token in its error.
            value = value.strip()
            if not re.fullmatch(r"[\x21-\x7e]+", value):
                raise ValueError("is not a token")
        return value

    @field_validator("start_date", "end_date")
    @classmethod
    def _check_date(cls, value: str, info: ValidationInfo) -> str:
        if not DATE.match(value):
            raise ValueError("is not a date")
        moment = moment_of(value)
        if info.field_name == "start_date" and moment > datetime.now(timezone.utc):
            raise ValueError("is in the future")
        start = info.data.get("start_date")
        if start and moment <= moment_of(start):
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
            raise ConfigError(" ".join(sentences(error.errors(include_url=False), cls.model_fields))) from None

    @property
    def advice(self) -> str | None:
        """A sentence about a value that is allowed and probably not meant; None without one."""
        if self.num_workers != _OFFICIAL_WORKERS:
            return None
        return (
            f"The option 'num_workers' is {_OFFICIAL_WORKERS}, the default of Airbyte's own Intercom connector, whose "
            "configs work here. It makes long syncs here up to four times slower: so few requests at a time cannot "
            "use Intercom's rate limit. Remove the option, or set it to 50, the default of this connector."
        )

    @property
    def start(self) -> int:
        """The start date in Unix seconds, 0 when the whole history is wanted."""
        return max(0, int(moment_of(self.start_date).timestamp())) if self.start_date else 0

    @property
    def end(self) -> int | None:
        """The end date in Unix seconds, a date's last second when it names no time, None when there is none."""
        if not self.end_date:
            return None
        rest_of_day = 0 if "T" in self.end_date else _DAY - 1
        return int(moment_of(self.end_date).timestamp()) + rest_of_day

    @classmethod
    def spec(cls) -> ConnectorSpecification:
        """Airbyte's specification, generated from this model."""
        return specification(cls)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that a form left empty, in groups and lists of groups too."""
    return {name: _filled(value) for name, value in options.items() if value is not None and value != ""}


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return _given(value)
    if isinstance(value, list):
        # Of a list of groups, airbyte-serverless writes one group with nothing in it.
        return [_filled(item) for item in value if not (isinstance(item, dict) and item and not _given(item))]
    return value
