"""What the stream reference says that does not follow from the stream classes.

The headings, ``READ_AS`` for classes that read in a way of their own, and ``CAVEATS`` for what is Intercom's doing
or needs a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

# Module of the streams -> heading; several may share one. A heading must differ from every stream's name, or their
# anchors would clash.
FAMILIES = {
    "contacts": "Contacts and audience",
    "activities": "Contacts and audience",
    "events": "Contacts and audience",
    "companies": "Companies and members",
    "conversations": "Conversations and calls",
    "messages": "Messages that were sent",
    "tickets": "Tickets and ticket types",
    "workspace": "Workspace and settings",
    "activity_logs": "Workspace and settings",
    "counts": "Workspace and settings",
    "reconciliations": "Workspace and settings",
    "help_center": "Help center, news and AI content",
}


@dataclass(frozen=True)
class Reading:
    """How a stream is read, in a few words and in sentences, and how many requests it makes."""

    short: str
    long: str
    requests: str


# What is made from the content export: one job for all of these streams.
_EXPORTED = (
    "message_receipts",
    "message_opens",
    "message_clicks",
    "message_replies",
    "message_completions",
    "message_goal_successes",
    "message_dismissals",
    "message_unsubscribes",
    "message_hard_bounces",
    "message_answers",
    "message_other_statistics",
)

# Streams that read in a way of their own.
READ_AS = {
    **{
        name: Reading(
            "from an export",
            "Intercom makes an export, of at most 90 days at a time, and the connector fetches its files. That takes "
            "minutes, on a large workspace hours. Each sync exports the last "
            "[`message_lookback_days`](integrations/sources/intercom.md#options) again, because people open and answer "
            "messages later. All message streams are made from the same files.",
            "about ten for each export, most of which ask whether it is ready; a first sync makes one export for each "
            "58 days, a later sync makes one",
        )
        for name in _EXPORTED
    },
    "activity_logs": Reading(
        "filtered by Intercom",
        "Intercom filters by time. The connector asks for the whole range. Where Intercom fails, it asks for 30 days "
        "at a time, then for half of that, down to an hour. `activity_logs_time_step` makes all ranges shorter.",
        "one for each 250 entries, and at least one for each range",
    ),
    "article_statistics": Reading(
        "one request for some articles",
        "Each sync reads the list of articles, and asks for those that changed and for a share of the others, so that "
        "each article is counted at least once a week.",
        "one for each article that is counted, in addition to the list of articles",
    ),
    "article_versions": Reading(
        "one request for each changed article",
        "Intercom sorts articles newest first, and the connector reads all versions of each article that changed.",
        "one for each changed article, in addition to the list of articles down to the last sync",
    ),
    "call_transcripts": Reading(
        "one request for 20 conversations",
        "Each sync reads the pages of [`calls`](#calls), and then the transcripts of the calls that changed, those of "
        "twenty conversations with one request.",
        "one for each 20 conversations with a changed call, in addition to the pages of [`calls`](#calls)",
    ),
    "companies": Reading(
        "read completely",
        "With a token that may only read, Intercom cannot filter companies, so each sync reads all and delivers what "
        "changed.",
        "one for each 100 companies, at each sync; all company streams use the same pages",
    ),
    "company_notes": Reading(
        "one request for each company with notes",
        "Each sync reads all companies once more, in a version of the API in which they tell how many notes they "
        "have, and asks for the notes of those that have any. As a check, it also asks for the notes of up to fifty "
        "others; if one of them has notes, it asks for those of every company.",
        "one for each company that has notes, up to fifty for the check, and one for each 100 companies, in addition "
        "to the scroll over companies; if the check fails or companies do not tell, one for each company",
    ),
    "company_segments": Reading(
        "inside `companies`",
        "The rows are inside the records of [`companies`](#companies), and each sync reads all of them. As a check, "
        "it also asks for the segments of up to fifty companies; if one of them differs from its record, it asks for "
        "those of every company.",
        "up to fifty for the check, and one for each company whose record does not show all its segments, in addition "
        "to the scroll over companies; if the check fails, one for each company",
    ),
    "contact_activities": Reading(
        "oldest first, from the last sync on",
        "Intercom cannot filter, but can continue from a place in its list: each sync continues an hour before the "
        "last event of the last sync. The state is the time of the last event that was read.",
        "one for each 150 events since the last sync, and one more",
    ),
    "contact_events": Reading(
        "one request for each contact",
        "Each sync asks for the events of every contact, newest first, until it reaches the last sync. With the "
        "option [`events_all_contacts_every_days`](integrations/sources/intercom.md#options) it asks only for the "
        "events of contacts that were seen or changed since then, and every so many days for those of all contacts.",
        "at least one for each contact, one for each 50 new events, in addition to the pages of these contacts",
    ),
    "contact_event_summaries": Reading(
        "one request for each contact",
        "Each sync asks for the events of every contact. With the option "
        "[`events_all_contacts_every_days`](integrations/sources/intercom.md#options) it asks only for those of "
        "contacts that were seen or changed since the last sync, and every so many days for those of all contacts.",
        "one for each contact, in addition to the pages of these contacts, which it shares with "
        "[`contact_events`](#contact_events)",
    ),
    "contact_segments": Reading(
        "one search for each segment",
        "Each sync asks for the members of every segment. Where Intercom's search and the size of a segment disagree, "
        "or contacts are filtered, it asks for the segments of every contact instead.",
        "one for each 150 members of each segment; if the sizes disagree or contacts are filtered, one for each "
        "contact",
    ),
    "counts": Reading(
        "full refresh",
        "Counted at each sync.",
        "eleven for the searches and lists, and one for each tag",
    ),
    "data_connector_execution_results": Reading(
        "one request for each data connector",
        "Each sync asks for the results of every data connector since the last sync.",
        "at least one for each data connector, and one for each 30 results",
    ),
    "macros": Reading(
        "filtered by Intercom",
        "Intercom filters by time, in whole seconds.",
        "one for each 150 macros that changed",
    ),
    "reconciliations": Reading(
        "made by the connector",
        "A full comparison reads a stream from its beginning, to find deletions and changes that Intercom does not "
        "report. Each sync adds a row for each comparison that it completes. The option "
        "[`reconcile_every_days`](integrations/sources/intercom.md#options) says how often there is one.",
        "none",
    ),
}


def _removed(what: str, parent: str) -> str:
    """What is true of each table of links."""
    return (
        f"Rows of removed {what} stay in your table: to find them, compare `{parent}_updated_at` with the "
        f"`updated_at` of the {parent} ([recipe](recipes.md#current-links-only))."
    )


_LATE = (
    "What people do more than `message_lookback_days` days after they received a message can be missing: Intercom "
    "reports it only when the day of the message is exported again."
)
_ONE_EXPORT = (
    "Intercom makes one export at a time in a workspace. While it makes one for another integration or a person, this "
    "stream waits, for up to an hour. If a sync stops before its export is ready, the next sync uses that export."
)
_UNDOCUMENTED = "Intercom does not document this file. Columns that it has beside these are delivered too, as text."

# What the classes cannot know.
CAVEATS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_EXPORTED, (_LATE, _UNDOCUMENTED)),
    "message_receipts": (
        "Receipts of the last `message_lookback_days` are delivered again at each sync, with what has happened since.",
        _LATE,
        _ONE_EXPORT,
    ),
    "message_clicks": (_LATE, "Two clicks of one contact on one message in the same second have the same key."),
    "message_answers": (_LATE, _UNDOCUMENTED, "A row for each question that was answered."),
    "message_other_statistics": (
        _LATE,
        "`statistic` is the name of the file, such as `soft_bounce`. The columns of that file are delivered as text.",
    ),
    "activity_logs": (
        "Some plans of Intercom have no activity logs. Then the stream ends incomplete and names the reason.",
    ),
    "admins": ("Sync with overwrite to remove deleted teammates, or without it to keep their names for old replies.",),
    "article_statistics": (
        "An article that nobody edits is counted once a week, however often you sync; a full refresh counts all. Use "
        "append mode to see how the numbers change. Articles without statistics in Intercom have no row.",
    ),
    "article_versions": (
        "Metadata only: the text of each version would cost one more request.",
        "The first sync makes one request for each article, later ones one for each changed article.",
    ),
    "articles": ("Views and reactions are in `article_statistics`.",),
    "call_transcripts": ("Calls without a conversation have no row.",),
    "calls": ("Recordings are not synced.",),
    "companies": (
        "Intercom allows one scroll over companies at a time. While another integration uses it, this stream waits up "
        "to ten minutes.",
        "An archived company can still be delivered, without a mark. Requests for its contacts or segments answer 404; "
        "they are skipped and counted.",
        "If the scroll breaks off, it starts again and delivers no company twice. The state changes only when it is "
        "complete.",
    ),
    "company_attributes": ("Standard attributes have no `id`, so the key is `full_name`.",),
    "conversation_attachments": (
        "The link in `url` expires; Intercom documents 30 minutes. With the option `attachment_files` the stream "
        "delivers the files too.",
        "One request brings the parts and the attachments of a conversation, where both streams are in one sync. With "
        "the option `plain_text_bodies` each stream makes its own.",
    ),
    "company_segments": (
        "Every membership is delivered at each sync, in incremental mode too. A row that no longer comes is a "
        "membership that ended; a full refresh with overwrite shows current memberships only.",
        "An archived company can still show its segments.",
    ),
    "company_tags": (_removed("tags", "company"),),
    "contact_activities": (
        "Intercom does not document how far back the events reach. It also gives no events when it cannot read them at "
        "that moment. So an empty sync does not prove that nothing happened; the next sync asks from the same place.",
        "A [recipe](recipes.md#apply-deletions-of-contacts) shows how to remove deleted contacts from your tables.",
    ),
    "contact_attributes": ("Standard attributes have no `id`, so the key is `full_name`.",),
    "contact_companies": (
        _removed("links", "contact"),
        "This stream has all companies of a contact; the list inside `contacts` ends after ten.",
    ),
    "contact_event_summaries": (
        "Expensive: a million contacts cost a million requests at each sync, unless the option "
        "`events_all_contacts_every_days` is set.",
        "When a contact's events are asked for, all rows of the contact are delivered again: an event that arrives "
        "late changes `count`, but not `last`.",
        "Contacts that neither changed nor were seen after the start date are left out.",
    ),
    "contact_events": (
        "Intercom gives the events of the last 90 days only, so sync at least that often.",
        "Contacts that neither changed nor were seen after the start date are left out.",
        "Expensive: a million contacts cost a million requests at each sync, unless the option "
        "`events_all_contacts_every_days` is set.",
    ),
    "contact_merge_history": (
        "A contact that was merged into another one is in no other stream any more; its old rows stay in your tables.",
    ),
    "contact_notes": (
        "A note is delivered when its contact changes. The row of a deleted note stays.",
        "Notes that `filters.notes.ids` names cost one request each, at each sync.",
    ),
    "contact_segments": (
        "Every membership is delivered at each sync: Intercom does not report who joins or leaves a segment.",
    ),
    "contact_subscriptions": (_removed("choices", "contact"),),
    "contact_tags": (
        _removed("tags", "contact"),
        "`applied_at` and `applied_by` have values only for contacts with more than ten tags, because only Intercom's "
        "full list has them.",
    ),
    "contacts": (
        "Merged and deleted contacts are missing from Intercom's search; see `contact_merge_history` and "
        "`contact_activities`.",
        "Lists inside a contact end after ten items, and then `has_more` is true. The option `expand` completes them "
        "in this stream. The streams that are named after these lists, such as `contact_tags`, are always complete.",
        "Intercom's search finds whole days in the time zone of the workspace, so each sync reads at least the current "
        "day and delivers what belongs to it.",
    ),
    "content_import_sources": ("`id` is text here, although Intercom sends a number.",),
    "conversation_attributes": ("Two attributes can have the same name; the key is `id`.",),
    "conversation_contacts": (
        _removed("contacts", "conversation"),
        "The id can be that of a contact that was merged later; `contact_merge_history` leads to the current contact.",
    ),
    "conversation_linked_objects": (_removed("links", "conversation"),),
    "conversation_parts": (
        "Intercom gives the newest 500 parts of a conversation. The log names each conversation that has more, with "
        "both numbers; `conversation_total_parts` holds the true number. Parts that an earlier sync delivered stay in "
        "the table.",
        "A changed conversation delivers all its parts again, so a table in append mode holds a part many times.",
        "The message that began the conversation is not a part: it is `source` in `conversations`.",
        "The state holds the time of the conversations, not of the parts.",
    ),
    "conversation_tags": (_removed("tags", "conversation"),),
    "conversation_teammates": (_removed("teammates", "conversation"),),
    "conversations": (
        "Intercom's search leaves out messages that you sent and nobody answered, unless whoever sent them asked "
        "Intercom to create a conversation at once (`create_conversation_without_contact_reply`).",
        "Deleted conversations are missing; see `conversations_deleted`.",
    ),
    "conversations_deleted": (
        "The stream delivers the id and the time of each deletion. Delete the rows in your "
        "tables yourself ([recipe](recipes.md#apply-deletions)).",
    ),
    "counts": (
        "Counted: contacts by role, segment and tag, conversations by state, tickets by state. Each part needs its own "
        "permission. A part without its permission is left out, and the stream ends incomplete.",
        "The sum over segments or tags is no total, because a contact can be in many.",
    ),
    "custom_object_instances": (
        "Empty unless `custom_object_types` names the types. The log names a type that Intercom does not know.",
    ),
    "data_connector_execution_results": ("Intercom does not document how long it keeps results.",),
    "external_pages": ("Rows hold whole pages of HTML and can be large.",),
    "folders": (
        "`content_count` is the number at the time of the row. Intercom does not document whether new content changes "
        "a folder's `updated_at`; full comparisons (`reconcile_every_days`) bring the current numbers.",
    ),
    "macros": ("A macro that the owner of the token may not see can be missing.",),
    "newsfeed_items": ("Live items only.",),
    "segments": (
        "`count` is the size at the time of the row, and a row is delivered when somebody edits the segment. The "
        "stream `counts` has the current sizes.",
    ),
    "side_conversations": ("A side conversation is delivered when its conversation changes.",),
    "tags": ("Sync with overwrite to remove deleted tags.",),
    "team_metrics": (
        "Needs a workspace with real-time monitoring. Without it the stream ends incomplete and names the plan.",
        "The numbers are those of the moment of the sync. Use append mode to see how they change.",
    ),
    "teams": ("Sync with overwrite to remove deleted teams.",),
    "ticket_contacts": (_removed("contacts", "ticket"),),
    "ticket_parts": (
        "Intercom gives at most the 500 newest parts of a ticket.",
        "A part can be newer than the `updated_at` of its ticket, by which Intercom filters. So each incremental sync "
        "also looks for such parts in open tickets. The state holds the time of the ticket, `ticket_updated_at`.",
    ),
    "tickets": (
        "`id` is the key; `ticket_id` is the number that people see in the inbox.",
        "Deleted tickets are missing; Intercom does not report them.",
    ),
}
