"""Data attributes: the standard ones have no id and no times, the custom ones have both."""

from __future__ import annotations

from ..collection import Record
from ..world import World

STANDARD: dict[str, tuple[tuple[str, str, str], ...]] = {
    "contact": (
        ("id", "ID", "string"), ("external_id", "User ID", "string"), ("name", "Name", "string"),
        ("email", "Email", "string"), ("phone", "Phone", "string"), ("role", "Type", "string"),
        ("created_at", "Created", "date"), ("updated_at", "Updated", "date"), ("last_seen_at", "Last seen", "date"),
        ("owner_id", "Owner", "integer"), ("location.city", "City", "string"),
        ("unsubscribed_from_emails", "Unsubscribed from emails", "boolean"),
    ),
    "company": (
        ("name", "Company name", "string"), ("company_id", "Company ID", "string"),
        ("last_request_at", "Company last seen", "date"), ("remote_created_at", "Company created at", "date"),
        ("user_count", "People", "integer"), ("session_count", "Company web sessions", "integer"),
        ("plan.name", "Plan", "string"), ("monthly_spend", "Monthly spend", "float"),
        ("name", "Tag name", "string"),
    ),
    "conversation": (("title", "Title", "string"), ("state", "State", "string")),
}  # fmt: skip

CUSTOM: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "contact": (
        ("logins", "integer", False), ("plan", "string", False), ("paid subscriber", "boolean", False),
        ("score", "float", False), ("birthday_at", "date", False), ("renewal_at", "date", False),
        ("nickname", "string", False), ("fax", "string", True),
    ),
    "company": (("tier", "string", False), ("seats", "integer", False), ("trial", "boolean", False),
                ("old_tier", "string", True)),
    "conversation": (("Issue", "string", False), ("Urgent", "boolean", False)),
}  # fmt: skip
"""Name, type, archived. Contact search accepts the contact ones as `custom_attributes.{name}`."""


def attributes(ws: World, model: str, include_archived: bool) -> list[Record]:
    """`GET /data_attributes?model=…`."""
    found: list[Record] = []
    for at, (path, label, kind) in enumerate(STANDARD[model]):
        # The second "name" of a company belongs to its tags: names repeat, full names do not.
        full_name = "tags.name" if label == "Tag name" else path
        found.append({
            "type": "data_attribute", "name": path.rpartition(".")[2], "full_name": full_name, "label": label,
            "description": f"Standard attribute {at + 1} of a {model}", "data_type": kind,
            "api_writable": at > 1, "ui_writable": False, "messenger_writable": at > 2, "custom": False,
            "archived": False, "model": model,
        })  # fmt: skip
    base = 9_000_000 + 1_000 * sorted(CUSTOM).index(model)
    for at, (name, kind, archived) in enumerate(CUSTOM[model]):
        if archived and not include_archived:
            continue
        record: Record = {
            "type": "data_attribute", "id": base + at, "name": name, "full_name": f"custom_attributes.{name}",
            "label": name, "description": "", "data_type": kind, "api_writable": True, "ui_writable": True,
            "messenger_writable": True, "custom": True, "archived": archived, "model": model,
            "created_at": ws.began + at * 3_600, "updated_at": ws.began + at * 7_200,
            "admin_id": str(ws.admin_number(at)),
        }  # fmt: skip
        if name == "plan":
            record["options"] = ["Free", "Starter", "Growth", "Enterprise"]
        found.append(record)
    return found
