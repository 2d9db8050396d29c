"""What the stream reference says that does not follow from the stream classes.

The headings, ``READ_AS`` for classes that read in a way of their own, and ``CAVEATS`` for what is Intercom's doing
or needs a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

# Module of the streams -> heading. A heading must differ from every stream's name, or their anchors would clash.
FAMILIES = {
    "contacts": "Contacts and audience",
    "companies": "Companies and members",
    "conversations": "Conversations and calls",
    "tickets": "Tickets and ticket types",
    "workspace": "Workspace and settings",
    "help_center": "Help center, news and AI content",
}


@dataclass(frozen=True)
class Reading:
    """How a stream is read, in a few words and in sentences, and which calls it costs."""

    short: str
    long: str
    calls: str


# Streams that read in a way of their own.
READ_AS = {
    "activity_logs": Reading(
        "server-filtered",
        "Intercom filters by time. The whole range is asked for; where Intercom fails at it, windows of 30 days, and "
        "one that still fails is halved, down to an hour. `activity_logs_time_step` makes all windows shorter.",
        "one for each 250 entries, and at least one for each window",
    ),
    "call_transcripts": Reading(
        "for each changed call",
        "The pages of [`calls`](#calls) are walked, and calls that changed are asked for through their "
        "conversations, twenty conversations at a time.",
        "one for each 20 conversations with a changed call, beside the pages of [`calls`](#calls)",
    ),
    "companies": Reading(
        "walked whole",
        "Intercom cannot filter companies for a token that may only read, so all are walked at each sync and what "
        "changed is kept.",
        "one for each 100 companies, at each sync; one walk for all company streams",
    ),
    "contact_events": Reading(
        "one call for each contact",
        "Every contact is asked at each sync, newest events first, until the last sync is reached.",
        "at least one for each contact, one for each 50 new events, beside the pages of all contacts",
    ),
    "counts": Reading(
        "full refresh",
        "Counted anew at each sync.",
        "eleven for the searches and lists, and one for each tag",
    ),
    "data_connector_execution_results": Reading(
        "one call for each data connector",
        "Every data connector is asked at each sync for the results of the time since the last one.",
        "at least one for each data connector, one for each 30 results",
    ),
    "macros": Reading(
        "server-filtered",
        "Intercom filters by time, in whole seconds.",
        "one for each 150 macros that changed",
    ),
}

# What the classes cannot know.
CAVEATS: dict[str, tuple[str, ...]] = {
    "activity_logs": (
        "Not every plan of Intercom has activity logs; without them the stream ends incomplete and says so.",
    ),
    "admins": (
        "Sync with overwrite to be rid of deleted teammates, or without it to keep their names for old replies.",
    ),
    "articles": ("The list has no statistics of views and reactions.",),
    "call_transcripts": ("Calls without a conversation have no row.",),
    "calls": ("Recordings are not synced.",),
    "companies": (
        "One scroll can be open in a workspace at a time. While another integration holds one, this stream waits "
        "up to ten minutes.",
        "An archived company can still come, without a mark; its calls for contacts or segments answer 404 and are "
        "skipped and counted.",
        "A walk that breaks off starts again and gives no company twice; its state moves only when it is complete.",
    ),
    "company_attributes": ("Standard attributes have no `id`, which is why the key is `full_name`.",),
    "company_segments": (
        "Every membership comes at each sync, in incremental mode too. A row that no longer comes is a membership "
        "that ended: a full refresh with overwrite shows the present ones only.",
    ),
    "company_tags": ("Rows of removed tags stay: compare `company_updated_at` with the company's `updated_at`.",),
    "contact_attributes": ("Standard attributes have no `id`, which is why the key is `full_name`.",),
    "contact_companies": (
        "Rows of removed links stay: compare `contact_updated_at` with the contact's `updated_at`.",
        "Complete, however many companies a contact has; the list inside `contacts` ends after ten.",
    ),
    "contact_event_summaries": ("A heavy stream: a million contacts are a million calls, at each sync.",),
    "contact_events": (
        "Intercom lists the events of the last 90 days; what is older cannot be had. Sync at least that often.",
        "Contacts whose own last change lies before the start date are not asked.",
        "A heavy stream: a million contacts are a million calls, at each sync.",
    ),
    "contact_merge_history": ("Contacts that were merged away are in no other stream; their rows stay until removed.",),
    "contact_notes": (
        "A note comes when its contact changes; a note that was deleted stays.",
        "Notes chosen by `filters.notes.ids` are asked for one by one, at each sync.",
    ),
    "contact_segments": (
        "Every membership comes at each sync: Intercom tells neither when a contact joined nor that it left.",
        "A heavy stream: a million contacts are a million calls, at each sync.",
    ),
    "contact_subscriptions": (
        "Rows of withdrawn choices stay: compare `contact_updated_at` with the contact's `updated_at`.",
    ),
    "contact_tags": (
        "Rows of removed tags stay: compare `contact_updated_at` with the contact's `updated_at`.",
        "`applied_at` and `applied_by` come only for contacts with more than ten tags, from the call that completes "
        "the list.",
    ),
    "contacts": (
        "Merged and deleted contacts vanish from the search without a trace; see `contact_merge_history`.",
        "Lists inside a contact end after ten items, `has_more` says so. The option `expand` completes them here, the "
        "streams named after them are always complete.",
        "The search sees whole days of the workspace's own time zone, so each sync reads at least the current day and "
        "keeps what falls into its time.",
    ),
    "content_import_sources": ("`id` is text here, though Intercom sends a number.",),
    "conversation_attributes": ("Two attributes can have the same name; the key is `id`.",),
    "conversation_contacts": (
        "Rows of contacts who left stay: compare `conversation_updated_at` with the conversation's `updated_at`.",
        "Ids of contacts that were merged since lead to the contact through `contact_merge_history`.",
    ),
    "conversation_handling_events": ("`timestamp` is text in ISO format.",),
    "conversation_linked_objects": (
        "Rows of removed links stay: compare `conversation_updated_at` with the conversation's `updated_at`.",
    ),
    "conversation_parts": (
        "Intercom gives the newest 500 parts of a conversation. The log names each that has more, with both figures; "
        "`conversation_total_parts` holds the true one. Parts that an earlier sync brought stay in the table.",
        "A changed conversation brings all its parts again, so a table in append mode holds a part many times.",
        "The message that began the conversation is no part: it is `source` in `conversations`.",
        "The position of the state is the conversations' time, not the parts'.",
    ),
    "conversation_tags": (
        "Rows of removed tags stay: compare `conversation_updated_at` with the conversation's `updated_at`.",
    ),
    "conversation_teammates": (
        "Rows of teammates who left stay: compare `conversation_updated_at` with the conversation's `updated_at`.",
    ),
    "conversations": (
        "Intercom's search leaves out messages that you sent and nobody answered, unless they were made as "
        "conversations without a contact's reply.",
        "Deleted conversations vanish; see `conversations_deleted`.",
    ),
    "conversations_deleted": ("Gives the id and the time of a deletion; the rows themselves are yours to remove.",),
    "counts": (
        "Counted: contacts by role, segment and tag, conversations by state, tickets by state. Each part needs its own "
        "permission; what is missing is left out, and the stream ends incomplete.",
        "The sum over segments or tags is no total: a contact can be in many.",
    ),
    "custom_object_instances": (
        "Empty unless `custom_object_types` names the types. One that Intercom does not know is named in the log.",
    ),
    "data_connector_execution_results": ("How long Intercom keeps results is not documented.",),
    "external_pages": ("Rows hold whole pages of HTML and can be large.",),
    "macros": (
        "`created_at` and `updated_at` are text in ISO format.",
        "A macro that the token's owner may not see may be missing.",
    ),
    "newsfeed_items": ("Live items only.",),
    "segments": (
        "`count` is the size at the moment the row came, and a row comes when somebody edits the segment. The stream "
        "`counts` has the sizes of today.",
    ),
    "side_conversations": ("A side conversation comes when the conversation it hangs on changes.",),
    "tags": ("Sync with overwrite to be rid of deleted tags.",),
    "teams": ("Sync with overwrite to be rid of deleted teams.",),
    "ticket_contacts": ("Rows of contacts who left stay: compare `ticket_updated_at` with the ticket's `updated_at`.",),
    "ticket_parts": (
        "At most the 500 newest parts of a ticket, as Intercom gives them.",
        "A part can be newer than its ticket says it was changed; `ticket_updated_at` is the ticket's time, and the "
        "position of the state is that time. The hour that is always read again, or `lookback_window`, covers the gap.",
    ),
    "tickets": (
        "`id` is the key; `ticket_id` is the number that people see in the inbox.",
        "Deleted tickets vanish; Intercom keeps no list of them.",
    ),
}
