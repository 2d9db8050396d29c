"""Options that belong together: what to sync of conversations, contacts, notes and events."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from source_intercom.options.spec import form


class _Group(BaseModel):
    """Options that belong together; a misspelt one is an error, because it would silently filter nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConversationFilters(_Group):
    """Which conversations to sync."""

    states: list[Literal["open", "closed", "snoozed"]] = Field(
        default=[],
        title="States",
        description="Only conversations in these states. Empty: all.",
        json_schema_extra=form("a list of open, closed, snoozed", uniqueItems=True),
    )
    assignee: Literal["all", "unassigned", "admins"] = Field(
        default="all",
        title="Assigned to",
        description="All conversations, those of nobody, or with admins those of the teammates listed below by id.",
        json_schema_extra=form("all, unassigned or admins"),
    )
    admin_ids: list[str] = Field(
        default=[],
        title="Teammate IDs",
        description="Goes with admins above. The id column of the stream admins.",
        json_schema_extra=form("a list of teammate ids, each of digits"),
    )
    ids: list[str] = Field(
        default=[],
        title="Conversation IDs",
        description="Only these, by id. Empty: all.",
        json_schema_extra=form("a list of conversation ids"),
    )

    @model_validator(mode="after")
    def _check_admins(self) -> "ConversationFilters":
        if not all(admin.isdigit() for admin in self.admin_ids):
            raise ValueError("names teammates by something else than their ids")
        if (self.assignee == "admins") != bool(self.admin_ids):
            raise ValueError("needs 'assignee' to be admins and 'admin_ids' to name them, both or neither")
        return self


class ContactFilters(_Group):
    """Which contacts to sync."""

    roles: list[Literal["user", "lead"]] = Field(
        default=[],
        title="Roles",
        description="Users or leads. None: both.",
        json_schema_extra=form("a list of user, lead", uniqueItems=True),
    )
    emails: list[str] = Field(
        default=[],
        title="E-mail addresses",
        description="Only contacts with these addresses.",
        json_schema_extra=form("a list of e-mail addresses"),
    )
    segment_ids: list[str] = Field(
        default=[],
        title="Segment IDs",
        description="Only contacts in one of these: the id column of the stream segments.",
        json_schema_extra=form("a list of segment ids"),
    )
    tag_ids: list[str] = Field(
        default=[],
        title="Tag IDs",
        description="Only contacts with one of these: the id column of the stream tags.",
        json_schema_extra=form("a list of tag ids"),
    )
    company_ids: list[str] = Field(
        default=[],
        title="Company IDs",
        description="Only contacts of one of these companies, by Intercom's own company id.",
        json_schema_extra=form("a list of company ids"),
    )
    ids: list[str] = Field(
        default=[],
        title="Contact IDs",
        description="Only these, by id. Empty: all.",
        json_schema_extra=form("a list of contact ids"),
    )


class NoteFilters(_Group):
    """Which notes to sync."""

    ids: list[str] = Field(
        default=[],
        title="Note IDs",
        description="Only these notes on contacts, by id. Empty: all.",
        json_schema_extra=form("a list of note ids"),
    )


class EventFilters(_Group):
    """Whose events to sync."""

    contact_roles: list[Literal["user", "lead"]] = Field(
        default=[],
        title="Events of which contacts",
        description="Users or leads. None: both.",
        json_schema_extra=form("a list of user, lead", uniqueItems=True),
    )


class Filters(_Group):
    """What to leave out. Filters combine; a record that stops matching is not updated any more."""

    conversations: ConversationFilters = Field(default=ConversationFilters(), title="Conversations")
    contacts: ContactFilters = Field(default=ContactFilters(), title="Contacts")
    notes: NoteFilters = Field(default=NoteFilters(), title="Notes")
    events: EventFilters = Field(default=EventFilters(), title="Events")
