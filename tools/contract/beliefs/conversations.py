"""Conversations, their parts and their calls."""

from __future__ import annotations

from source_intercom.api.errors import AccessDenied, RecordGone, RequestRefused
from source_intercom.api.figures import number_in, records_in
from source_intercom.api.paths import path_of
from source_intercom.shapes.coercion import Record
from source_intercom.streams.conversations import Calls
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.lists import list_of
from tools.contract.searches import CONVERSATIONS, TICKETS, nested, newest, objects
from tools.contract.workspace import Refused, Workspace

_FEW = 5
_MANY = 12
_MOST_PARTS = 500


def _sample(ws: Workspace) -> list[Record]:
    """Some conversations, evenly from those that changed last."""
    records = newest(ws, CONVERSATIONS).records
    step = max(1, len(records) // _FEW)
    return records[::step][:_FEW]


def _one(ws: Workspace, conversation: Record, **params: str) -> Record:
    return ws.get(path_of("/conversations/{id}", id=conversation["id"]), params)


def _by_id(ws: Workspace) -> Answer:
    asked = _sample(ws)
    if not asked:
        return not_seen("there are no conversations")
    refused: list[str] = []
    for conversation in asked:
        try:
            _one(ws, conversation)
        except Refused as refusal:
            if not isinstance(refusal.cause, (AccessDenied, RecordGone, RequestRefused)):
                raise
            refused.append(refusal.words)
    return told(not refused, unless=f"{len(refused)} of {len(asked)} are refused: {', '.join(sorted(set(refused)))}")


def _parts_told(conversation: Record) -> int | None:
    statistics = conversation.get("statistics")
    return number_in(statistics, "count_conversation_parts") if isinstance(statistics, dict) else None


def _parts_of(conversation: Record) -> tuple[int, int | None]:
    """How many parts came, and how many there are."""
    held = conversation.get("conversation_parts")
    total = number_in(held, "total_count") if isinstance(held, dict) else None
    return len(objects(nested(conversation, "conversation_parts", "conversation_parts"))), total


def _all_parts(ws: Workspace) -> Answer:
    told_of = [(count, one) for one in newest(ws, CONVERSATIONS).records if (count := _parts_told(one))]
    if not told_of:
        return not_seen("no conversation tells how many parts it has")
    _, longest = max(told_of, key=lambda each: each[0])
    came, total = _parts_of(_one(ws, longest))
    if total is None:
        return no("there is no total")
    return told(came in (total, _MOST_PARTS), f"{came} of {total}")


def _none(ws: Workspace) -> Answer:
    without = [one for one in newest(ws, CONVERSATIONS).records if _parts_told(one) == 0][:2]
    if not without:
        return not_seen("every conversation has parts")
    counts = [_parts_of(_one(ws, conversation)) for conversation in without]
    return told(not any(came or total for came, total in counts), unless="it has parts all the same")


def _plain(ws: Workspace) -> Answer:
    for conversation in _sample(ws):
        marked = _bodies(_one(ws, conversation))
        if any("<p>" in body for body in marked):
            plain = _bodies(_one(ws, conversation, display_as="plaintext"))
            return told(not any("<p>" in body for body in plain))
    return not_seen("no body has markup")


def _bodies(conversation: Record) -> list[str]:
    parts = objects(nested(conversation, "conversation_parts", "conversation_parts"))
    return [part["body"] for part in parts if isinstance(part.get("body"), str)]


def _tickets_shown(ws: Workspace) -> Answer:
    try:
        newest(ws, TICKETS)
    except Refused as refusal:
        if isinstance(refusal.cause, AccessDenied):
            return no(f"the token may not read tickets ({refusal.words})")
        raise
    return yes("the token may read tickets")


def _hidden(ws: Workspace) -> Answer:
    """Calls name their conversations, also those that lists and searches leave out."""
    if _tickets_shown(ws).word == "yes":
        return not_seen("the token may read tickets")
    named = sorted({str(one["conversation_id"]) for one in list_of(ws, Calls).objects if one.get("conversation_id")})
    if not named:
        return not_seen("there are no calls with a conversation")
    refused = 0
    for conversation in named[:_MANY]:
        try:
            ws.get(path_of("/conversations/{id}", id=conversation))
        except Refused as refusal:
            refused += isinstance(refusal.cause, AccessDenied)
    return told(bool(refused), f"{refused} of {min(len(named), _MANY)} conversations that calls name are refused")


def _transcripts(ws: Workspace) -> Answer:
    calls = list_of(ws, Calls).objects
    chosen = sorted({str(call["conversation_id"]) for call in calls if call.get("conversation_id")})[:20]
    if not chosen:
        return not_seen("there are no calls with a conversation")
    answer = ws.post("/calls/search", {"conversation_ids": chosen})
    came = {str(call.get("conversation_id")) for call in objects(records_in(answer, "data"))}
    return told(set(chosen) <= came, unless=f"those of {len(set(chosen) - came)} of {len(chosen)} are missing")


BELIEFS = (
    Belief("conversation-by-id", "Can conversations that the search gives be read by their ids?", "yes",
           "`conversation_parts` asks for each that changed.",
           "All others are read, the refused ones are named, and the stream ends incomplete, unless "
           "`skip_failed_conversations` leaves them out.", "search-poisoned-record", _by_id),
    Belief("conversation-parts", "Does a conversation bring all its parts, or its newest 500?", "yes",
           "A conversation with more than 500 is named with both numbers.",
           "Parts are missing, and the log says so with both numbers: please report it.", "conversation-parts-500",
           _all_parts),
    Belief("conversation-no-parts", "Has a conversation no parts if its statistics count none?", "either",
           "It is not asked for parts.", "Its parts are missed: please report it.", "unknown-part-count", _none),
    Belief("conversation-plaintext", "Does `display_as=plaintext` give bodies without markup?", "yes",
           "`plain_text_bodies` asks for it.", "Bodies keep their markup.", "conversation-plaintext", _plain),
    Belief("tickets-shown", "May this token read tickets?", "yes",
           "Nothing.", "Conversation streams warn that Intercom may leave out conversations that are tickets.",
           "permission-tickets-hide", _tickets_shown),
    Belief("tickets-hidden", "Are conversations that are tickets hidden from a token that may not read tickets?", "yes",
           "`check` and `read` name the permission, and a grant brings what was hidden.",
           "The same warning, though nothing is missing.", "permission-tickets-hide", _hidden),
    Belief("call-transcripts", "Does the search of calls give the calls of twenty conversations at once?", "yes",
           "`call_transcripts` asks so.", "Transcripts are missing; please report it.", "calls", _transcripts),
)  # fmt: skip
