"""The user's filters: what of them Intercom's searches can take, and what is left to filter here.

A search takes two levels of nesting and fifteen filters a group (notes §4.4), and a window of contacts is three
groups already, so filters are multiplied out: every group says everything. What does not fit into one search
becomes several.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from source_intercom.api.search import Query
from source_intercom.config import Config
from source_intercom.filters import ContactFilters
from source_intercom.streams.coercion import Record

# Groups of one search; with three groups for a window of whole days, five combinations of filters.
_GROUPS = 15

# Ways to choose a record; a record must be chosen in every way, and in one of each way's terms.
Choices = list[list[Query]]


def equals(field: str, value: Any) -> Query:
    """A term of a search."""
    return {"field": field, "operator": "=", "value": value}


def one_of(field: str, values: list[Any]) -> Query:
    """A term for fields whose search knows ``IN``."""
    return {"field": field, "operator": "IN", "value": values}


def searches(window: Query, choices: Choices) -> Iterator[Query]:
    """Queries that together find what lies in the window and is chosen; each finds a record at most once."""
    if not choices:
        yield window
        return
    # A window is one group of bounds, or one of three.
    groups = window["value"] if window["operator"] == "OR" else [window]
    combinations = product(*choices)
    while chunk := list(islice(combinations, _GROUPS // len(groups))):
        branches = [{"operator": "AND", "value": [*_terms(group), *terms]} for group in groups for terms in chunk]
        yield branches[0] if len(branches) == 1 else {"operator": "OR", "value": branches}


def _terms(group: Query) -> list[Query]:
    return group["value"] if group["operator"] == "AND" else [group]


def contact_choices(config: Config, roles: list[str]) -> Choices:
    """Filters of contacts that their search takes: role, e-mail, segment, tag."""
    filters = config.filters.contacts
    choices: Choices = []
    if len(roles) == 1:
        choices.append([equals("role", roles[0])])
    if filters.emails:
        choices.append([one_of("email", filters.emails)])
    if filters.segment_ids:
        choices.append([equals("segment_id", segment) for segment in filters.segment_ids])
    if filters.tag_ids:
        choices.append([equals("tag_id", tag) for tag in filters.tag_ids])
    if filters.ids and (filters.segment_ids or filters.tag_ids):
        choices.append([equals("id", contact) for contact in filters.ids])
    return choices


def is_chosen(filters: ContactFilters, contact: Record) -> bool:
    """What a search would have checked of a contact that was asked for by its id."""
    return (
        str(contact.get("id")) in filters.ids
        and (not filters.roles or contact.get("role") in filters.roles)
        and (not filters.emails or contact.get("email") in filters.emails)
    )


def conversation_choices(config: Config) -> Choices:
    """Filters of conversations that their search takes: state and assigned teammates."""
    filters = config.filters.conversations
    choices: Choices = []
    if filters.states:
        choices.append([one_of("state", list(filters.states))])
    if filters.assignee == "admins":
        choices.append([one_of("admin_assignee_id", [int(admin) for admin in filters.admin_ids])])
    return choices


def is_wanted(config: Config, conversation: Record) -> bool:
    """All filters of conversations: those asked for by id pass no search, and no search can say "nobody".

    Intercom writes "nobody" as null, 0 or "0" (notes §6).
    """
    filters = config.filters.conversations
    assignee = conversation.get("admin_assignee_id")
    if filters.states and conversation.get("state") not in filters.states:
        return False
    if filters.assignee == "admins":
        return str(assignee) in filters.admin_ids
    return filters.assignee != "unassigned" or assignee in (None, 0, "0")


def belongs_to_company(config: Config, companies: list[Record]) -> bool:
    """Whether one of a contact's companies is wanted; the search of contacts knows no companies."""
    wanted = config.filters.contacts.company_ids
    return not wanted or any(str(company.get("id")) in wanted for company in companies)
