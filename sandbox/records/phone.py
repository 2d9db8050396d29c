"""Calls and their transcripts."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll, wide
from ..world import World
from .conversations import contact_number
from .words import SENTENCES

ENDS = ("completed", "no_answer", "abandoned")


def conversation_of(ws: World, number: int) -> int | None:
    """The conversation a call belongs to; a few belong to none."""
    dice, total = roll(ws.seed, "calls", number), ws.laid_out("conversations")
    return wide(dice, 0) % total if total and dice[4] < 240 else None


def call(ws: World, number: int) -> Record:
    calls, conversation = ws.collection("calls"), conversation_of(ws, number)
    dice, name = roll(ws.seed, "calls", number), ws.collection("calls").id(number)
    contact = None if conversation is None else contact_number(ws, conversation)
    made = calls.created[number]
    answered = dice[5] < 190
    end = made + 30 + dice[6] * 5
    recorded = answered and dice[7] < 200
    return {
        "type": "call",
        "id": name,
        "conversation_id": None if conversation is None else ws.conversations.id(conversation),
        "admin_id": str(ws.admin_number(dice[8])) if answered else None,
        "contact_id": None if contact is None else ws.contacts.id(contact),
        "state": "completed" if answered else "missed",
        "initiated_at": made,
        **({"answered_at": made + 10} if answered else {}),
        "ended_at": end,
        "created_at": made,
        "updated_at": calls.updated[number],
        "recording_url": f"https://api.example.com/calls/{name}/recording" if recorded else None,
        "transcription_url": f"https://api.example.com/calls/{name}/transcript" if recorded else None,
        "call_type": "phone",
        "direction": "inbound" if dice[9] < 170 else "outbound",
        "ended_reason": ENDS[0] if answered else ENDS[1 + dice[10] % 2],
        "phone": f"+35312{dice[11]:03d}{dice[12]:03d}" if dice[13] < 230 else None,
        "fin_recording_url": f"https://api.example.com/calls/{name}/fin_recording" if dice[14] < 20 else None,
        "fin_transcription_url": f"https://api.example.com/calls/{name}/fin_transcript" if dice[14] < 20 else None,
    }


def with_transcript(ws: World, number: int) -> Record:
    """A call as `POST /calls/search` shows it; without a recording the transcript is empty."""
    record = call(ws, number)
    dice = roll(ws.seed, "transcripts", number)
    said = [{"speaker": ("user", "admin")[at % 2], "text": SENTENCES[dice[at] % len(SENTENCES)], "timestamp": at * 9}
            for at in range(1 + dice[0] % 8)]  # fmt: skip
    heard = record["transcription_url"] is not None
    return {**record, "transcript": said if heard else [], "transcript_status": "completed" if heard else None}
