"""What may be searched: the accepted fields of each kind and how a record answers for them.

The tables are those of the OpenAPI text of `POST /…/search` (2.15), misspellings included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ..collection import Collection, Record
from ..records import contacts, conversations, tickets
from ..records.attributes import CUSTOM
from ..settings import Settings
from ..world import World


class Type(Enum):
    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TAG = "tag_id"
    ANY = "any"


_EVERY = frozenset({"=", "!=", "IN", "NIN", "<", ">", "<=", ">=", "~", "!~", "^", "$"})
_EQUAL = frozenset({"=", "!="})
_SET = _EQUAL | {"IN", "NIN"}
_ORDER = _SET | {">", "<"}
_TEXT = _SET | {"~", "!~", "^", "$"}

CONTACT_OPERATORS: Mapping[Type, frozenset[str]] = {
    Type.STRING: _TEXT, Type.INTEGER: _ORDER | {">=", "<="}, Type.FLOAT: _ORDER | {">=", "<="},
    Type.BOOLEAN: _SET, Type.DATE: frozenset({"=", ">", "<"}), Type.TAG: _EQUAL, Type.ANY: _EVERY,
}  # fmt: skip
EXACT_OPERATORS: Mapping[Type, frozenset[str]] = {
    Type.STRING: _TEXT, Type.INTEGER: _ORDER, Type.FLOAT: _ORDER, Type.BOOLEAN: _EQUAL,
    # Documented without >= and <=, but seen to work by estuary/connectors.
    Type.DATE: _ORDER | {">=", "<="}, Type.TAG: _TEXT, Type.ANY: _EVERY,
}  # fmt: skip

Getter = Callable[["World", int, Record], object]
"""A record's value for a field; a list where any of several values may match."""
Quick = Callable[["World", int], object]
"""The same for fields that can be told without building the record, which is nearly all the work of a scan."""


@dataclass(frozen=True)
class Grammar:
    """The searchable side of one kind."""

    kind: str
    key: str
    list_type: str
    default_per_page: int
    fields: Mapping[str, Type]
    operators: Mapping[Type, frozenset[str]]
    whole_days: bool
    prefix: str
    prefix_types: Mapping[str, Type]
    cursor_error_status: int = 400
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Fields that stand under another name in the record: the path to each."""
    getters: Mapping[str, Getter] = field(default_factory=dict)
    quick: Mapping[str, Quick] = field(default_factory=dict)

    def zone(self, settings: Settings) -> str | None:
        """The zone whose whole days a search sees, or None where it sees seconds."""
        if self.whole_days:
            return "UTC" if settings.quirk("contacts-utc-days") is not None else settings.timezone
        return "UTC" if settings.quirk("whole-utc-days") is not None else None

    def type_of(self, name: str) -> Type | None:
        if name.startswith(self.prefix):
            rest = name[len(self.prefix) :]
            return self.prefix_types.get(rest) if self.prefix_types else Type.ANY
        return self.fields.get(name)

    def lookup(self, ws: World, number: int) -> Callable[[str], object]:
        """A record's values by field name; the record is built when the first needs it."""
        records, built = self.collection(ws), list[Record]()

        def find(name: str) -> object:
            if name in ("updated_at", "created_at"):
                return (records.updated if name == "updated_at" else records.created)[number]
            quick = self.quick.get(name)
            if quick is not None:
                return quick(ws, number)
            if not built:
                built.append(records.body(number))
            return self.value(ws, number, built[0], name)

        return find

    def value(self, ws: World, number: int, record: Record, name: str) -> object:
        getter = self.getters.get(name)
        if getter is not None:
            return getter(ws, number, record)
        if name.startswith(self.prefix):
            return _at(record, self._holder, name[len(self.prefix) :])
        return _at(record, *self.elsewhere.get(name, name).split("."))

    @property
    def _holder(self) -> str:
        return "ticket_attributes" if self.kind == "tickets" else self.prefix.rstrip(".")

    def collection(self, ws: World) -> Collection:
        return ws.collection(self.kind)


def _at(record: object, *path: str) -> object:
    for step in path:
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record


def _typed(**groups: str) -> dict[str, Type]:
    return {name: Type(kind) for kind, names in groups.items() for name in names.split()}


CONTACTS = Grammar(
    kind="contacts",
    key="data",
    list_type="list",
    default_per_page=50,
    whole_days=True,
    operators=CONTACT_OPERATORS,
    prefix="custom_attributes.",
    prefix_types={name: Type(kind) for name, kind, _ in CUSTOM["contact"]},
    fields=_typed(
        string="id role name avatar email email_domain phone external_id language_override browser "
        "browser_language os location.country location.region location.city ios_app_version ios_device "
        "ios_app_device ios_os_version ios_app_name ios_sdk_version android_app_version android_device "
        "android_app_name andoid_sdk_version segment_id",
        integer="owner_id",
        date="created_at signed_up_at updated_at last_seen_at last_contacted_at last_replied_at "
        "last_email_opened_at last_email_clicked_at ios_last_seen_at android_last_seen_at",
        boolean="unsubscribed_from_emails marked_email_as_spam has_hard_bounced",
        tag_id="tag_id",
    ),
    quick={
        "id": lambda ws, n: ws.contacts.id(n),
        "role": lambda ws, n: "user" if contacts.is_user(ws, n) else "lead",
        "tag_id": lambda ws, n: [ws.tags.id(t) for t in contacts.tag_numbers(ws, n)],
        "segment_id": lambda ws, n: [ws.segments.id(s) for s in contacts.segment_numbers(ws, n)],
    },
    elsewhere={
        "avatar": "avatar.image_url",
    },
)

_STATISTIC_DATES = (
    "first_contact_reply_at first_assignment_at first_admin_reply_at first_close_at last_assignment_at "
    "last_assignment_admin_reply_at last_contact_reply_at last_admin_reply_at last_close_at"
)
_STATISTIC_NUMBERS = ("time_to_assignment time_to_admin_reply time_to_first_close time_to_last_close "
                      "median_time_to_reply count_reopens count_assignments count_conversation_parts")  # fmt: skip


def _statistics(names: str) -> str:
    return " ".join(f"statistics.{name}" for name in names.split())


CONVERSATIONS = Grammar(
    kind="conversations",
    key="conversations",
    list_type="conversation.list",
    default_per_page=20,
    whole_days=False,
    operators=EXACT_OPERATORS,
    prefix="custom_attributes.",
    prefix_types={},
    fields=_typed(
        string="id source.type source.id source.delivered_as source.subject source.body source.author.id "
        "source.author.type source.author.name source.author.email source.url contact_ids teammate_ids "
        "channel_initiated state tag_ids priority statistics.last_closed_by_id conversation_rating.remark "
        "conversation_rating.contact_id conversation_rating.admin_d ai_agent.resolution_state "
        "ai_agent.last_answer_type ai_agent.rating_remark ai_agent.source_type ai_agent.source_title",
        integer="admin_assignee_id team_assignee_id conversation_rating.score ai_agent.rating "
        + _statistics(_STATISTIC_NUMBERS),
        date="created_at updated_at waiting_since snoozed_until conversation_rating.requested_at "
        "conversation_rating.replied_at " + _statistics(_STATISTIC_DATES),
        boolean="open read ai_agent_participated",
    ),
    quick={
        "id": lambda ws, n: ws.conversations.id(n),
        "state": lambda ws, n: conversations.state_of(ws, n),
        "open": lambda ws, n: conversations.state_of(ws, n) != "closed",
        "tag_ids": lambda ws, n: [ws.tags.id(t) for t in conversations.tag_numbers(ws, n)],
    },
    elsewhere={
        "channel_initiated": "source.type",
        "conversation_rating.score": "conversation_rating.rating",
        "conversation_rating.requested_at": "conversation_rating.created_at",
        "conversation_rating.replied_at": "conversation_rating.updated_at",
        "conversation_rating.contact_id": "conversation_rating.contact.id",
        "conversation_rating.admin_d": "conversation_rating.teammate.id",
    },
    getters={
        "contact_ids": lambda _ws, _n, record: _ids(record, "contacts", "contacts"),
        "teammate_ids": lambda _ws, _n, record: _ids(record, "teammates", "admins"),
        "source.body": lambda _ws, _n, record: _tokens(_at(record, "source", "body")),
    },
)

_CATEGORY_TERMS = {"Customer": "request", "Back-office": "task", "Tracker": "tracker"}

TICKETS = Grammar(
    kind="tickets",
    key="tickets",
    list_type="ticket.list",
    default_per_page=20,
    whole_days=False,
    operators=EXACT_OPERATORS,
    prefix="ticket_attribute.",
    prefix_types={},
    # A cursor that cannot be read makes ticket search fail outright: airbyte issue 60235.
    cursor_error_status=500,
    fields=_typed(
        string="id title description category ticket_type_id contact_ids teammate_ids admin_assignee_id "
        "team_assignee_id state",
        date="created_at updated_at snoozed_until",
        boolean="open",
    ),
    quick={
        "id": lambda ws, n: ws.tickets.id(n),
        "state": lambda ws, n: tickets.STATES[tickets.state_of(ws, n)],
        "open": lambda ws, n: tickets.STATES[tickets.state_of(ws, n)] != "resolved",
        "ticket_type_id": lambda ws, n: str(tickets.FIRST_TYPE + tickets.type_of(ws, n)),
    },
    elsewhere={
        "title": "ticket_attributes._default_title_",
        "description": "ticket_attributes._default_description_",
    },
    getters={
        "category": lambda _ws, _n, record: _CATEGORY_TERMS[str(record["category"])],
        "contact_ids": lambda _ws, _n, record: _ids(record, "contacts", "contacts"),
        "teammate_ids": lambda _ws, _n, record: [record["admin_assignee_id"]],
    },
)


def _ids(record: Record, holder: str, key: str) -> list[object]:
    found = _at(record, holder, key)
    return [one.get("id") for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _tokens(body: object) -> list[str]:
    """`source.body` is matched word by word, never as a whole."""
    words = str(body or "").replace("<p>", " ").replace("</p>", " ").lower().split()
    return [word.strip(".,;:!?") for word in words]
