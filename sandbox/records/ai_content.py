"""What AI answers from: import sources, their pages, snippets."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .words import SENTENCES, SUBJECTS, text


def _audiences(ws: World, dice: bytes, at: int) -> list[int]:
    audiences = ws.collection("audiences")
    return [int(audiences.id(number)) for number in range(min(ws.laid_out("audiences"), dice[at] % 3))]


def source(ws: World, number: int) -> Record:
    """An import source; its id is a number."""
    sources = ws.collection("content_import_sources")
    dice = roll(ws.seed, "content_import_sources", number)
    return {
        "id": int(sources.id(number)),
        "type": "content_import_source",
        "last_synced_at": sources.updated[number],
        "status": "active" if dice[0] < 200 else "deactivated",
        "url": f"https://support.example.com/us/{number}",
        "sync_behavior": ("api", "automatic", "manual")[dice[1] % 3],
        "created_at": sources.created[number],
        "updated_at": sources.updated[number],
        "audience_ids": _audiences(ws, dice, 2) if dice[3] < 200 else None,
    }


def page(ws: World, number: int) -> Record:
    pages, sources = ws.collection("external_pages"), ws.collection("content_import_sources")
    dice, version = roll(ws.seed, "external_pages", number), pages.version(number)
    usable, total = dice[0] < 200, max(1, ws.laid_out("content_import_sources"))
    return {
        "id": pages.id(number),
        "type": "external_page",
        "title": f"{SUBJECTS[dice[1] % len(SUBJECTS)]} {number}" + (f" (rev {version})" if version else ""),
        "html": f"<h1>{number}</h1>{text(dice, 2)}",
        "url": f"https://support.example.com/us/{number}",
        "ai_agent_availability": usable,
        "ai_copilot_availability": dice[6] < 200,
        "ai_sales_agent_availability": dice[7] < 60,
        "fin_availability": usable,
        "locale": "en",
        "source_id": int(sources.ids.make(0, dice[8] % total)),
        "external_id": str(number),
        "created_at": pages.created[number],
        "updated_at": pages.updated[number],
        "last_ingested_at": pages.updated[number],
    }


def snippet(ws: World, number: int) -> Record:
    snippets = ws.collection("content_snippets")
    dice, version = roll(ws.seed, "content_snippets", number), snippets.version(number)
    said = SENTENCES[dice[0] % len(SENTENCES)] + (f" (rev {version})" if version else "")
    chatbot, copilot = dice[1] < 200, dice[2] < 200
    return {
        "type": "content_snippet",
        "id": snippets.id(number),
        "title": f"Snippet {number}" if dice[3] < 220 else None,
        "locale": "en",
        "json_blocks": [{"type": "paragraph", "text": said}],
        "body_markdown": f"{said}\n" if dice[4] < 230 else None,
        "chatbot_availability": int(chatbot),
        "copilot_availability": int(copilot),
        "ai_chatbot_availability": chatbot,
        "ai_copilot_availability": copilot,
        "ai_sales_agent_availability": dice[5] < 60,
        "created_at": snippets.created[number],
        "updated_at": snippets.updated[number],
        "audience_ids": _audiences(ws, dice, 6) if dice[7] < 200 else None,
    }
