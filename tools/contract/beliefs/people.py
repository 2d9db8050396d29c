"""Contacts and what hangs on them."""

from __future__ import annotations

from itertools import pairwise

from source_intercom.api.errors import RecordGone, RequestRefused
from source_intercom.api.figures import records_in
from source_intercom.api.paths import path_of
from source_intercom.api.queries import equals, search_body
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.searches import CONTACTS, any_of, nested, newest, objects, search, some, time_of
from tools.contract.workspace import NEWER, Refused, Workspace

_FEW = 4
_LISTS = ("tags", "notes", "companies")
_A_MINUTE = 60
_MOST_USERS = 10


def _avatar(ws: Workspace) -> Answer:
    avatars = [contact["avatar"] for contact in newest(ws, CONTACTS).records if contact.get("avatar") is not None]
    if not avatars:
        return not_seen("no contact has an avatar")
    texts = sum(isinstance(avatar, str) for avatar in avatars)
    return told(not texts, unless=f"{texts} of {len(avatars)} are text")


def _ten(ws: Workspace) -> Answer:
    held = [
        (len(nested(contact, name, "data")), contact[name])
        for contact in newest(ws, CONTACTS).records
        for name in _LISTS
        if isinstance(contact.get(name), dict)
    ]
    long = [length for length, inner in held if inner.get("has_more") or length >= 10]
    if not long:
        return not_seen("no contact has more than nine tags, notes or companies")
    beyond = [length for length in long if length > 10]
    untold = [
        length for length, inner in held if (inner.get("total_count") or 0) > length and not inner.get("has_more")
    ]
    if beyond or untold:
        return no(f"{len(beyond)} lists are longer, {len(untold)} are cut without a word")
    return yes()


def _no_notes(ws: Workspace) -> Answer:
    """Contacts whose record says that they have no notes."""
    without = [
        contact
        for contact in newest(ws, CONTACTS).records
        if isinstance(contact.get("notes"), dict)
        and not (contact["notes"].get("data") or contact["notes"].get("total_count"))
    ]
    if not without:
        return not_seen("every contact has notes")
    for contact in without[:2]:
        if records_in(ws.get(path_of("/contacts/{id}/notes", id=contact["id"])), "data"):
            return no("there are notes all the same")
    return yes()


def _quiet_tags(ws: Workspace) -> Answer:
    """Tags that were added later than their contact's last change."""
    tagged = [contact for contact in newest(ws, CONTACTS).records if nested(contact, "tags", "data")]
    asked = quiet = 0
    for contact in tagged[:_FEW]:
        tags = records_in(ws.get(path_of("/contacts/{id}/tags", id=contact["id"])), "data")
        applied = [time for tag in tags if isinstance(tag, dict) and (time := seconds_of(tag.get("applied_at")))]
        changed = time_of(contact)
        if applied and changed is not None:
            asked += 1
            quiet += max(applied) > changed + _A_MINUTE
    if not asked:
        return not_seen("no contact has tags that tell since when")
    return told(not quiet, unless=f"not for {quiet} of {asked} contacts")


def _users(ws: Workspace) -> list[Record]:
    return [contact for contact in some(ws, CONTACTS) if contact.get("role") == "user"]


def _merge_key(ws: Workspace) -> Answer:
    """Of users among the first fifteen contacts, in the version that has merges."""
    if not _users(ws):
        return not_seen("no user among the contacts that changed last")
    records = _with_merges(ws)
    users = [contact for contact in records if contact.get("role") == "user"]
    shown = sum("merge_history" in contact for contact in users)
    return told(bool(shown), f"in {shown} of {len(users)} users")


def _with_merges(ws: Workspace) -> list[Record]:
    body = search_body(any_of(some(ws, CONTACTS)), "updated_at", 150, None)
    answer = ws.post("/contacts/search?include_merge_history=true", body, version=NEWER)
    return objects(records_in(answer, "data"))


def _merge_call(ws: Workspace) -> Answer:
    users = _users(ws)
    if not users:
        return not_seen("no user among the contacts that changed last")
    try:
        ws.get(path_of("/contacts/{id}/merge_history", id=users[0]["id"]), version=NEWER)
    except Refused as refusal:
        if isinstance(refusal.cause, (RecordGone, RequestRefused)):
            return no(refusal.words)
        raise
    return yes()


def _merged_hidden(ws: Workspace) -> Answer:
    for contact in _with_merges(ws):
        for merge in nested(contact, "merge_history", "data"):
            source = merge.get("source_contact_id") if isinstance(merge, dict) else None
            if source:
                return told(not search(ws, CONTACTS, equals("id", source)).records)
    return not_seen("no contact was merged into one that changed lately")


def _lists(ws: Workspace) -> Answer:
    """The companies of a contact stand under one of two keys."""
    for contact in newest(ws, CONTACTS).records:
        if nested(contact, "companies", "data"):
            answer = ws.get(path_of("/contacts/{id}/companies", id=contact["id"]))
            where = next((key for key in ("data", "companies") if isinstance(answer.get(key), list)), None)
            return no("under neither") if where is None else yes(f"under {where}")
    return not_seen("no contact has a company")


def _events_order(ws: Workspace) -> Answer:
    users = [contact for contact in newest(ws, CONTACTS).records if contact.get("role") == "user"]
    users.sort(key=lambda user: time_of(user, "last_seen_at") or 0, reverse=True)
    for user in users[:_MOST_USERS]:
        asked = {"type": "user", "intercom_user_id": user["id"], "per_page": 50}
        events = objects(records_in(ws.get("/events", asked), "events"))
        times = [time for event in events if (time := seconds_of(event.get("created_at"))) is not None]
        if len(set(times)) > 1:
            return told(all(one >= two for one, two in pairwise(times)))
    return not_seen(f"none of the {_MOST_USERS} users who were seen last has several events")


def _events_late(_: Workspace) -> Answer:
    return not_seen("an event does not say when it arrived")


def _contacts_gone(_: Workspace) -> Answer:
    return not_seen("what is deleted is nowhere, so one look cannot tell")


BELIEFS = (
    Belief("contact-avatar", "Is the avatar of a contact an object?", "either",
           "It is delivered as it is.", "Text becomes `{\"type\": \"avatar\", \"image_url\": …}`.", "contact-avatar",
           _avatar),
    Belief("contact-lists-ten", "Do lists inside a contact end at ten, and say so?", "yes",
           "The streams ask for the whole list where `has_more` is true.",
           "A longer list is delivered completely. If a list is cut and does not say so, items are missing: please "
           "report it.",
           "list-nested-ten", _ten),
    Belief("contact-notes-told", "Has a contact no notes if its record shows none?", "yes",
           "It is not asked for notes.", "Notes are missed: please report it.", "contact-notes", _no_notes),
    Belief("contact-companies-key", "Are the companies of a contact under `data` or `companies`?", "yes",
           "It looks in both places.", "The stream ends incomplete.", "list-keys", _lists),
    Belief("contact-time-moves", "Does adding a tag change the contact's `updated_at`?", "either",
           "An incremental sync brings it.",
           "It comes with the next full comparison (`reconcile_every_days`).", "conflict-contact-time", _quiet_tags),
    Belief("contact-deleted", "Does a deleted contact leave the search at once?", "either",
           "A full comparison (`reconcile_every_days`) shows which rows no longer come.",
           "It is delivered as long as the search gives it.", "search-merged", _contacts_gone),
    Belief("merge-history-key", "Do users show `merge_history` when asked for it?", "yes",
           "`contact_merge_history` takes it from the search.",
           "It asks for the merges of each contact, because a missing key does not mean an empty list.",
           "contact-merge-history", _merge_key),
    Belief("merge-history-call", "Does `GET /contacts/{id}/merge_history` answer for a user?", "yes",
           "It completes what the search cuts or lacks.", "The stream ends incomplete with Intercom's words.",
           "contact-merge-history", _merge_call),
    Belief("merged-hidden", "Are merged contacts left out of the search?", "yes",
           "Their old rows stay; `contact_merge_history` leads to the contact that is left.",
           "They are delivered as contacts.", "search-merged", _merged_hidden),
    Belief("events-order", "Do the events of a contact come newest first?", "yes",
           "Reading stops at the last sync, less `events_lookback_days`.",
           "Events that come after an older page are missed: please report it.", "events-90-days", _events_order),
    Belief("events-late", "Can an event arrive some time after it happened?", "either",
           "Events of the last `events_lookback_days` days are read again, and told apart by their key.",
           "The same: it costs a few calls.", "events-late", _events_late),
)  # fmt: skip
