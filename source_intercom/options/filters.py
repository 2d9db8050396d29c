"""Options that belong together: what to sync of conversations, contacts, notes and events."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from source_intercom.options.spec import form


class _Group(BaseModel):
    """Options that belong together; a misspelt one is an error, because it would silently filter nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConversationFilters(_Group):
    """Which conversations to sync."""

    states: list[Literal["open", "closed", "snoozed"]] = Field(
        default=[],
        title="States",
        description="Only conversations in these states. Leave it empty for all states.",
        json_schema_extra=form("a list with any of open, closed and snoozed", uniqueItems=True),
    )
    assignee: Literal["all", "unassigned", "admins"] = Field(
        default="all",
        title="Assigned to",
        description=(
            "all: every conversation. unassigned: conversations that nobody is assigned to. admins: conversations "
            "that are assigned to the teammates below."
        ),
        json_schema_extra=form("all, unassigned or admins"),
    )
    admin_ids: list[str] = Field(
        default=[],
        title="Teammate IDs",
        description="Required if you choose admins above: values of the column id in the stream admins.",
        json_schema_extra=form("a list of teammate ids, each of digits"),
    )
    ids: list[str] = Field(
        default=[],
        title="Conversation IDs",
        description="Only the conversations with these IDs. Leave it empty for all conversations.",
        json_schema_extra=form("a list of conversation ids"),
    )

    @model_validator(mode="after")
    def _check_admins(self) -> "ConversationFilters":
        if (self.assignee == "admins") != bool(self.admin_ids):
            raise ValueError("needs 'assignee' to be admins and 'admin_ids' to name them, both or neither")
        return self

    @field_validator("admin_ids")
    @classmethod
    def _check_ids(cls, value: list[str]) -> list[str]:
        if not all(admin.isascii() and admin.isdigit() for admin in value):
            raise ValueError("names teammates by something else than their ids")
        return value


class ContactFilters(_Group):
    """Which contacts to sync."""

    roles: list[Literal["user", "lead"]] = Field(
        default=[],
        title="Roles",
        description="Only users, or only leads. Leave it empty for both.",
        json_schema_extra=form("a list with user, lead or both", uniqueItems=True),
    )
    emails: list[str] = Field(
        default=[],
        title="E-mail addresses",
        description="Only contacts with these e-mail addresses. Leave it empty for all contacts.",
        json_schema_extra=form("a list of e-mail addresses"),
    )
    segment_ids: list[str] = Field(
        default=[],
        title="Segment IDs",
        description="Only contacts in one of these segments: values of the column id in the stream segments.",
        json_schema_extra=form("a list of segment ids"),
    )
    tag_ids: list[str] = Field(
        default=[],
        title="Tag IDs",
        description="Only contacts with one of these tags: values of the column id in the stream tags.",
        json_schema_extra=form("a list of tag ids"),
    )
    company_ids: list[str] = Field(
        default=[],
        title="Company IDs",
        description="Only contacts of one of these companies: values of the column id in the stream companies.",
        json_schema_extra=form("a list of company ids"),
    )
    ids: list[str] = Field(
        default=[],
        title="Contact IDs",
        description="Only the contacts with these IDs. Leave it empty for all contacts.",
        json_schema_extra=form("a list of contact ids"),
    )


class NoteFilters(_Group):
    """Which notes to sync."""

    ids: list[str] = Field(
        default=[],
        title="Note IDs",
        description="Only the notes on contacts with these IDs. Leave it empty for all notes.",
        json_schema_extra=form("a list of note ids"),
    )


class EventFilters(_Group):
    """Whose events to sync."""

    contact_roles: list[Literal["user", "lead"]] = Field(
        default=[],
        title="Events of which contacts",
        description="Only events of users, or only events of leads. Leave it empty for both.",
        json_schema_extra=form("a list with user, lead or both", uniqueItems=True),
    )


class Filters(_Group):
    """What to sync. Filters combine: a record must match all that are set."""

    conversations: ConversationFilters = Field(default=ConversationFilters(), title="Conversations")
    contacts: ContactFilters = Field(default=ContactFilters(), title="Contacts")
    notes: NoteFilters = Field(default=NoteFilters(), title="Notes")
    events: EventFilters = Field(default=EventFilters(), title="Events")
