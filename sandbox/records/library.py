"""What articles are made with: folders that they lie in, and pieces of content that several of them show."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .words import SENTENCES, SUBJECTS

LOCALES = ("en", "de", "fr")


def folder(ws: World, number: int) -> Record:
    """A folder as the list shows it: keys without a value are left out. Its ids are numbers."""
    folders = ws.collection("folders")
    dice, version = roll(ws.seed, "folders", number), folders.version(number)
    inner = number > 0 and dice[0] < 130
    record: Record = {
        "id": int(folders.id(number)),
        "name": f"{SUBJECTS[dice[1] % len(SUBJECTS)]} {number}" + (f" (rev {version})" if version else ""),
        "content_count": dice[2] % 40,
        "created_at": folders.created[number],
        "updated_at": folders.updated[number],
    }
    if dice[3] < 150:
        record["description"] = SENTENCES[dice[4] % len(SENTENCES)]
    if dice[5] < 120:
        record["emoji"] = "📚"
    if inner:
        record["parent_folder_id"] = int(folders.id(dice[6] % number))
    return record


def dynamic_content(ws: World, number: int) -> Record:
    """A piece of content with a variation for each language: a short value, or blocks."""
    contents = ws.collection("dynamic_contents")
    dice, version = roll(ws.seed, "dynamic_contents", number), contents.version(number)
    created, updated = contents.created[number], contents.updated[number]
    inline, brands = dice[0] < 150, ws.laid_out("brands")
    said = SENTENCES[dice[1] % len(SENTENCES)] + (f" (rev {version})" if version else "")
    variations = [
        {
            "type": "dynamic_content_variation",
            "id": str(int(contents.id(number)) * 10 + at),
            "locale": locale,
            "brand_id": ws.collection("brands").id(dice[3 + at] % brands) if brands and dice[6 + at] < 60 else None,
            "text_content": f"{said} [{locale}]" if inline else None,
            "json_blocks": None if inline else [{"type": "paragraph", "text": f"{said} [{locale}]"}],
            "intentionally_empty": False,
            "created_at": created,
            "updated_at": updated,
        }
        for at, locale in enumerate(LOCALES[: 1 + dice[2] % len(LOCALES)])
    ]
    return {
        "type": "dynamic_content",
        "id": contents.id(number),
        "name": f"Terms &amp; conditions {number}" if dice[9] < 60 else f"Content {number}",
        "key": f"content-{number}",
        "content_type": "inline" if inline else "block",
        "default_locale": "en",
        "variations": variations,
        "created_at": created,
        "updated_at": updated,
    }
